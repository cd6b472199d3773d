"""Stops and limits as people use them: set and lifted, raised for a time, looked at by all."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from remit.domain import actor, clock
from remit.domain.decision import Stop
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.stop_event import StopDrilled
from remit.errors import IllegalMoveError, NotEntitledError
from remit.governance import legal_holds, limits, stops
from remit.governance.access import Roster
from remit.governance.limits import LimitView
from remit.governance.owners import roles_of
from remit.governance.stops import OPERATOR, OWNER, Known, StopView
from remit.intake.scrub import scrub
from remit.ledger import read as record
from remit.ledger.keeper import Keeper
from remit.ledger.keys import KeyRing
from remit.orchestration.awaited import submit
from remit.orchestration.equipment import Equipment
from remit.orchestration.erasure import Erasure
from remit.policy import stop
from remit.store import cases, proposals
from remit.store import legal_holds as legal_hold_rows
from remit.store import stops as rows
from remit.store.connection import Connection
from remit.store.database import Database
from remit.store.unit import UnitOfWork
from remit.store.writer import Writer

FROZEN: Final = "frozen"  # the ground of a legal hold that came with a stop
FROZEN_DAYS: Final = 30  # after which somebody looks whether it is still needed
DRILL_LOOK_SECONDS: Final = 0.05
DRILL_SECONDS_MIN: Final = 1.0  # in which whatever a worker remembers has followed
DRILL_SECONDS_MAX: Final = 120.0  # as long as the slowest connector may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """What a rehearsal of a stop showed."""

    scope: str
    under_way: int
    intended_after: int
    unfinished: int
    stop_ms: int


class Stopping:
    """The part that halts effects; `remit.app.Remit` fills in what it works with."""

    database: Database
    keys: KeyRing
    writer: Writer
    keeper: Keeper
    equipment: dict[str, Equipment]
    erasure: Erasure
    now: Callable[[], datetime]
    _people: Roster
    _connector_names: set[str]

    def stops(self) -> tuple[StopView, ...]:
        """Return the standing stops with what each holds, the first that was set first."""
        return self.database.read(lambda c: stops.standing(c, self.keys))

    def stop_scopes(self) -> list[str]:
        """Return what may be stopped, but for single cases."""
        return self._known().scopes

    async def set_stop(
        self, scope: str, /, *, person: str, sentence: str, hard: bool = False
    ) -> bool:
        """Halt effects in a scope from the commit on; false where such a stop stands already.

        Raises `NotEntitledError`, `NotFoundError` with the nearest names of what there is.
        """
        self._operator(person)
        named = stops.checked(scope, self._known())
        text = scrub(stops.said(sentence, what="sentence"))
        receipt = await submit(
            self.writer,
            lambda uow: stops.set_stop(
                uow, scope=named, sentence=text, by=actor.person(person), hard=hard
            ),
            lane="control",
            streams=(stops.STREAM,),
        )
        return receipt.value

    async def halt(self, scope: str, /, *, service: str, sentence: str) -> bool:
        """Halt effects in a scope on the word of a service, within the workflows it is bound to.

        Raises `NotFoundError` for whatever is not in them: everything, and a connector, too.
        """
        named = stops.checked(scope, self._known(self._people.own() or frozenset()))
        text = scrub(stops.said(sentence, what="sentence"))
        receipt = await submit(
            self.writer,
            lambda uow: stops.set_stop(uow, scope=named, sentence=text, by=actor.service(service)),
            lane="control",
            streams=(stops.STREAM,),
        )
        return receipt.value

    async def freeze(self, case_id: str, /, *, person: str, sentence: str) -> None:
        """Stop a case and keep its evidence, in one transaction: nothing goes out, nothing goes.

        Effects of the case halt as under any stop, and nothing of it is erased or pruned until
        somebody else releases the legal hold. Doing it again changes nothing. Raises
        `NotEntitledError`, `NotFoundError`.
        """
        self._operator(person)
        scope = stops.checked(f"case:{case_id}", self._known())
        text = scrub(stops.said(sentence, what="sentence"))
        origin = self.erasure.rotation.origin
        hold_id = self.erasure.new_id()

        def work(uow: UnitOfWork) -> None:
            stops.set_stop(uow, scope=scope, sentence=text, by=actor.person(person))
            kept = legal_hold_rows.on_cases(uow.connection, [case_id])
            if not any(hold.kind == "case" for hold in kept):
                legal_holds.place(
                    uow, hold_id, kind="case", ref=case_id, ground=FROZEN, person=person,
                    review_at=uow.now + timedelta(days=FROZEN_DAYS), origin=origin,
                )  # fmt: skip

        await submit(
            self.writer, work, lane="control", streams=(stops.STREAM, control_stream(origin))
        )

    async def lift_stop(self, scope: str, /, *, person: str, reason: str) -> bool:
        """Lift a stop, or say as the first of two people that it may be; return whether it is.

        A stop of one case is lifted by one owner. Raises `NotEntitledError`, `NotFoundError`.
        """
        named = scope.strip()
        self._lifter(person, named)
        text = scrub(stops.said(reason, what="reason"))
        receipt = await submit(
            self.writer,
            lambda uow: stops.lift_stop(
                uow, scope=named, reason=text, person=person, entitled=self._may_stop
            ),
            lane="control",
            streams=(stops.STREAM,),
        )
        return receipt.value

    async def drill_stop(self, scope: str, /, *, person: str) -> Drill:
        """Stop a scope in earnest, measure until what was under way has ended, and let it go on.

        Raises `IllegalMoveError` where a stop stands on it.
        """
        self._operator(person)
        named = stops.checked(scope, self._known())
        text = "a rehearsal; it is lifted by itself"
        begun = await submit(
            self.writer,
            lambda uow: stops.set_stop(
                uow, scope=named, sentence=text, by=actor.person(person), drill=True
            ),
            lane="control",
            streams=(stops.STREAM,),
        )
        if not begun.value:
            raise IllegalMoveError(f"a stop stands on `{named}`; lift it before you drill")
        looked = 0.0
        while looked < DRILL_SECONDS_MAX:
            await asyncio.sleep(DRILL_LOOK_SECONDS)
            looked += DRILL_LOOK_SECONDS
            if looked >= DRILL_SECONDS_MIN and self._ended(named):
                break
        await asyncio.to_thread(self.keeper.drain)
        drill = self.database.read(lambda c: self._measured(c, named))
        await submit(
            self.writer,
            lambda uow: (
                stops.lift_drill(uow, scope=named, person=person),
                uow.append(
                    Draft(
                        event=StopDrilled(
                            scope=named, under_way=drill.under_way,
                            intended_after=drill.intended_after, unfinished=drill.unfinished,
                            stop_ms=drill.stop_ms,
                        ),
                        case_id=stops.STREAM,
                        workflow=stops.NAME,
                        actor=actor.person(person),
                    )
                ),
            ),
            lane="control",
            streams=(stops.STREAM,),
        )  # fmt: skip
        return drill

    # -- limits -----------------------------------------------------------------------------------

    def limits(self) -> tuple[LimitView, ...]:
        """Return every limit, how full it is and what waits for it."""
        now_us = clock.microseconds(self.now())
        known = {
            one.name: (one, name) for name, flow in self.equipment.items() for one in flow.limits
        }
        return self.database.read(
            lambda c: tuple(
                limits.view(c, one, workflow=name, now_us=now_us) for one, name in known.values()
            )
        )

    async def raise_limit(
        self,
        name: str,
        /,
        *,
        person: str,
        max: str,
        seconds: int,
        reason: str,
    ) -> None:
        """Let a limit allow more for a time, on its owner's word.

        Raises `NotFoundError`, `NotEntitledError`, `RequestInvalidError`.
        """
        roles_of(self._people, person)
        limit = limits.named(
            [one for flow in self.equipment.values() for one in flow.limits], name
        )
        most, text = limits.parse(limit, max), scrub(stops.said(reason, what="reason"))
        await submit(
            self.writer,
            lambda uow: limits.raise_limit(
                uow, limit, person=person, max_=most, seconds=seconds, reason=text
            ),
            lane="control",
            streams=(limits.STREAM,),
        )

    # -- parts ------------------------------------------------------------------------------------

    def _ended(self, scope: str) -> bool:
        found = next((one for one in self.stops() if one.scope == scope), None)
        return found is None or found.stop_ms is not None

    def _measured(self, connection: Connection, scope: str) -> Drill:
        row = rows.find(connection, scope)
        entry = None if row is None else record.find(connection, row.stream, row.seq)
        if row is None or entry is None:
            raise IllegalMoveError(f"the stop on `{scope}` was lifted while it was drilled")
        begun = entry.words("finishing")
        ends = {one: stops.time_to_stop(connection, (one,), row.set_us) for one in begun}
        after = sum(
            1
            for one in record.after(
                connection, row.stream, row.seq, "orchestration:effect:intended"
            )
            if (found := proposals.find(connection, one.word("action_id"))) is not None
            and stop.applies(
                Stop(scope=scope, sentence=""), case_id=found.case_id, workflow=found.workflow,
                action=found.action, connector=found.connector or None,
            )
        )  # fmt: skip
        return Drill(
            scope=scope,
            under_way=entry.number("under_way") or 0,
            intended_after=after,
            unfinished=sum(one is None for one in ends.values()),
            stop_ms=max((one for one in ends.values() if one is not None), default=0),
        )

    def _known(self, own: frozenset[str] | None = None) -> Known:
        """Return what may be stopped; `own` are the workflows it is to lie in, None for all."""

        def is_case(name: str) -> bool:
            row = self.database.read(lambda c: cases.find(c, name))
            return row is not None and (own is None or row.workflow in own)

        return Known(
            actions={
                name: tuple(one.workflow.actions)
                for name, one in self.equipment.items()
                if own is None or name in own
            },
            connectors=self._connector_names if own is None else (),
            case=is_case,
            whole=own is None,
        )

    def _may_stop(self, handle: str) -> bool:
        person = self._people.get(handle)
        return person is not None and person.active and bool(person.roles & {OPERATOR, OWNER})

    def _operator(self, handle: str) -> None:
        roles_of(self._people, handle)
        if not self._may_stop(handle):
            raise NotEntitledError(
                f"`{handle}` may not stop effects; it needs the role {OPERATOR} or {OWNER}"
            )

    def _lifter(self, handle: str, scope: str) -> None:
        self._operator(handle)
        if scope.startswith("case:") and OWNER not in roles_of(self._people, handle):
            raise NotEntitledError(
                f"`{handle}` may not lift the stop of a case; it needs the role {OWNER}"
            )
