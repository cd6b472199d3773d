"""The rows that a decision rests on: read before it, and compared again where it is written."""

from dataclasses import dataclass

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
    return Standing(
        authority=authority.version(connection),
        money_on_record=tuple(sorted(spent.items())),
        ambiguous=proposals.ambiguous(connection, workflow, action),
    )
