"""What stands in for a token is taken by real validators, is nobody's, and comes back as it."""

import ipaddress
import re
from random import Random
from typing import Annotated, Any

import phonenumbers
import pytest
from email_validator import validate_email
from pydantic import AfterValidator, AnyUrl, BaseModel, Field, TypeAdapter, ValidationError
from pydantic.networks import EmailStr
from stdnum.iso7064 import mod_97_10

from remit.domain.value import Json
from remit.intake import tokens
from remit.intake.detect import find
from remit.intake.mask import Masker, open_scope
from remit.intake.reserved import surrogates_for
from remit.intake.surrogates import Surrogates

VALUES = {
    "EMAIL": "anna.lindqvist@example.org", "PHONE": "+4930901820", "IPADDR": "81.2.69.142",
    "IBAN": "DE89370400440532013000", "URL": "https://shop.example/anna?key=1",
    "CARD": "4111111111111111", "PERSON": "Anna Lindqvist",
}  # fmt: skip


def _phone(text: str) -> str:
    """As libraries do: any valid number, written their own way."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise ValueError("no number") from error
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no valid number")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.RFC3966)


def _iban(text: str) -> str:
    mod_97_10.validate(text[4:] + text[:4])
    if not re.fullmatch(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", text):
        raise ValueError("no account")
    return text


Email = EmailStr
Phone = Annotated[str, AfterValidator(_phone)]
Iban = Annotated[str, AfterValidator(_iban)]
Ip4 = Annotated[str, AfterValidator(lambda text: str(ipaddress.IPv4Address(text)))]
Ip6 = Annotated[str, AfterValidator(lambda text: str(ipaddress.IPv6Address(text)))]
Url = Annotated[str, AfterValidator(lambda text: str(AnyUrl(text)))]
Mail = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+\.[a-z]+$", max_length=40)]
TYPES = [
    ("EMAIL", Email), ("EMAIL", Mail), ("PHONE", Phone), ("IPADDR", Ip4), ("IPADDR", Ip6),
    ("IBAN", Iban), ("URL", Url),
]  # fmt: skip


@pytest.fixture
def masker() -> Masker:
    return open_scope(
        "case", root_key=b"k" * 32, check_key=b"c" * 32, rows=[], random_bytes=Random(1).randbytes
    )[0]


@pytest.mark.parametrize(("kind", "declared"), TYPES)
def test_a_type_that_refuses_a_token_is_given_one_of_its_kind_that_comes_back(
    masker: Masker, kind: str, declared: Any
) -> None:
    token, adapter = masker.mask_value(kind, VALUES[kind]), TypeAdapter[str](declared)
    with pytest.raises(ValidationError):
        adapter.validate_python(token)

    value = masker.surrogates.fitted(adapter.validate_python, token)

    assert value not in {token, VALUES[kind]}
    assert masker.mask_json({"to": value}, trusted_tokens=True) == {"to": token}
    said = f"Write to {value}, or to <{value.upper()}>."
    assert (
        masker.mask_text(said, trusted_tokens=True).text == f"Write to {token}, or to <{token}>."
    )


def test_what_takes_a_token_is_given_it(masker: Masker) -> None:
    token = masker.mask_value("EMAIL", VALUES["EMAIL"])
    assert masker.surrogates.fitted(TypeAdapter(str).validate_python, token) == token


@pytest.mark.parametrize(
    ("kind", "declared"),
    [
        ("CARD", Annotated[str, Field(pattern=r"^\d{16}$")]),
        ("PERSON", Annotated[str, Field(pattern=r"^[A-Z][a-z]+ [A-Z][a-z]+$")]),
        ("EMAIL", Annotated[str, Field(max_length=5)]), ("EMAIL", int),
    ],
)  # fmt: skip
def test_where_nothing_fits_the_refusal_stays_and_holds_no_value(
    masker: Masker, kind: str, declared: Any
) -> None:
    token = masker.mask_value(kind, VALUES[kind])
    with pytest.raises(ValidationError) as told:
        masker.surrogates.fitted(TypeAdapter(declared).validate_python, token)
    assert VALUES[kind] not in str(told.value)


@pytest.mark.parametrize("written", ["EMAIL_7K3QX2MD", "nobody"])
def test_what_is_no_token_of_the_case_is_given_nothing(masker: Masker, written: str) -> None:
    with pytest.raises(ValidationError):
        masker.surrogates.fitted(TypeAdapter(Email).validate_python, written)


def test_only_the_leaves_that_are_refused_are_exchanged(masker: Masker) -> None:
    class Contact(BaseModel):
        address: Email
        named: str
        others: list[Email] = []

    address, named = (
        masker.mask_value("EMAIL", VALUES["EMAIL"]),
        masker.mask_value("EMAIL", "b@c.de"),
    )
    given: Json = {"address": address, "named": named, "others": [named]}

    made = masker.surrogates.fitted(Contact.model_validate, given)

    assert {made.address, made.named, *made.others}.isdisjoint({address, *VALUES.values()})
    assert made.address != made.others[0]
    assert masker.mask_json(made.model_dump(), trusted_tokens=True) == given


def test_the_same_token_is_given_the_same_in_every_run() -> None:
    for kind, declared in TYPES:
        token = f"{kind}_7K3QX2MD"
        given = {
            Surrogates(tokens.is_token).fitted(TypeAdapter[str](declared).validate_python, token)
            for _ in range(3)
        }
        assert len(given) == 1


def test_no_two_tokens_are_given_the_same_and_a_used_up_range_gives_nothing(
    masker: Masker,
) -> None:
    adapter = TypeAdapter[str](Ip4)
    made = [masker.mask_value("IPADDR", f"10.{n // 200}.{n % 200}.7") for n in range(763)]
    given = [masker.surrogates.fitted(adapter.validate_python, token) for token in made[:762]]
    assert len(set(given)) == 762
    with pytest.raises(ValidationError):
        masker.surrogates.fitted(adapter.validate_python, made[-1])
    assert masker.surrogates.fitted(TypeAdapter[str](Ip6).validate_python, made[-1])
    assert [masker.surrogates.settled(one) for one in given] == made[:762]


@pytest.mark.parametrize("kind", ["EMAIL", "PHONE", "IPADDR", "URL"])
def test_a_sender_who_writes_one_is_masked_like_anybody(masker: Masker, kind: str) -> None:
    """Nobody steers a value out by writing what stands in for it."""
    token = masker.mask_value(kind, VALUES[kind])
    adapters = [TypeAdapter[str](declared) for name, declared in TYPES if name == kind]
    for adapter in adapters:
        surrogate = masker.surrogates.fitted(adapter.validate_python, token)
        for form in next(forms for forms in surrogates_for(token) if surrogate in forms):
            masked = masker.mask_text(f"write to {form} or call {form}", label="").text
            assert form not in masked
            assert token not in masked


def test_numbers_that_stand_in_are_found_like_real_ones(masker: Masker) -> None:
    for forms in Random(1).sample([*surrogates_for("PHONE_7K3QX2MD")], 200):
        for form in forms[:3]:
            (found,) = find(f"call {form} today")
            assert found.type == "PHONE"
    for (form,) in surrogates_for("IPADDR_7K3QX2MD"):
        assert [one.type for one in find(f"from {form} today")] == ["IPADDR"]


def test_what_stands_in_looks_like_the_library_says() -> None:
    areas = {forms[0][2:5] for forms in surrogates_for("PHONE_7K3QX2MD")}
    assert len(areas) > 400
    for forms in Random(1).sample([*surrogates_for("PHONE_7K3QX2MD")], 200):
        number = phonenumbers.parse(forms[0], None)
        written = [phonenumbers.format_number(number, one) for one in (0, 3, 1, 2)]
        assert tuple(written) == forms
    address = "7k3qx2md@pii.example"
    assert validate_email(address, check_deliverability=False).normalized == address
