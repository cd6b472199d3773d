"""Content may not carry a stranger's link, address or account."""

from dataclasses import replace

import pytest

from remit.authoring.source import Source
from remit.domain.action import ActionSpec, Integrity, ParamSpec, Proof, Risk, Witness
from remit.domain.value import Json, canonical
from remit.policy.sources import content_findings, prove

SPEC = ActionSpec(
    workflow="refund-desk",
    name="send_reply",
    risk=Risk.LOW,
    params=(
        ParamSpec(name="to", type="text", source=Source.case("sender").tree),
        ParamSpec(name="site", type="text", source=Source.literal("https://shop.example").tree),
        ParamSpec(name="text", type="text", source=Source.any().tree),
    ),
    says="Reply",
    undo=None,
    irreversible=True,
    on=None,
)
IBAN = "DE89 3704 0044 0532 0130 00"


def _findings(text: Json, *witnesses: Witness) -> tuple[str, ...]:
    return content_findings(
        SPEC, {"text": canonical(text), "to": canonical("x@y.example")}, witnesses
    )


def _witness(form: Json, integrity: Integrity = Integrity.VOUCHED) -> Witness:
    return Witness(
        seq=4,
        tool="get_order",
        record="1007",
        path="tracking",
        element=0,
        type="text",
        form=form,
        integrity=integrity,
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Pay at https://evil.example/x now", "a link"),
        ("see www.evil.example", "a link"),
        ("see evil.example/pay", "a link"),
        ("javascript://alert", "a link"),
        ("write to eve@evil.example.", "an address"),
        (f"Money goes to {IBAN} and thanks", "an account"),
        (f"iban:{IBAN.replace(' ', '').lower()}", "an account"),
        (f"{IBAN.replace(' ', '-')}", "an account"),
        (["fine", {"deep": "https://evil.example"}], "a link"),
    ],
)
def test_what_no_source_vouches_for_is_found(text: Json, kind: str) -> None:
    findings = _findings(text)

    assert len(findings) == 1
    assert findings[0].startswith(kind)


@pytest.mark.parametrize(
    "text",
    [
        "Your refund of 19.00 EUR for order 1007 is on its way, e.g. by Friday.",
        "DE89 3704 0044 0532 0130 01 has wrong check digits",
        "Our shop: https://shop.example",
        "and/or either/or 1/2",
        "AB12 is the shelf",
        7,
    ],
)
def test_plain_words_and_declared_constants_are_fine(text: Json) -> None:
    assert _findings(text) == ()


def test_what_the_platform_wrote_may_be_repeated() -> None:
    link = "https://parcel.example/t/1007"

    assert _findings(f"Follow {link}.", _witness(link)) == ()
    assert len(_findings(f"Follow {link}", _witness(link, Integrity.UNTRUSTED))) == 1
    assert len(_findings(f"Follow {link}/../evil", _witness(link))) == 1


def test_a_text_that_is_too_long_to_look_through_is_itself_a_finding() -> None:
    assert _findings("x" * 65_537) == ("more text in text than is looked through",)


def test_findings_are_counted_to_a_limit() -> None:
    assert len(_findings(" ".join(f"https://evil.example/{n}" for n in range(40)))) == 16


def _outside(form: Json) -> Witness:
    return _witness(form, Integrity.UNTRUSTED)


@pytest.mark.parametrize(
    ("text", "outside", "kind"),
    [
        ("Call +49 170 1234567 today", "my number is +491701234567", "a phone number"),
        ("Call (0170) 123-4567", "0170 1234567", "a phone number"),
        ("Your code is GIFT-2024-X9", "redeem GIFT-2024-X9 now", "a code"),
    ],
)
def test_numbers_and_codes_of_strangers_are_held(text: str, outside: str, kind: str) -> None:
    (found,) = _findings(text, _outside(outside))

    assert found.startswith(f"{kind} `")
    assert "stands in outside text alone" in found
    assert _findings(text) == (), "what nobody outside wrote is the workflow's own wording"


@pytest.mark.parametrize(
    "date", ["2022-04-01", "2022-04-01 10:00", "1.4.2022", "01/04/2022 10", "from 2022-04-01 on"]
)
def test_a_date_is_no_phone_number(date: str) -> None:
    assert _findings(date, _outside(f"you paid on {date}")) == ()


def test_a_date_hides_no_phone_number_beside_it() -> None:
    text = "2022-04-01 0301234567"
    assert len(_findings(text, _outside(text))) == 1


def test_a_number_that_the_platform_wrote_may_stand_though_a_stranger_wrote_it_too() -> None:
    assert _findings("Order AB-1007-X", _outside("about AB-1007-X"), _witness("AB-1007-X")) == ()


def test_what_an_owner_allows_may_stand() -> None:
    def said(text: str) -> tuple[str, ...]:
        return content_findings(
            SPEC, {"text": canonical(text)}, (),
            allowed=("help@shop.example", "https://shop.example/", "https://pay.example/now"),
        )  # fmt: skip

    assert said("write to help@shop.example") == ()
    assert said("see https://shop.example/returns") == ()
    assert said("see https://pay.example/now") == ()
    assert len(said("see https://pay.example/now/else")) == 1
    assert len(said("see https://shop.example.evil.example/returns")) == 1


def test_a_short_label_copies_no_three_words_of_a_stranger() -> None:
    spec = replace(SPEC, params=(*SPEC.params, replace(SPEC.params[2], name="subject")))
    outside = _outside("Please confirm your account details at once")

    def said(subject: str, *more: Witness) -> tuple[str, ...]:
        return content_findings(spec, {"subject": canonical(subject)}, (outside, *more))

    assert said("Re: Confirm your account") == (
        "the words `confirm your account` in subject, which stand in outside text alone",
    )
    assert said("Your account") == ()
    assert said("Confirm your account", _witness("confirm your account")) == ()


def test_final_texts_say_which_outside_wording_they_repeat_and_run() -> None:
    """A label, which holds nothing: five words in a row."""
    outside = _outside("we will cancel the contract by tomorrow noon")
    text = canonical("As you say, we will cancel the contract. Thank you")

    (proof,) = prove(SPEC, {"text": text}, (outside,))

    said = "repeats outside text: `we will cancel the contract` (get_order.tracking, entry 4)"
    assert (proof.proof, proof.elsewhere) == (Proof.CONTENT, (said,))
    vouched = _witness("we will cancel the contract")
    assert prove(SPEC, {"text": text}, (vouched,))[0].elsewhere == ()
