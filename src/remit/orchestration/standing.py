"""The rows that a decision rests on: read before it, and compared again where it is written."""

from dataclasses import dataclass, field

from remit.domain.decision import Stop
from remit.store import authority, proposals
from remit.store.connection import Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The rows that a decision rests on; compared again inside the transaction."""

    authority: int
    money_on_record: tuple[tuple[str, int], ...]
    ambiguous: int


def read_standing(
    connection: Connection, *, workflow: str, action: str, action_id: str, record: str
) -> Standing:
    """Read the rows that a decision rests on."""
    spent = (
        proposals.money_on(
            connection,
            workflow=workflow,
            action=action,
            record=record,
            but=action_id,
        )
        if record
        else {}
    )
    version, ambiguous = proposals.standing(connection, workflow, action)
    return Standing(
        authority=version, money_on_record=tuple(sorted(spent.items())), ambiguous=ambiguous
    )


class Authority:
    """Grants and stops as of a version, which every change of them raises; read once for each."""

    def __init__(self) -> None:
        self._known = _Known(version=-1)

    def stops(self, connection: Connection, version: int) -> tuple[Stop, ...]:
        """Return the standing stops of a snapshot with that version."""
        known = self._at(version)
        if known.stops is None:
            known.stops = authority.stops(connection)
        return known.stops

    def grant(
        self, connection: Connection, version: int, *, workflow: str, action: str
    ) -> authority.GrantRow | None:
        """Return the grant in force in a snapshot with that version."""
        known = self._at(version)
        if (workflow, action) not in known.grants:
            known.grants[workflow, action] = authority.grant(
                connection, workflow=workflow, action=action
            )
        return known.grants[workflow, action]

    def _at(self, version: int) -> "_Known":
        known = self._known
        if known.version != version:
            known = self._known = _Known(version=version)
        return known


@dataclass(slots=True, kw_only=True)
class _Known:
    version: int
    stops: tuple[Stop, ...] | None = None
    grants: dict[tuple[str, str], authority.GrantRow | None] = field(default_factory=dict)
