"""Each rule about what entries mean together is broken once, and found by its code."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from remit.domain import desk_event, effect_event, event
from remit.domain.actor import person, service
from remit.domain.book_event import BookLoaded, BookProposed, BookRefused, BookSigned
from remit.domain.entry import Draft
from remit.domain.ledger_event import OriginOpened
from remit.ledger.judge import Head
from remit.ledger.semantics import RULES, Semantics
from remit.ledger.verify import verify
from tests.entries_told import (
    CONTROL,
    DIGEST,
    LATER,
    MODEL,
    OTHER,
    SHOWN,
    Story,
    beat,
    book,
    codes,
    confirmed,
    decided,
    edited,
    entry,
    given,
    gone,
    instead,
    intended,
    judged,
    proposed,
    received,
    said_yes,
    sound,
    with_,
    without,
)
from tests.opened import ORIGIN, opened


def test_who_edits_says_yes_to_what_they_wrote_at_low_risk_alone(tmp_path: Path) -> None:
    for name, by, risk, found in (
        ("low", "ana", "low", set()),
        ("money", "ana", "money", {"LS06"}),
        ("other", "bo", "low", {"LS06"}),
    ):
        (tmp_path / name).mkdir()
        assert codes(judged(tmp_path / name, edited(by, risk))) == found


def test_what_a_person_put_right_by_hand_is_compensated(tmp_path: Path) -> None:
    story = instead(undone=entry(BY_HAND, by=person("ana")))()
    assert codes(judged(tmp_path, story)) == set()


def signed_rules(*signers: str, refused: bool = False) -> dict[str, Draft]:
    """Return the entries of rules that olga proposed and these signed, until they are in force."""
    change = "c" * 64
    proposed = BookProposed(
        change=change,
        before="",
        texts="t",
        digest="b2",
        codes=("allowed",),
        people=2,
        proposer="olga",
    )
    told = {"proposed2": entry(proposed, case=CONTROL, by=person("olga"))}
    told |= {
        f"signed {n}": entry(BookSigned(change=change), case=CONTROL, by=person(one))
        for n, one in enumerate(signers)
    }
    if refused:
        told["refused"] = entry(BookRefused(change=change), case=CONTROL, by=person("pia"))
    made = BookLoaded(
        before="b1", digest="b2", rules=3, slices=("p2",), how="signed", change=change
    )
    return {**told, "loaded2": entry(made, case=CONTROL, by=person("pia"))}


def test_rules_that_two_people_signed_break_nothing(tmp_path: Path) -> None:
    story = with_("received", **signed_rules("pia", "paula"))()
    assert codes(judged(tmp_path, story)) == set()


FAILED = entry(
    effect_event.EffectFailed(action_id="a1", effect_id="a1", attempt=1, code="no", sent=True)
)
BY_HAND = effect_event.EffectCompensated(action_id="a1", by="", by_hand=True)
BROKEN: list[tuple[str, str, Callable[[], Story]]] = [
    ("LS01", "an outcome without an intent", without("note intended")),
    ("LS01", "an attempt intended twice", with_("intended", again=intended("a1"))),
    ("LS02", "two final outcomes", with_("confirmed", failed=FAILED)),
    ("LS02", "confirmed at two attempts", with_(
        "confirmed", again=intended("a1", 2), more=confirmed("a1", 2))),
    ("LS04", "a book that was never loaded", instead(
        cleared=decided("a1", "cleared", policy="p2"))),
    ("LS04", "no book was ever loaded", without("book")),
    ("LS04", "a book that follows one that was not in use", with_(
        "received", other=book("b2", "p2", before="b0"))),
    ("LS15", "a change signed by too few", with_("received", **signed_rules("pia"))),
    ("LS15", "a change signed twice by one", with_("received", **signed_rules("pia", "pia"))),
    ("LS15", "a change signed by its author", with_("received", **signed_rules("olga", "pia"))),
    ("LS15", "a refused change", with_("received", **signed_rules("pia", "paula", refused=True))),
    ("LS12", "a case ran, and nobody was at work", without("beat")),
    ("LS12", "a case ran after the only process had ended", with_(
        "received", ended=gone(1, "stopped"))),
    ("LS12", "heartbeats in the middle are gone", with_("received", beat3=beat(3))),
    ("LS12", "heartbeats at the beginning are gone", instead(beat=beat(2))),
    ("LS12", "heartbeats before an end are gone", with_("closed", end=gone(4, "crashed"))),
    ("LS12", "a process that nobody saw begin has ended", with_(
        "received", ended=gone(7, "stopped", process="q"))),
    ("LS05", "an effect that nobody cleared", without("cleared")),
    ("LS05", "an effect that nobody proposed", without("note")),
    ("LS06", "a held action without a yes", without("yes")),
    ("LS06", "a yes over another digest", instead(yes=said_yes("ana", digest="e" * 64))),
    ("LS06", "a yes that was taken back", with_("yes", revoked=entry(
        desk_event.ApprovalClosed(approval_id="ap", action_id="a1", state="revoked", code="x")))),
    ("LS06", "an approval that asks for fewer people than its digest says", instead(asked=entry(
        desk_event.ApprovalRequested(
            approval_id="ap", action_id="a1", action="refund", risk="money", digest=SHOWN,
            bound=DIGEST, requirements=("0 approver",), codes=(), due_us=LATER, expires_us=LATER,
        )))),
    ("LS11", "put right by hand, and by no person", instead(undone=entry(BY_HAND, by=MODEL))),
    ("LS07", "a yes of a machine", instead(yes=said_yes("ana", by=MODEL))),
    ("LS07", "a yes of who proposed", instead(proposed=proposed("a1", author="ana"))),
    ("LS07", "a yes after the end", lambda: {
        "late yes" if name == "yes" else name: one for name, one in sound().items()}),
    ("LS08", "more than was granted", without("grant")),
    ("LS08", "more than was left", with_("grant", lowered=entry(
        desk_event.GrantLowered(action="note", segment="all", level="approve-each", code="drift"),
        case=CONTROL, by=service("monitors")))),
    ("LS09", "a case that was never received", without("received")),
    ("LS09", "a case that was received twice", with_("proposed", again=received())),
    ("LS10", "a cause that does not exist", instead(closed=entry(
        event.CaseClosed(outcome="completed"), causes=("0" * 32,)))),
    ("LS11", "an undo of what did not happen", without("confirmed")),
    ("LS11", "undone by what did not happen", without("undo confirmed")),
    ("LS11", "an undo of what nobody proposed", instead(undo=proposed("a3", "void", undoes="zz"))),
    ("LS13", "an origin inside another", with_("closed", origin=entry(
        OriginOpened(origin=ORIGIN, key="00000000"), case=CONTROL, by=service("ledger")))),
    ("LS14", "a grant that nobody gave", instead(grant=given("autonomous", by=service("x")))),
    ("LS14", "an origin opened by a model", with_("closed", origin=entry(
        OriginOpened(origin=ORIGIN, key="00000000"), case=CONTROL, by=MODEL))),
]  # fmt: skip


def test_a_sound_story_breaks_no_rule(tmp_path: Path) -> None:
    report = judged(tmp_path, sound())
    assert report.checks == ()
    assert any("1 cases: 1 closed, 0 open, 0 quarantined" in line for line in report.lines)


@pytest.mark.parametrize(
    ("code", "story"),
    [(code, story) for code, _, story in BROKEN],
    ids=[f"{code} {what}" for code, what, _ in BROKEN],
)
def test_a_broken_rule_is_found_by_its_code(
    tmp_path: Path, code: str, story: Callable[[], Story]
) -> None:
    report = judged(tmp_path, story(), seconds=5 * 3600)
    assert code in codes(report)
    assert report.exit_code == 1


def test_an_origin_with_another_key_is_found(tmp_path: Path) -> None:
    assert codes(judged(tmp_path, sound(), key_ids=("00000000",))) == {"LS13"}


def test_an_intent_that_nobody_settles_is_listed_and_not_condemned(tmp_path: Path) -> None:
    story = without("note confirmed")() | {"late": received(OTHER)}
    report = judged(tmp_path, story, seconds=3 * 86_400)
    assert report.checks == ()
    assert any("intents without an outcome (LS03): 16" in line for line in report.lines)


OPENED = {"beat": beat(1), "received": received()}
ON = {"late on": received(OTHER), "later": received("3" * 32)}  # the record goes on without it


@pytest.mark.parametrize(
    ("story", "found", "told"),
    [
        pytest.param({"late": beat(2)}, {"LS12"}, "", id="a beat that comes late"),
        pytest.param({"late": gone(1, "stopped")}, {"LS12"}, "", id="an end that comes late"),
        pytest.param(
            {"late": beat(2, silent=1200)}, set(), "`p`, held up", id="it says that it slept"
        ),
        pytest.param({"late": gone(1, "crashed")}, set(), "`p`, crashed", id="it crashed"),
        pytest.param(
            {"late": gone(1, "silent"), "late beat": beat(2)}, set(), "`p`, silent",
            id="another noticed, and it came back",
        ),
        pytest.param({"end": gone(1, "stopped"), **ON}, set(), "", id="it ended in peace"),
        pytest.param(
            {"end": gone(1, "stopped"), "late": beat(1, process="q")}, set(), "",
            id="it ended, and another began later",
        ),
        pytest.param({"late on": received(OTHER)}, set(), "", id="it has woken a moment ago"),
        pytest.param(
            {**ON, "late still": received("4" * 32)}, {"LS12"}, "", id="it is never heard of again"
        ),
        pytest.param(
            {"done": entry(event.CaseClosed(outcome="completed")), "late": beat(2)}, set(), "",
            id="no case was open",
        ),
        pytest.param(
            {"done": entry(event.CaseClosed(outcome="completed")), "late": received(OTHER),
             "beat2": beat(2)}, set(), "", id="a case came after a long rest",
        ),
    ],
)  # fmt: skip
def test_a_silent_process_is_found_or_its_silence_is_listed(
    tmp_path: Path, story: Story, found: set[str], told: str
) -> None:
    report = judged(tmp_path, OPENED | story, seconds=1200)
    assert codes(report) == found
    listed = [line for line in report.lines if line.startswith("silent ")]
    assert [told in line for line in listed] == ([True] if told else [])


def test_every_rule_is_broken_here_or_listed() -> None:
    assert {code for code, _, _ in BROKEN} | {"LS03"} == set(RULES)


def test_a_part_of_a_log_is_not_blamed_for_what_came_before(tmp_path: Path) -> None:
    story = {name: one for n, (name, one) in enumerate(sound().items()) if n > 10}
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        for one in story.values():
            store.writer.run(lambda uow, one=one: uow.append(one))
        rules = OfAPart(key_ids=(store.journal.vkey.split("+")[1],))
        report = verify(store.database, store.journal.vkey, watchers=[rules])
    assert codes(report) == set()


class OfAPart(Semantics):
    """The rules as for an export that begins inside a log."""

    def begin(self, head: Head) -> None:
        super().begin(replace(head, first=256))
