"""Setting and lifting stops: one operator sets one, with a sentence; two people lift it."""

import difflib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.domain import clock
from remit.domain.actor import Actor
from remit.domain.actor import person as acts
from remit.domain.decision import Stop
from remit.domain.effect import EffectState
from remit.domain.entry import Draft, Event
from remit.domain.ids import control_stream
from remit.domain.stop_event import StopLiftAsked, StopLifted, StopSet
from remit.errors import NotFoundError, RemitError, RequestInvalidError
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.policy import stop
from remit.store import authority, proposals, waits
from remit.store import stops as rows
from remit.store.connection import Connection
from remit.store.proposals import ProposalRow
from remit.store.stops import StopRow
from remit.store.unit import UnitOfWork

NAME: Final = "stops"
STREAM: Final = control_stream(NAME)
OPERATOR: Final = "operator"
OWNER: Final = "owner"
ASKED_SECONDS_MAX: Final = 86_400  # as long as the first of two may wait for the second
SENTENCE_CHARACTERS_MAX: Final = 500
FINISHING_MAX: Final = 256  # named in the entry; more are counted
NEAREST_MAX: Final = 3
WAITING_SHOWN_MAX: Final = 20

UNREADABLE: Final = "nobody can tell what this stops, so it stops everything"
LOST: Final = "its sentence cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is to stop."""

    actions: Mapping[str, Collection[str]]  # by workflow
    connectors: Collection[str]
    case: Callable[[str], bool]  # whether there is such a case
    whole: bool = True  # whether everything may be stopped at once

    @property
    def scopes(self) -> list[str]:
        """Return every scope but single cases."""
        named = [f"{flow}.{one}" for flow, actions in self.actions.items() for one in actions]
        return [
            *(("everything",) if self.whole else ()),
            *(f"workflow:{name}" for name in sorted(self.actions)),
            *(f"connector:{name}" for name in sorted(self.connectors)),
            *(f"action:{name}" for name in sorted(named)),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A proposal that goes on when a stop is lifted or a limit is raised."""

    case_id: str
    workflow: str
    action: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Finishing:
    """An effect that was intended before the stop and has no certain outcome yet."""

    case_id: str
    action_id: str
    workflow: str
    action: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopView:
    """A standing stop: what it holds, what still finishes under it, who has asked to lift it."""

    scope: str
    sentence: str
    hard: bool
    drill: bool
    readable: bool
    set_by: str
    set_at: datetime
    asked_by: str  # the first of the two who are needed; empty: nobody yet
    asked_reason: str
    under_way: int  # when it was set
    stop_ms: int | None  # until all of these had an outcome; None: some have none yet
    finishing: tuple[Finishing, ...]
    waiting: int
    waiting_first: tuple[Waiting, ...]  # oldest first


def checked(scope: str, known: Known) -> str:
    """Return the scope if there is such a thing; raises `NotFoundError` with the nearest names."""
    scope = scope.strip()
    kind, _, name = scope.partition(":")
    # An action without its workflow is that of every workflow that has one.
    bare = {f"action:{one}" for some in known.actions.values() for one in some if known.whole}
    if scope in known.scopes or scope in bare or (kind == "case" and name and known.case(name)):
        return scope
    near = difflib.get_close_matches(
        scope, [*known.scopes, *sorted(bare)], n=NEAREST_MAX, cutoff=0.5
    )
    said = f"; near are {', '.join(f'`{one}`' for one in near)}" if near else ""
    raise NotFoundError(
        f"there is nothing called `{scope[:200]}` to stop{said}; a scope is `everything`, "
        "`workflow:NAME`, `action:WORKFLOW.NAME`, `connector:NAME` or `case:ID`"
    )


def said(text: str, *, what: str) -> str:
    """Return what a person wrote in one line; raises `RequestInvalidError` for nothing."""
    line = " ".join(text.split())
    if not line:
        raise RequestInvalidError(f"`{what}`: write a sentence; people will ask why")
    return line[:SENTENCE_CHARACTERS_MAX]


def set_stop(
    uow: UnitOfWork,
    *,
    scope: str,
    sentence: str,
    by: Actor,
    hard: bool = False,
    drill: bool = False,
) -> bool:
    """Halt effects in a scope; false where a stop stands on it that holds as much.

    INVARIANT: no effect is intended after the commit of this, in any worker, by any door
    (tests/faults/test_workers.py).
    """
    authority.moving(uow.connection)
    standing = rows.find(uow.connection, scope)
    if standing is not None and (standing.hard or not hard) and (drill or not standing.drill):
        return False
    begun = [
        one.action_id
        for one in proposals.under_way(uow.connection)
        if one.state is EffectState.INTENDED and _reaches(scope, one)
    ]
    event = StopSet(
        scope=scope, hard=hard, drill=drill, under_way=len(begun),
        finishing=tuple(begun[:FINISHING_MAX]),
    )  # fmt: skip
    _append(uow, event, by=by, payloads={"sentence": sentence})
    return True


def lift_stop(
    uow: UnitOfWork,
    *,
    scope: str,
    reason: str,
    person: str,
    entitled: Callable[[str], bool] = lambda _: True,
) -> bool:
    """Let effects in a scope go on, or ask for it as the first of two; return whether they do.

    A stop of one case needs one person, and a drill; any other two. `entitled` says whether who
    asked first still may. Raises `NotFoundError` where no such stop stands.
    """
    authority.moving(uow.connection)
    standing = rows.find(uow.connection, scope)
    if standing is None:
        names = ", ".join(f"`{one.scope}`" for one in rows.standing(uow.connection))
        raise NotFoundError(
            f"no stop stands on `{scope[:200]}`; {f'these do: {names}' if names else 'none does'}"
        )
    alone = scope.startswith("case:") or standing.drill
    age = clock.microseconds(uow.now) - standing.asked_us
    asked = standing.asked_by if age <= ASKED_SECONDS_MAX * 1_000_000 else ""
    second = asked and asked != person and entitled(asked)
    if alone or second:
        lifted = StopLifted(scope=scope, asked_by=asked if second else "")
        _append(uow, lifted, by=acts(person), payloads={"reason": reason})
        return True
    if asked != person:
        _append(uow, StopLiftAsked(scope=scope), by=acts(person), payloads={"reason": reason})
    return False


def lift_drill(uow: UnitOfWork, *, scope: str, person: str) -> bool:
    """End a rehearsal; a stop that was set in earnest on the same scope meanwhile stays."""
    authority.moving(uow.connection)
    standing = rows.find(uow.connection, scope)
    if standing is None or not standing.drill:
        return False
    _append(
        uow, StopLifted(scope=scope), by=acts(person), payloads={"reason": "the rehearsal is over"}
    )
    return True


def sentence(connection: Connection, keys: KeyRing, row: StopRow) -> str:
    """Return what is shown of a stop: its sentence, who set it and when."""
    at = clock.text(clock.instant(row.set_us))[:16].replace("T", " ")
    who = "a drill of" if row.drill else "set by"
    unclear = "" if stop.readable(row.scope) else f"{UNREADABLE[0].upper()}{UNREADABLE[1:]}. "
    words = _words(connection, keys, row, row.seq, "sentence")
    return f"{unclear}{words} ({who} {row.set_by}, {at} UTC)"


def told(keys: KeyRing) -> Callable[[Connection, StopRow], Stop]:
    """Return what makes of a row what the gate is told, with the sealed sentence."""
    return lambda connection, row: Stop(
        scope=row.scope, sentence=sentence(connection, keys, row), hard=row.hard
    )


def standing(connection: Connection, keys: KeyRing) -> tuple[StopView, ...]:
    """Return the standing stops, the first that was set first, with what each of them holds."""
    unsettled = proposals.under_way(connection)
    return tuple(_view(connection, keys, row, unsettled) for row in rows.standing(connection))


def _view(
    connection: Connection, keys: KeyRing, row: StopRow, unsettled: list[ProposalRow]
) -> StopView:
    entry = record.find(connection, row.stream, row.seq)
    named = () if entry is None else entry.words("finishing")
    count = (entry.number("under_way") if entry is not None else 0) or 0
    held = waits.lifted_by(connection, ref_of(row.scope), limit=WAITING_SHOWN_MAX)
    return StopView(
        scope=row.scope,
        sentence=_words(connection, keys, row, row.seq, "sentence"),
        hard=row.hard,
        drill=row.drill,
        readable=stop.readable(row.scope),
        set_by=row.set_by,
        set_at=clock.instant(row.set_us),
        asked_by=row.asked_by,
        asked_reason=_words(connection, keys, row, row.asked_seq, "reason")
        if row.asked_seq
        else "",
        under_way=count,
        stop_ms=time_to_stop(connection, named, row.set_us),
        finishing=tuple(
            Finishing(
                case_id=one.case_id, action_id=one.action_id, workflow=one.workflow,
                action=one.action, state=one.state.value,
            )
            for one in unsettled
            if _reaches(row.scope, one)
        ),
        waiting=waits.lifted_by_count(connection, ref_of(row.scope)),
        waiting_first=waiting(connection, held),
    )  # fmt: skip


def waiting(connection: Connection, held: list[waits.LiftRow]) -> tuple[Waiting, ...]:
    """Return what waits with the action that it waits for."""
    found = []
    for one in held:
        row = proposals.at(connection, one.case_id, one.path)
        if row is not None:
            found.append(
                Waiting(
                    case_id=one.case_id, workflow=row.workflow, action=row.action,
                    since=clock.instant(one.since_us),
                )
            )  # fmt: skip
    return tuple(found)


def time_to_stop(connection: Connection, begun: Collection[str], set_us: int) -> int | None:
    """Return the milliseconds until all that had begun had an outcome; None while one has none."""
    last = set_us
    for action_id in begun:
        row = proposals.find(connection, action_id)
        if row is None:
            continue
        # By its number, not by time: an outcome may be on its way when the stop is committed.
        at = record.outcome_of(connection, row.case_id, action_id, row.attempt)
        if at is None:
            return None
        last = max(last, at)
    return (last - set_us) // 1_000


def ref_of(scope: str) -> str:
    """Return the name under which a case waits for a stop to be lifted."""
    return f"stop {scope}"


def _reaches(scope: str, row: ProposalRow) -> bool:
    return stop.applies(
        Stop(scope=scope, sentence=""), case_id=row.case_id, workflow=row.workflow,
        action=row.action, connector=row.connector or None,
    )  # fmt: skip


def _words(connection: Connection, keys: KeyRing, row: StopRow, seq: int, role: str) -> str:
    try:
        return str(record.payload(connection, keys, row.stream, seq, role))
    except RemitError:
        return LOST


def _append(uow: UnitOfWork, event: Event, *, by: Actor, payloads: dict[str, str]) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=STREAM,
            workflow=NAME,
            actor=by,
            payloads=payloads,
        )
    )
