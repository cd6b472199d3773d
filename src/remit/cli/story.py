"""`remit demo --story`: eight weeks of a refund desk in some 80 seconds, from baseline to a trap.

Messages and their true wishes come from the example's own generator; reviewers are simulated, with
the error rates that `story_people` states. Time is simulated, everything else is real: gate, desk,
ledger, the shop's process, and the grant, which falls by itself.
"""

import contextlib
import importlib.util
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from remit import settings
from remit.app import Remit
from remit.cli import demo_folder, story_incident
from remit.cli.demo_folder import DESK, WORKFLOW
from remit.cli.demo_reviewer import waiting
from remit.cli.story_people import (
    AFTER,
    ANSWERS,
    AUDITORS,
    BEFORE,
    REVIEWERS,
    Reviewer,
    Swapped,
    Truth,
    whose,
)
from remit.domain.approval import RejectReason, Verdict
from remit.domain.autonomy import Cell, Level
from remit.errors import ApprovalClosedError, RemitError, StaleDigestError
from remit.governance.audit import AuditView, Finding, How
from remit.governance.card import ApprovalView
from remit.governance.incident import IncidentView
from remit.governance.promoting import Unmet
from remit.governance.rollbacks import RollbackView
from remit.governance.scorecard import Scorecard
from remit.ledger import read as record
from remit.models.routing import Route
from remit.opening import open_remit
from remit.settings import Project
from remit.store import checks, evidence

if TYPE_CHECKING:
    from rich.progress import Progress

CELL: Final = Cell(workflow=WORKFLOW, action="send_reply")
OWNER: Final = "maria.k"
SEED: Final = 11
DAYS: Final = 7
MESSAGES_A_DAY: Final = 16
OTHERS: Final = 40  # of messages that want something else, one in so many comes in
START_HOUR: Final = 9
EVENINGS: Final = 6  # hours in which the clock is looked at, each day
MORE_CHECKS: Final = """
[workflow.actions.send_reply.autonomy]  # eight weeks are short: more checks than one in twenty
seed_share = 0.2
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What one week is set up as."""

    number: int
    phase: str
    title: str
    swapped_on: int | None = None  # the day on which the provider serves another model


WEEKS: Final = (
    Week(number=1, phase="baseline", title="baseline: it watches, nothing is performed"),
    Week(number=2, phase="pilot", title="pilot: a person approves each answer"),
    Week(number=3, phase="pilot", title="pilot"),
    Week(number=4, phase="pilot", title="pilot"),
    Week(number=5, phase="expand", title="expand: the owner signs what was earned"),
    Week(number=6, phase="expand", title="it answers alone, a share is audited"),
    Week(number=7, phase="expand", title="the trap: the model is swapped", swapped_on=1),
    Week(number=8, phase="expand", title="a person approves each again"),
)


class StoryClock:
    """Time as the story has it: eight weeks that end now."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def to(self, at: datetime) -> None:
        """Let time pass up to an instant; it never runs back."""
        self.at = max(self.at, at)


@dataclass(slots=True, kw_only=True)
class Told:
    """What the run came to; the screen reads its numbers from the record."""

    project: Project
    begun: datetime
    signed: Scorecard | None = None
    signed_at: datetime | None = None
    swapped_at: datetime | None = None
    unmet: tuple[str, ...] = ()
    rollback: RollbackView | None = None
    incident: IncidentView | None = None
    weeks: list[tuple[Week, datetime, datetime]] = field(default_factory=list)
    alone_wrong: dict[str, bool] = field(default_factory=dict)  # by action id: truth of what ran


def settle_in(folder: Path, root: Path) -> Project:
    """Copy the desk into the run's folder, where its owner will edit the phase; read it."""
    shutil.copytree(root / DESK, folder / DESK.name, dirs_exist_ok=True)
    shutil.copytree(root / DESK.parent / "shop", folder / "shop", dirs_exist_ok=True)
    desk = folder / DESK.name / settings.FILE
    desk.write_text(desk.read_text("utf-8") + MORE_CHECKS, "utf-8")
    file = folder / settings.FILE
    text = re.sub(r"workflows = \[.*\]", f'workflows = ["{DESK.name}"]', file.read_text("utf-8"))
    file.write_text(text, "utf-8")
    return read(folder)


def read(folder: Path) -> Project:
    """Read the run's project, with no time to take a yes back: nobody is there to do so."""
    return demo_folder.without_grace(settings.read(folder, environment={}))


