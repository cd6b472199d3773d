"""The rows that a decision rests on: read before it, and compared again where it is written."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from decimal import Decimal
from typing import Final

from remit.domain.autonomy import Cell
from remit.domain.decision import Stop
from remit.domain.frozen import dataclass
from remit.store import authority, books, delegations, denials, endorsements, proposals, stops
from remit.store import bounds as bound_rows
from remit.store import limits as limit_rows
from remit.store.connection import Connection
from remit.store.delegations import DelegationRow
from remit.store.denials import DenialRow
from remit.store.endorsements import EndorsementRow
from remit.store.limits import Taken
from remit.store.stops import StopRow

NO_LIMITS: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The rows that a decision rests on; compared again inside the transaction."""

    authority: int
    taken: tuple[tuple[str, Decimal], ...]  # of each bound, by its keyed digest
    ambiguous: int
    # What is taken of each limit, by key: it may have moved, as long as all still fits.
    limits: tuple[tuple[str, Taken], ...] = field(default=(), compare=False)


# What moves a grant, a stop, the rules, a no, what people vouch for, or the effects in doubt.
TOUCHING: Final = (
    authority.MOVING
    | books.MOVING
    | delegations.EVENTS
    | denials.EVENTS
    | endorsements.EVENTS
    | {"orchestration:effect:ambiguous"}
)


def keep_standing(
    connection: Connection,
    *,
    workflow: str,
    action: str,
    bounds: Sequence[str],
    limits: Mapping[str, int] = NO_LIMITS,
) -> None:
    """Keep the rows that a decision rests on as they are until its transaction ends.

    The order is the same everywhere: what anybody waits for here is held by nobody who waits.
    """
    authority.keep_before(connection)
    if not bounds and not limits:
        proposals.keep(connection, workflow=workflow, action=action)
        return
    proposals.keep_before(connection, workflow=workflow, action=action)
    bound_rows.keep(connection, bounds)
    limit_rows.keep(connection, limits)


def read_standing(
    connection: Connection,
    *,
    workflow: str,
    action: str,
    action_id: str,
    bounds: Sequence[str],
    limits: Mapping[str, int] = NO_LIMITS,
    known: "Authority | None" = None,
) -> Standing:
    """Read the rows that a decision rests on, with what is known of them where that is given."""
    taken = bound_rows.taken(connection, bounds, but=action_id)
    look = proposals.standing if known is None else known.standing
    version, ambiguous = look(connection, workflow, action)
    return Standing(
        authority=version,
        taken=tuple(sorted(taken.items())),
        ambiguous=ambiguous,
        limits=limit_rows.taken(connection, limits, but=action_id) if limits else (),
    )


class Authority:
    """Grants and stops as of a version, which every change of them raises; read once for each.

    Where this process `alone` writes, the version is known too: from before an entry that moves it
    is written until after its commit it is read, and a decision compares it again in any case.
    A thread writes one transaction after the other, so its next commit is after the one it moved.
    """

    def __init__(
        self, *, alone: bool = False, told: Callable[[Connection, StopRow], Stop] | None = None
    ) -> None:
        self._alone = alone
        self._told = told or _plain  # a stop with its sentence, which is sealed
        self._changing: set[int] = set()  # threads that may be about to commit a change
        self._changes = 0
        self._rows: dict[tuple[str, str], tuple[int, int]] = {}
        self._known = _Known(version=-1)

    def changing(self) -> None:
        """Note that an entry which moves it is about to be committed by this thread."""
        self._changes += 1
        self._changing.add(threading.get_ident())

    def settled(self) -> None:
        """Note that everything that this thread has written so far is committed."""
        if threading.get_ident() in self._changing:
            self._rows = {}
            self._changing.discard(threading.get_ident())

    def known(self, workflow: str, action: str) -> tuple[int, int] | None:
        """Return the version and how many effects are in doubt, where that is known."""
        return None if self._changing else self._rows.get((workflow, action))

    def standing(self, connection: Connection, workflow: str, action: str) -> tuple[int, int]:
        """Return the version, and how many effects nobody is sure about."""
        rows, changes = self._rows, self._changes
        found = self.known(workflow, action)
        if found is not None:
            return found
        found = proposals.standing(connection, workflow, action)
        sure = not found[1]  # what is in doubt may be settled by other entries too
        if self._alone and sure and not self._changing and changes == self._changes:
            rows[workflow, action] = found
        return found

    def stops(self, connection: Connection, version: int) -> tuple[Stop, ...]:
        """Return the standing stops of a snapshot with that version."""
        known = self._at(version)
        if known.stops is None:
            known.stops = tuple(self._told(connection, row) for row in stops.standing(connection))
        return known.stops

    def grant(self, connection: Connection, version: int, cell: Cell) -> authority.GrantRow | None:
        """Return the grant in force in a snapshot with that version."""
        known = self._at(version)
        if cell not in known.grants:
            known.grants[cell] = authority.grant(
                connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
            )
        return known.grants[cell]

    def surge(self, connection: Connection, version: int, cell: Cell) -> authority.SurgeRow | None:
        """Return the surge that was begun in a snapshot with that version, and not ended."""
        known = self._at(version)
        if cell not in known.surges:
            known.surges[cell] = authority.surge(
                connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
            )
        return known.surges[cell]

    def denials(self, connection: Connection, version: int) -> tuple[DenialRow, ...]:
        """Return what is refused to somebody in all cases, in a snapshot with that version."""
        known = self._at(version)
        if known.denials is None:
            known.denials = tuple(denials.every(connection))
        return known.denials

    def delegations(self, connection: Connection, version: int) -> tuple[DelegationRow, ...]:
        """Return what people lent of their roles, in a snapshot with that version."""
        known = self._at(version)
        if known.delegations is None:
            known.delegations = tuple(delegations.every(connection))
        return known.delegations

    def endorsements(self, connection: Connection, version: int) -> tuple[EndorsementRow, ...]:
        """Return what people vouch for, in a snapshot with that version."""
        known = self._at(version)
        if known.endorsements is None:
            known.endorsements = tuple(endorsements.every(connection))
        return known.endorsements

    def _at(self, version: int) -> "_Known":
        known = self._known
        if known.version != version:
            known = self._known = _Known(version=version)
        return known


def _plain(connection: Connection, row: StopRow) -> Stop:
    """Return a stop as its row tells it, without what was said of it."""
    del connection
    return Stop(scope=row.scope, sentence=f"set by {row.set_by}", hard=row.hard)


@dataclass(slots=True, kw_only=True)
class _Known:
    version: int
    stops: tuple[Stop, ...] | None = None
    delegations: tuple[DelegationRow, ...] | None = None
    denials: tuple[DenialRow, ...] | None = None
    endorsements: tuple[EndorsementRow, ...] | None = None
    grants: dict[Cell, authority.GrantRow | None] = field(default_factory=dict)
    surges: dict[Cell, authority.SurgeRow | None] = field(default_factory=dict)
