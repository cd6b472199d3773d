"""What a card says that a yes can cost, and the message that goes out with it."""

from dataclasses import replace

from remit.domain.action import AnySource, CaseSource, ParamSpec
from remit.governance import cost
from remit.governance.card import Message
from tests import gating

SPEC = gating.ALLOWED.spec
assert SPEC is not None
LETTER = replace(
    SPEC,
    on=None,
    params=(
        ParamSpec(name="to", type="text", source=CaseSource(field="sender"), private="EMAIL"),
        ParamSpec(name="subject", type="text", source=AnySource()),
        ParamSpec(name="body", type="text", source=AnySource()),
    ),
)
WORDS = {"to": "EMAIL_QX4M2345", "subject": "Your parcel", "body": "It is on its way."}


def _said(spec: object = SPEC, **reached: int | None) -> dict[str, str]:
    return dict(cost.cost(spec, gating.ALLOWED, reached))  # type: ignore[arg-type]  # a spec


def test_what_nobody_counts_is_unknown_and_no_zero() -> None:
    assert _said(LETTER)["reach"] == "records unknown, people unknown"
    assert _said(LETTER, rows=None, recipients=None)["reach"] == "records unknown, people unknown"


def test_what_the_action_counts_stands_as_it_was_counted() -> None:
    assert _said(rows=1, recipients=1_200)["reach"] == "1 record, 1,200 people"
    assert _said(rows=0, recipients=1)["reach"] == "0 records, 1 person"


def test_a_record_that_is_acted_upon_is_one() -> None:
    assert _said(replace(SPEC, on="get_order"))["reach"] == "1 record, people unknown"


def test_a_message_stands_as_it_goes_out() -> None:
    assert cost.message(LETTER, WORDS) == Message(
        to="EMAIL_QX4M2345", subject="Your parcel", text="It is on its way."
    )


def test_nothing_goes_out_where_nobody_is_written_to_or_nothing_is_said() -> None:
    assert cost.message(LETTER, {"to": "EMAIL_QX4M2345"}) is None
    assert cost.message(replace(LETTER, params=LETTER.params[1:]), WORDS) is None