def set_phase(folder: Path, phase: str) -> None:
    """Edit the phase of the desk, as its owner does."""
    file = folder / DESK.name / settings.FILE
    text = file.read_text("utf-8")
    file.write_text(re.sub(r'(?m)^phase = "\w+"', f'phase = "{phase}"', text), "utf-8")


async def tell(folder: Path, root: Path, told: Told, progress: "Progress") -> None:
    """Live through the weeks."""
    clock = StoryClock(told.begun)
    truth, model = Truth(), None
    messages = _messages(root)
    remit: Remit | None = None
    phase = ""
    task = progress.add_task("eight weeks", total=len(WEEKS) * DAYS)
    try:
        for week in WEEKS:
            if week.phase != phase or remit is None:
                phase = week.phase
                set_phase(folder, phase)
                if remit is not None:
                    await remit.stop()
                told.project = read(folder)
                remit, model = _open(told.project, clock)
                await remit.start()
            begun = clock()
            for day in range(DAYS):
                progress.update(task, advance=1, description=f"week {week.number}: {week.title}")
                if week.swapped_on == day and model is not None:
                    model.untrue, told.swapped_at = AFTER, clock()
                await _day(remit, clock, truth, messages)
                if told.swapped_at is not None and told.rollback is None:
                    await _contain(remit, told, model)
            told.weeks.append((week, begun, clock()))
            await _review(remit, told, clock)
    finally:
        if remit is not None:
            await remit.stop()


def _open(project: Project, clock: StoryClock) -> tuple[Remit, Swapped]:
    remit = open_remit(
        project, owner="remit demo", now=clock, elapsed=lambda: clock().timestamp(),
        durability_check=False,
    )  # fmt: skip
    equipment = remit.equipment[WORKFLOW]
    route = equipment.routes["reply"]
    model = Swapped(runtime=route.models[0], untrue=BEFORE)
    swapped = Route(name=route.name, models=(model,), timeout_seconds=route.timeout_seconds)
    remit.equipment[WORKFLOW] = replace(equipment, routes={**equipment.routes, "reply": swapped})
    return remit, model


def _messages(root: Path) -> Iterator[dict[str, Any]]:
    """Yield the messages of the example's generator, questions before others."""
    spec = importlib.util.spec_from_file_location("story_messages", root / DESK / "generate.py")
    if spec is None or spec.loader is None:
        raise RemitError("the example's generator of messages is not there")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    others = 0
    for one in module.messages(SEED, 1_000_000):
        if one["expected"]["intent"] not in ANSWERS:
            others += 1
            if others % OTHERS:
                continue
        yield one


async def _day(
    remit: Remit,
    clock: StoryClock,
    truth: Truth,
    messages: Iterator[dict[str, Any]],
) -> None:
    """Let a day's messages come in, be worked on, and be decided on by people."""
    morning = clock().replace(hour=START_HOUR, minute=0, second=0, microsecond=0)
    clock.to(morning)
    for _ in range(MESSAGES_A_DAY):
        one = next(messages)
        given = {
            name: value for name, value in one.items()
            if name not in {"id", "from", "channel", "expected"}
        }  # fmt: skip
        given |= {"sender": one["from"], "received_at": clock().isoformat()}
        admission = await remit.receive(WORKFLOW, given, channel="mail", external_id=one["id"])
        truth.wanted[admission.case_id] = one["expected"]["intent"]
        clock.to(clock() + timedelta(seconds=7))
    await remit.settled()
    clock.to(morning + timedelta(hours=3))
    await _decide(remit, truth)
    await _audit(remit, truth)
    for hour in range(EVENINGS):
        clock.to(morning + timedelta(hours=4 + hour))
        await remit.timekeeper.tick()
        await remit.settled()
    await _decide(remit, truth)
    clock.to(morning + timedelta(days=1) - timedelta(hours=START_HOUR) + timedelta(minutes=1))
    await remit.heart.tick()
    await remit.timekeeper.tick()
    await remit.settled()


async def _decide(remit: Remit, truth: Truth) -> None:
    """Have each item answered by whoever it fell to."""
    for view in waiting(remit):
        person = _taught(remit, _whose(view))
        right = _is_right(remit, truth, view)
        yes = person.says(view.card.approval_id, right=right)
        with contextlib.suppress(
            StaleDigestError, ApprovalClosedError
        ):  # it changed meanwhile: it is shown again
            await remit.decide(
                view.card.approval_id,
                person=person.handle,
                verdict=Verdict.APPROVE if yes else Verdict.REJECT,
                digest=view.card.digest,
                reason=None if yes else RejectReason.FACTS,
                channel="story",
                seconds_open=person.seconds,
            )
    await remit.settled()


