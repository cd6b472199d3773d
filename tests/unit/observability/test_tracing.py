"""A case's entries, told as lines and as spans."""

from dataclasses import replace
from datetime import UTC, datetime

from remit.domain import actor
from remit.domain.entry import EVENTS, Entry
from remit.observability import sentences
from remit.observability.tracing import spans, timeline
from tests.browser.sample_case import entries_of_a_case
from tests.browser.samples import NOW, SAYS

CASE = "c" * 32


def _entry(seq: int, event: str, body: dict[str, object], at_us: int = 0, **more: object) -> Entry:
    return Entry(
        id=f"{seq:032x}",
        case_id=CASE,
        seq=seq,
        event=event,
        body=body,
        actor=actor.workflow("desk"),
        at_us=at_us,
        workflow="desk",
        **more,
    )


def test_every_event_has_its_sentence() -> None:
    assert set(EVENTS) <= sentences.TOLD_EVENTS


def test_every_event_is_told_even_when_its_body_and_payloads_are_missing() -> None:
    for name in EVENTS:
        told = timeline([_entry(1, name, {})], says={})
        assert told.lines[0].text.strip(), name
        assert spans([_entry(1, name, {}, run=0, path="1")])


def test_an_event_of_a_newer_version_is_told_by_its_name() -> None:
    assert timeline([_entry(1, "later:thing:done", {})], says={}).lines[0].text == (
        "later thing done"
    )


def test_a_case_reads_from_message_to_effect() -> None:
    told = timeline(entries_of_a_case(NOW, CASE), says=SAYS)
    sentence = "Refund 129.14 EUR to PERSON_7K3QX4M2 for order 35979"
    kinds = [line.kind for line in told.lines]
    assert kinds[0] == "received"
    assert kinds[-1] == "closed"
    assert f"Proposed: {sentence}" in [line.text for line in told.lines]
    assert f"Done, receipt re_8812: {sentence}" in [line.text for line in told.lines]
    assert f"l.costa, refund-approver, approved: {sentence}" in [line.text for line in told.lines]
    assert [line.seq for line in told.lines if line.problem] == [8_815]
    assert [line.kind for line in told.lines if line.money] == ["proposed", "approval"]
    assert sum(line.effect for line in told.lines) == 2


def test_a_wait_of_more_than_two_minutes_is_a_gap() -> None:
    told = timeline(entries_of_a_case(NOW, CASE), says=SAYS)
    gaps = [line.gap_before_seconds for line in told.lines if line.gap_before_seconds]
    assert gaps == [7_800.0]


def test_the_time_of_a_case_is_work_and_us_and_systems() -> None:
    told = timeline(entries_of_a_case(NOW, CASE), says=SAYS)
    assert told.parts.us_seconds == 7_800.0
    assert round(told.parts.systems_seconds, 3) == 0.248
    total = (told.ended_at - told.started_at).total_seconds()
    parts = told.parts
    assert round(parts.work_seconds + parts.us_seconds + parts.systems_seconds, 6) == total


def test_the_order_is_that_of_the_record_not_of_the_clock() -> None:
    found = entries_of_a_case(NOW, CASE)
    shifted = [replace(found[1], at_us=0), found[0]]
    assert [line.seq for line in timeline(shifted, says={}).lines] == [8_812, 8_813]


def test_a_case_that_has_not_closed_has_no_end() -> None:
    assert timeline(entries_of_a_case(NOW, CASE)[:-1], says=SAYS).ended_at is None
    assert timeline([], says={}).lines == ()


def test_the_wait_for_a_person_in_an_escalation_is_ours() -> None:
    told = timeline(
        [
            _entry(1, "intake:case:received", {}, at_us=0),
            _entry(2, "orchestration:case:escalated", {"code": "x"}, at_us=1_000_000),
            _entry(3, "orchestration:case:closed", {"outcome": "handled"}, at_us=61_000_000),
        ],
        says={},
    )
    assert (told.parts.work_seconds, told.parts.us_seconds) == (1.0, 60.0)


def test_a_slot_that_no_argument_fills_reads_as_nothing() -> None:
    body = {"action_id": "a", "action": "pay"}
    entry = _entry(1, "orchestration:action:proposed", body, payloads={"arguments": {"x": None}})
    told = timeline([entry], says={"pay": "Pay {x} to {y}"})
    assert told.lines[0].text == "Proposed: Pay nothing to nothing"


def test_a_template_cannot_reach_into_values() -> None:
    body = {"action_id": "a", "action": "pay"}
    hostile = {"x": "{0.__class__} {y}"}
    entry = _entry(1, "orchestration:action:proposed", body, payloads={"arguments": hostile})
    told = timeline([entry], says={"pay": "Pay {x}"})
    assert told.lines[0].text == "Proposed: Pay {0.__class__} {y}"


def test_spans_are_a_tree_of_case_runs_steps_and_effects() -> None:
    found = spans(entries_of_a_case(NOW, CASE))
    assert [(one.depth, one.kind, one.name) for one in found] == [
        (0, "case", "case of refund-desk"),
        (1, "run", "run 0"),
        (2, "step", "classify classify"),
        (2, "step", "read get_order"),
        (2, "step", "retrieve help"),
        (2, "step", "ask refund-reply"),
        (2, "step", "act issue_refund"),
        (3, "effect", "effect aaaaaaaa"),
    ]
    assert [one.name for one in found if one.status == "problem"] == ["read get_order"]
    ask = found[5]
    assert ask.end_us - ask.start_us == 1_310_000
    assert all(one.end_us is not None and one.end_us >= one.start_us for one in found)


def test_a_span_that_lasts_has_no_end() -> None:
    found = spans(entries_of_a_case(NOW, CASE)[:14])
    assert [one.kind for one in found if one.end_us is None] == ["case", "effect"]


def test_moments_are_utc() -> None:
    told = timeline(entries_of_a_case(NOW, CASE), says=SAYS)
    assert told.started_at == datetime(2026, 11, 24, 10, 5, tzinfo=UTC)
