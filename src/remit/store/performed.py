"""Effects that happened or may have: what a rollback, a drill and a look at undos go by."""

from typing import Final

from remit.domain.effect import BEGUN, EffectState
from remit.store.connection import Connection, Parameter
from remit.store.proposals import COLUMNS, ProposalRow, row_of

DONE: Final = BEGUN | {EffectState.CONFIRMED}  # it happened or may have, and stands


def done_between(
    connection: Connection,
    *,
    workflow: str,
    since_us: int,
    until_us: int,
    action: str | None,
    case_id: str | None,
    limit: int,
) -> list[ProposalRow]:
    """Return effects that happened or may have, newest first: what a rollback would take back."""
    where, values = "", list[Parameter]()
    for column, value in (("action", action), ("case_id", case_id)):
        if value is not None:
            where += f" and {column} = ?"
            values.append(value)
    rows = connection.rows(
        f"select {COLUMNS} from proposals where workflow = ? and undoes = '' and state in"
        " ('confirmed', 'intended', 'dispatched', 'ambiguous') and changed_us >= ?"
        f" and changed_us <= ?{where} order by changed_us desc, action_id desc limit ?",
        (workflow, since_us, until_us, *values, limit),
    )
    return [row_of(row) for row in rows]


def newest_done(connection: Connection, *, workflow: str, action: str) -> ProposalRow | None:
    """Return the newest effect of an action that was confirmed."""
    row = connection.one(
        f"select {COLUMNS} from proposals where workflow = ? and action = ? and undoes = ''"
        " and state in ('confirmed', 'compensated', 'uncompensated')"
        " order by changed_us desc, action_id desc limit 1",
        (workflow, action),
    )
    return None if row is None else row_of(row)


def undos_in_doubt(connection: Connection, limit: int) -> list[ProposalRow]:
    """Return undos that were begun and have no certain outcome, the oldest first."""
    rows = connection.rows(
        f"select {COLUMNS} from proposals where undoes <> ''"
        " and state in ('intended', 'dispatched', 'ambiguous')"
        " order by changed_us, action_id limit ?",
        (limit,),
    )
    return [row_of(row) for row in rows]