async def _audit(remit: Remit, truth: Truth) -> None:
    """Have what the coin drew judged, blind, by people who answer for the desk."""
    for person in AUDITORS:
        for line in remit.audits(person=person.handle, limit=200).rows:
            if line.action != CELL.action or whose(line.audit_id, AUDITORS) is not person:
                continue
            view = remit.audit(line.audit_id, person=person.handle)
            row = remit.database.read(partial(evidence.find, action_id=line.audit_id))
            if row is None or view.how is How.CONTESTED:
                continue
            if view.how is How.OWN:
                await _say_own(remit, truth, person, view, row.case_id)
                continue
            body = " ".join(str(one.after) for one in view.changes)
            right = truth.is_right(row.case_id, row.action, body)
            yes = person.says(line.audit_id, right=right)
            await remit.judge(
                line.audit_id,
                person=person.handle,
                finding=Finding.RIGHT if yes else Finding.WRONG,
                cause=None if yes else RejectReason.FACTS,
                labels=view.labels,
                seconds_open=person.seconds,
            )


async def _say_own(
    remit: Remit, truth: Truth, person: Reviewer, view: AuditView, case_id: str
) -> None:
    """Say what the person did, before they see what was proposed: the same where it was right."""
    proposed = next(
        one for one in remit.entries(case_id)
        if one.event == "orchestration:action:proposed"
        and one.word("action_id") == view.audit_id
    )  # fmt: skip
    arguments = proposed.payloads.get("arguments")
    given = arguments if isinstance(arguments, dict) else {}
    right = truth.is_right(case_id, proposed.word("action"), str(given.get("body")))
    done = {
        field.name: str(given[field.name])
        for field in view.own
        if isinstance(given.get(field.name), str)
    }
    await remit.say_own(
        view.audit_id, person=person.handle, labels=view.labels,
        done=done if right else None, seconds_open=person.seconds,
    )  # fmt: skip


def _whose(view: ApprovalView) -> Reviewer:
    """Return who answers an item: in turn, by its id."""
    able = [one for one in REVIEWERS if one.handle in view.eligible] or list(REVIEWERS[:1])
    return whose(view.card.approval_id, able)


def _taught(remit: Remit, person: Reviewer) -> Reviewer:
    """Return a person as they are: whoever was found out has been taught, and looks since."""
    known = remit.database.read(
        partial(checks.alarm_of, workflow=WORKFLOW, reviewer=person.handle)
    )
    return person if known is None else replace(person, finds=1.0, refuses=0.0, seconds=40)


def _is_right(remit: Remit, truth: Truth, view: ApprovalView) -> bool:
    """Tell what is true of an item; of a check that is sealed in the record, and opened here."""
    check = remit.database.read(partial(checks.by_approval, approval_id=view.card.approval_id))
    if check is None:
        return truth.is_right(view.card.case_id, view.card.action, _body(view))
    (dealt,) = remit.database.read(
        lambda c: record.several(c, remit.keys, [(check.stream, check.seq)])
    )
    told = dealt.payloads["truth"]
    return isinstance(told, dict) and told.get("bad") is not True


def _body(view: ApprovalView) -> str:
    return " ".join(str(one.after) for one in view.card.changes)


async def _review(remit: Remit, told: Told, clock: StoryClock) -> None:
    """Look at the cell at the end of a week; its owner signs what is earned."""
    card = remit.scorecard(CELL)
    told.unmet = tuple(one.said for one in card.conditions if one.met is not True)
    if told.signed is None and card.met and card.to is Level.SAMPLED:
        listed = remit.cell_whole(CELL).checklist
        signed = await remit.sign_grant(
            CELL, to=card.to, digest=card.digest, person=OWNER,
            attested=() if listed is None else listed.asked,
        )  # fmt: skip
        if not isinstance(signed, Unmet):
            told.signed, told.signed_at = signed, clock()


async def _contain(remit: Remit, told: Told, model: Swapped | None) -> None:
    """Once the cell has fallen, put right what its incident touches, and have the model back."""
    if remit.scorecard(CELL).level is not Level.APPROVE_EACH or told.swapped_at is None:
        return
    told.rollback, told.incident = await story_incident.put_right(
        remit, CELL, swapped_at=told.swapped_at, owner=OWNER
    )
    if model is not None:
        model.untrue = BEFORE


def started(now: datetime) -> datetime:
    """Return when the story begins, so that its eight weeks end now."""
    return now.astimezone(UTC) - timedelta(weeks=len(WEEKS))
