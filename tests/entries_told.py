"""A record told entry by entry: a sound story, and ways to leave out or change a part of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from remit.domain import clock, desk_event, effect_event, event, intake_event
from remit.domain.actor import Actor, ActorKind, person, service, workflow
from remit.domain.approval import sealed
from remit.domain.book_event import BookLoaded
from remit.domain.entry import Draft, Event
from remit.domain.ledger_event import HeartbeatEnded, HeartbeatRecorded
from remit.ledger.semantics import Semantics
from remit.ledger.verdict import VerifyReport
from remit.ledger.verify import verify
from tests.opened import Ticking, opened

CASE, OTHER = "1" * 32, "2" * 32
DESK, CONTROL, BEATS = "refund-desk", "c" * 32, "b" * 32
DIGEST = "d" * 64
START = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
LATER = clock.microseconds(START + timedelta(hours=4))
SHOWN = sealed(DIGEST, ("1 approver",), LATER)

MODEL = Actor(kind=ActorKind.MODEL, ref="m")

Story = dict[str, Draft]


def entry(made: Event, *, case: str = CASE, by: Any = None, causes: tuple[str, ...] = ()) -> Draft:
    actor = by or workflow(DESK)
    return Draft(event=made, case_id=case, workflow=DESK, actor=actor, causes=causes)


def received(case: str = CASE) -> Draft:
    made = intake_event.CaseReceived(
        channel="mail", external="e", content="c", outcomes={}, assumptions=()
    )
    return entry(made, case=case)


def proposed(action_id: str, name: str = "refund", **more: Any) -> Draft:
    return entry(
        effect_event.ActionProposed(
            action_id=action_id, action=name, version=1, arguments="a", signature="s",
            risk="money", **more,
        )
    )  # fmt: skip


def decided(
    action_id: str, state: str, *, level: str = "approve-each", policy: str = "p1"
) -> Draft:
    made = effect_event.ActionDecided(
        action_id=action_id, state=state, codes=(), digest=DIGEST, level=level, policy=policy
    )
    return entry(made, by=service("gate"))


def intended(action_id: str, attempt: int = 1) -> Draft:
    return entry(
        effect_event.EffectIntended(
            action_id=action_id, effect_id=action_id, attempt=attempt, connector="shop",
            digest=DIGEST, sent="x", deadline_us=LATER,
        )
    )  # fmt: skip


def confirmed(action_id: str, attempt: int = 1) -> Draft:
    return entry(
        effect_event.EffectConfirmed(
            action_id=action_id, effect_id=action_id, attempt=attempt, reference="r", latency_ms=1
        )
    )


def said_yes(who: str, *, by: Any = None, digest: str = SHOWN) -> Draft:
    return entry(
        desk_event.ApprovalDecided(
            approval_id="ap", action_id="a1", verdict="approve", person=who, role="approver",
            digest=digest, channel="console",
        ),
        by=by or person(who),
    )  # fmt: skip


def given(level: str, name: str = "note", *, by: Any = None) -> Draft:
    return entry(
        desk_event.GrantGiven(
            action=name, segment="all", level=level, fingerprint="f", signer="ana", evidence="e",
            expires_us=LATER,
        ),
        case=CONTROL,
        by=by or person("ana"),
    )  # fmt: skip


def book(digest: str, *slices: str, before: str = "") -> Draft:
    made = BookLoaded(before=before, digest=digest, rules=3, slices=slices)
    return entry(made, case=CONTROL, by=service("policy"))


def beat(number: int, *, process: str = "p", silent: int | None = None) -> Draft:
    made = HeartbeatRecorded(process=process, number=number, silent_seconds=silent)
    return entry(made, case=BEATS, by=service("heartbeat"))


def gone(number: int, how: str, *, process: str = "p") -> Draft:
    made = HeartbeatEnded(process=process, number=number, how=how)
    return entry(made, case=BEATS, by=service("heartbeat"))


def sound() -> Story:
    """A case with a refund that was held, an undo of it, and a note that needs nobody."""
    return {
        "book": book("b1", "p0", "p1"),
        "beat": beat(1),
        "grant": given("autonomous"),
        "received": received(),
        "proposed": proposed("a1"),
        "held": decided("a1", "held"),
        "asked": entry(
            desk_event.ApprovalRequested(
                approval_id="ap", action_id="a1", action="refund", risk="money", digest=SHOWN,
                bound=DIGEST,
                requirements=("1 approver",), codes=(), due_us=LATER, expires_us=LATER,
            )
        ),
        "yes": said_yes("ana"),
        "cleared": decided("a1", "cleared"),
        "consumed": entry(
            desk_event.ApprovalClosed(approval_id="ap", action_id="a1", state="consumed", code="")
        ),
        "intended": intended("a1"),
        "confirmed": confirmed("a1"),
        "note": proposed("a2", "note"),
        "note cleared": decided("a2", "cleared", level="autonomous"),
        "note intended": intended("a2"),
        "note confirmed": confirmed("a2"),
        "undoing": entry(effect_event.EffectCompensating(action_id="a1", by="a3")),
        "undo": proposed("a3", "void", author="bo", undoes="a1"),
        "undo cleared": decided("a3", "cleared"),
        "undo intended": intended("a3"),
        "undo confirmed": confirmed("a3"),
        "undone": entry(effect_event.EffectCompensated(action_id="a1", by="a3")),
        "closed": entry(event.CaseClosed(outcome="completed")),
    }  # fmt: skip


def judged(
    folder: Path, story: Story, *, key_ids: tuple[str, ...] = (), seconds: int = 0
) -> VerifyReport:
    """Write a story through the real door, let time pass at `late`, and judge it."""
    ticking = Ticking(START)
    with opened(f"sqlite:///{folder}/remit.db", folder, clock=ticking) as store:
        for name, one in story.items():
            if name.startswith("late"):
                ticking.moment += timedelta(seconds=seconds)
            store.writer.run(lambda uow, one=one: uow.append(one))
        vkey = store.journal.vkey
        rules = Semantics(key_ids=key_ids or (vkey.split("+")[1],))
        return verify(store.database, vkey, watchers=[rules])


def codes(report: VerifyReport) -> set[str]:
    return {finding.check for finding in report.checks}


def without(*names: str) -> Callable[[], Story]:
    return lambda: {name: one for name, one in sound().items() if name not in names}


def with_(where: str, **more: Draft) -> Callable[[], Story]:
    """Return the sound story with entries after one of its own."""

    def made() -> Story:
        story: Story = {}
        for name, one in sound().items():
            story[name] = one
            if name == where:
                story |= more
        return story

    return made


def instead(**others: Draft) -> Callable[[], Story]:
    return lambda: sound() | {name.replace("_", " "): one for name, one in others.items()}


def edited(by: str, risk: str) -> Story:
    """A held action that a person wrote anew; nobody else is asked about the new one."""
    story = {
        name: one
        for name, one in sound().items()
        if name in ("book", "beat", "received", "proposed", "asked")
    }
    verdict = desk_event.ApprovalDecided(
        approval_id="ap", action_id="a1", verdict="edit", person="ana", role="approver",
        digest=SHOWN, channel="console",
    )  # fmt: skip
    anew = effect_event.ActionProposed(
        action_id="a4", action="refund", version=2, arguments="b", signature="s", risk=risk,
        author=by, replaces="a1",
    )  # fmt: skip
    return story | {
        "edit": entry(verdict, by=person("ana")),
        "anew": entry(anew, by=person(by)),
        "cleared": decided("a4", "cleared"),
        "intended": intended("a4"),
        "confirmed": confirmed("a4"),
    }
