"""Content may not carry a stranger's link, address or account."""

import pytest

from remit.authoring.source import Source
from remit.domain.action import ActionSpec, Integrity, ParamSpec, Risk, Witness
from remit.domain.value import Json, canonical
from remit.policy.sources import content_findings

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
