"""How the fields of a case come together, and which number a message names."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated

import pydantic
import pytest

from remit.domain.money import Money
from remit.intake.fields import (
    CardNumber,
    Date,
    Email,
    Iban,
    Identifier,
    Instant,
    Kind,
    PersonName,
    Phone,
    Private,
    Stated,
    private_paths,
    specs_of,
)
from remit.intake.normalise import (
    NormaliseContext,
    Normalised,
    normalise_case,
    normalise_money,
)
from remit.intake.quarantine import Offer, QuarantineItem, ReasonCode, items, release_fields

CONTEXT = NormaliseContext(received_at=datetime(2025, 3, 4, tzinfo=UTC))
OrderNumber = Annotated[
    str, Identifier(pattern=r"\d{4,15}", words=("order", "purchase"), found_in="message")
]


class RefundRequest(pydantic.BaseModel):
    message: str
    order_id: OrderNumber | None = None
    sender: Email | None
    total: Money | None = None
    due: Date | None = None
    items: int = 0


class Claim(pydantic.BaseModel):
    message: str
    claimed: Annotated[Money | None, Stated(found_in="message")] = None


class Contact(pydantic.BaseModel):
    email: Email
    phone: Phone | None = None
    note: Annotated[str, Private()] = ""


class Order(pydantic.BaseModel):
    id: str
    buyer: Contact
    others: list[Contact] = []
    by_role: dict[str, Contact] = {}
    iban: Iban | None = None
    card: CardNumber | None = None
    name: PersonName | None = None
    at: Instant | None = None


def read(message: str, **rest: object) -> Normalised:
    raw = {"message": message, "sender": "anna@example.org", **rest}
    return normalise_case(specs_of(RefundRequest), raw, CONTEXT)


def test_specs_say_kind_need_and_marker_of_each_field() -> None:
    specs = [(one.name, one.kind, one.required) for one in specs_of(RefundRequest)]

    assert specs == [
        ("message", Kind.TEXT, True),
        ("order_id", Kind.IDENTIFIER, False),
        ("sender", Kind.EMAIL, False),
        ("total", Kind.MONEY, False),
        ("due", Kind.DATE, False),
        ("items", Kind.RECORD, False),
    ]


def test_private_leaves_are_found_through_models_lists_and_mappings() -> None:
    assert private_paths(Order) == {
        "buyer.email": "EMAIL",
        "buyer.phone": "PHONE",
        "buyer.note": "PRIVATE",
        "others.*.email": "EMAIL",
        "others.*.phone": "PHONE",
        "others.*.note": "PRIVATE",
        "by_role.*.email": "EMAIL",
        "by_role.*.phone": "PHONE",
        "by_role.*.note": "PRIVATE",
        "iban": "IBAN",
        "card": "CARD",
        "name": "PERSON",
    }


def test_a_private_type_takes_a_value_or_a_token_of_its_own_type() -> None:
    assert Contact(email="Anna@EXAMPLE.org").email == "Anna@example.org"
    assert Contact(email="EMAIL_7K3QX2MD", phone="PHONE_7K3QX2MD").phone == "PHONE_7K3QX2MD"
    with pytest.raises(pydantic.ValidationError, match="not an e-mail address"):
        Contact(email="PHONE_7K3QX2MD")


def test_a_case_holds_its_canonical_values() -> None:
    case = read("Order 12345, please", total="19,99 EUR", due="2025-03-10", items=2)

    assert not case.quarantined
    assert case.values() == {
        "message": "Order 12345, please",
        "order_id": "12345",
        "sender": "anna@example.org",
        "total": {"amount": "19.99", "currency": "EUR"},
        "due": "2025-03-10",
        "items": 2,
    }
    assert RefundRequest.model_validate(case.values()).due == date(2025, 3, 10)


def test_an_optional_field_without_a_reading_is_absent_and_listed() -> None:
    case = read("hello", due="03/04/2025", sender="nobody")

    assert not case.quarantined
    assert [one.code for one in case.reasons] == ["email.syntax", "date.order_ambiguous"]
    assert case.values()["due"] is None
    assert case.outcomes()["due"] == "absent"


def test_a_required_field_without_a_reading_quarantines_the_case() -> None:
    case = normalise_case(specs_of(RefundRequest), {"message": " "}, CONTEXT)

    assert case.quarantined
    assert [one.code for one in case.reasons] == ["field.missing"]


def test_keys_that_no_field_declares_are_named() -> None:
    assert read("hello", colour="red").ignored == ("colour",)


def test_a_structured_field_keeps_exact_numbers_and_refuses_what_has_no_form() -> None:
    specs = specs_of(Order)
    raw: dict[str, object] = {"id": "o-1", "buyer": {"rate": 1.10, "tags": ["a", 2]}}

    assert normalise_case(specs, raw, CONTEXT).values()["buyer"] == {
        "rate": "1.1",
        "tags": ["a", 2],
    }
    for broken in (float("nan"), {1, object}, "a\x00b", {"deep": "\ud800"}):
        case = normalise_case(specs, {"id": "o-1", "buyer": broken}, CONTEXT)
        assert case.fields["buyer"].reason is not None
        assert case.quarantined


def test_text_that_is_too_long_is_refused() -> None:
    assert [one.code for one in read("x" * 65_537).reasons] == ["field.too_long"]


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("my order 12345 is late", "12345"),
        ("Order number: 12345", "12345"),
        ("orders no. 12345", "12345"),
        ("about #12345!", "12345"),
        ("order ١٢٣٤٥", "١٢٣٤٥"),
        ("order 12345 from 2024", "12345"),
        ("paid 2024 EUR for order 12345", "12345"),
        ("order 12345 cost €99999", "12345"),
        ("order 12345. Again: order 12345", "12345"),
        ("order 12345\n\nOn Tue, 4 Mar 2025 Bob wrote:\n> order 99999", "12345"),
        ("order 12345\n> order 99999", "12345"),
        ("order 12345\n-----Original Message-----\norder 99999", "12345"),
        ("order 12345\nVon: Bob\nGesendet: heute\norder 99999", "12345"),
        ("call me at 4930901820", None),
        ("it arrived on 04.03.2025", None),
        ("12345", None),
        ("order soon, I will wait for a reply until then 12345", None),
        ("order 2025-03-04", None),
        ("order +4930901820", None),
    ],
)
def test_a_message_names_an_order_only_behind_its_word(message: str, number: str | None) -> None:
    expected = None if number is None else "12345"

    assert read(message).fields["order_id"].value == expected


def test_two_numbers_are_none() -> None:
    field = read("order 12345 or maybe order 67890").fields["order_id"]

    assert field.reason is not None
    assert (field.reason.code, field.reason.candidates) == ("id.several", ("12345", "67890"))


def test_a_given_number_is_not_searched_for() -> None:
    assert read("order 12345", order_id="77777").fields["order_id"].value == "77777"


def test_an_item_in_quarantine_shows_masked_content_only() -> None:
    case = read("hello", sender="a@x.com, b@x.com")
    shown = items(
        case,
        {"sender": "a@x.com, b@x.com"},
        specs=specs_of(RefundRequest),
        context=CONTEXT,
        mask=lambda text, kind: f"<{kind}:{len(text)}>" if text else "",
    )

    assert shown == (
        QuarantineItem(
            field="sender",
            code=ReasonCode.EMAIL_SEVERAL,
            sentence="<None:38>",
            offers=(Offer(shown="<EMAIL:7>", says="at x.com"),) * 2,
            excerpt="<EMAIL:16>",
        ),
    )


def test_corrections_go_over_the_raw_which_stays_as_it_came() -> None:
    raw = {"message": "hello", "due": "03/04/2025"}

    assert release_fields(raw, {"due": "2025-04-03"}) == {
        "message": "hello",
        "due": "2025-04-03",
    }
    assert raw["due"] == "03/04/2025"


@pytest.mark.parametrize(
    ("message", "claimed"),
    [
        ("Please refund 16,95 € for the bag of order 1025.", "16.95 EUR"),
        ("It was EUR 22,00, I paid 22.00 EUR.", "22.00 EUR"),
        ("I want 84.95 EUR back; 2 poles are bent since 9.11.2026.", "84.95 EUR"),
        ("I paid £5 for it", "5.00 GBP"),
        (
            "I want 25.00 EUR.\n\nOn Fri, 20 Nov 2026, Shop wrote:\n> You paid 75.00 EUR.",
            "25.00 EUR",
        ),
    ],
)
def test_the_only_amount_of_the_senders_own_words_is_what_they_claim(
    message: str, claimed: str
) -> None:
    british = replace(CONTEXT, country="GB")
    field = normalise_case(specs_of(Claim), {"message": message}, british).fields["claimed"]

    assert field.value == Money.of(claimed)
    assert "stated_in_text" in {one.code for one in field.assumptions}
    assert field.raw_span is not None
    span = message[field.raw_span.start : field.raw_span.end]
    assert normalise_money(span, british).value == field.value


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("I paid 34.95 EUR and want 20 EUR back", "amount.several"),
        ("You owe me 1.490 EUR or so", "amount.separator_ambiguous"),
        ("I paid 30 kr", "currency.ambiguous"),
        ("I paid 30 kr, or 5 EUR", "amount.several"),
        ("order 1025, card 4111 1111 1111 1111, 30 days, at 10:12", None),
        ("the size is 42.", None),
    ],
)
def test_what_could_be_two_amounts_or_none_is_not_claimed_and_holds_nothing_up(
    message: str, code: str | None
) -> None:
    given = {"message": message}
    read = normalise_case(specs_of(Claim), given, CONTEXT)
    field = read.fields["claimed"]

    assert field.value is None
    assert (field.reason.code.value if field.reason else None) == code
    assert not read.doubtful(given)


def test_a_form_that_gives_the_amount_is_not_overruled_by_the_text() -> None:
    given = {"message": "I want 20 EUR back", "claimed": "15 EUR"}
    assert normalise_case(specs_of(Claim), given, CONTEXT).values()["claimed"] == {
        "amount": "15.00", "currency": "EUR",
    }  # fmt: skip
