"""Rows of proposals and their effects: a projection."""

from dataclasses import dataclass

from remit.domain.effect import MOVES, EffectState, move
from remit.domain.entry import Entry
from remit.store import locks
from remit.store.among import Workflows, among
from remit.store.connection import Connection, Parameter
from remit.store.tally import Tally

SCHEMA = (
    """create table if not exists proposals (
        action_id text primary key,
        case_id text not null,
        workflow text not null,
        action text not null,
        version integer not null,
        path text not null,
        state text not null,
        risk text not null,
        record text not null,
        money_minor integer,
        currency text not null,
        effect_id text not null,
        attempt integer not null,
        reference text not null,
        codes text not null,
        undoes text not null,
        proposed_us integer not null,
        changed_us integer not null,
        connector text not null,
        begins_us integer,
        intended_us integer
    )""",
    "create index if not exists proposals_case on proposals (case_id)",
    "create index if not exists proposals_record on proposals (workflow, action, record)",
    """create index if not exists proposals_unsettled on proposals (workflow, action)
        where state in ('intended', 'dispatched', 'ambiguous')""",
    # Only what is in doubt: an index of every state would be written at every move.
    """create index if not exists proposals_ambiguous on proposals (workflow, action)
        where state = 'ambiguous'""",
    "create index if not exists proposals_changed on proposals (workflow, changed_us)",
    """create index if not exists proposals_undos on proposals (changed_us, action_id)
        where undoes <> '' and state in ('intended', 'dispatched', 'ambiguous')""",
)

TABLES = ("proposals",)

COLUMNS = (
    "action_id, case_id, workflow, action, version, path, state, risk, record, money_minor,"
    " currency, effect_id, attempt, reference, codes, undoes, proposed_us, changed_us, connector,"
    " begins_us"
)

_STATES = {
    "orchestration:effect:intended": EffectState.INTENDED,
    "orchestration:effect:dispatched": EffectState.DISPATCHED,
    "orchestration:effect:confirmed": EffectState.CONFIRMED,
    "orchestration:effect:failed": EffectState.FAILED,
    "orchestration:effect:compensating": EffectState.COMPENSATING,
    "orchestration:effect:compensated": EffectState.COMPENSATED,
    "orchestration:effect:uncompensated": EffectState.UNCOMPENSATED,
    "policy:action:withdrawn": EffectState.WITHDRAWN,
    "policy:action:expired": EffectState.EXPIRED,
}

# What is put before the gate again.
_AGAIN = "update proposals set state = 'proposed', changed_us = ? where case_id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposalRow:
    """A proposal at a glance; times in microseconds since 1970, money in minor units."""

    action_id: str
    case_id: str
    workflow: str
    action: str
    version: int
    path: str
    state: EffectState
    risk: str
    record: str
    money_minor: int | None
    currency: str
    effect_id: str
    attempt: int
    reference: str
    codes: str
    undoes: str
    proposed_us: int
    changed_us: int
    begins_us: int | None = None  # until when what is cleared can be taken back
    connector: str  # that performs it; empty before it was intended


EVENTS = frozenset(
    {
        "governance:approval:decided",
        "orchestration:action:proposed",
        "orchestration:case:reopened",
        "orchestration:effect:ambiguous",
        "orchestration:effect:confirmed",
        "orchestration:effect:intended",
        "orchestration:wait:ended",
        "policy:action:decided",
        *_STATES,
    }
)


def project(connection: Connection, entry: Entry, tally: Tally) -> None:
    """Bring the rows up to this entry; raises `IllegalMoveError` for a move that is not listed."""
    match entry.event:
        case "orchestration:action:proposed":
            _made(connection, entry)
            tally.made(entry.word("action_id"), EffectState.PROPOSED.value)
        case "policy:action:decided":
            codes = " ".join(entry.words("codes"))
            state = EffectState(entry.word("state"))
            begins_us = entry.number("begins_us")
            if codes:
                also = ("codes = ?, begins_us = ?", codes, begins_us)
                _move(connection, entry, tally, state, *also)
            else:
                _move(connection, entry, tally, state, "begins_us = ?", begins_us)
        case "governance:approval:decided":
            _verdict(connection, entry, tally)
        case "orchestration:effect:intended":
            begun = (entry.word("effect_id"), entry.number("attempt"), entry.word("connector"))
            _move(
                connection,
                entry,
                tally,
                EffectState.INTENDED,
                "effect_id = ?, attempt = ?, connector = ?, intended_us = ?",
                *begun,
                entry.at_us,
            )
        case "orchestration:effect:confirmed":
            reference = entry.word("reference")
            _move(connection, entry, tally, EffectState.CONFIRMED, "reference = ?", reference)
        case "orchestration:effect:ambiguous":
            row = find(connection, entry.word("action_id"))
            if row is not None:
                locks.hold(connection, _doubt(row.workflow, row.action))
            _move(connection, entry, tally, EffectState.AMBIGUOUS)
        case "orchestration:wait:ended" if entry.word("kind") == "lift":
            connection.execute(
                f"{_AGAIN} and path = ? and state in ('held', 'blocked')",
                (entry.at_us, entry.case_id, entry.path or ""),
            )
        case "orchestration:case:reopened":
            connection.execute(
                f"{_AGAIN} and state in ('blocked', 'escalated')", (entry.at_us, entry.case_id)
            )
        case "orchestration:effect:uncompensated":
            code = entry.word("code")
            _move(connection, entry, tally, EffectState.UNCOMPENSATED, "codes = ?", code)
        case event if event in _STATES:
            _move(connection, entry, tally, _STATES[event])
        case _:
            pass


def _made(connection: Connection, entry: Entry) -> None:
    connection.later(
        f"insert into proposals ({COLUMNS}) values"
        " (?, ?, ?, ?, ?, ?, 'proposed', ?, ?, ?, ?, '', 0, '', '', ?, ?, ?, '', null)",
        [
            (
                entry.word("action_id"),
                entry.case_id,
                entry.workflow,
                entry.word("action"),
                entry.number("version"),
                entry.path or "",
                entry.word("risk"),
                entry.word("record"),
                entry.number("money_minor"),
                entry.word("currency"),
                entry.word("undoes"),
                entry.at_us,
                entry.at_us,
            ),
        ],
    )


def _verdict(connection: Connection, entry: Entry, tally: Tally) -> None:
    if is_noted(connection, entry.word("action_id")):
        return  # a check of the desk: whatever is said of it, nothing happens
    match entry.word("verdict"):
        case "reject":
            _move(connection, entry, tally, EffectState.DENIED)
        case "edit":
            _move(connection, entry, tally, EffectState.REPLACED)
        case "escalate":
            _move(connection, entry, tally, EffectState.WITHDRAWN)
        case _:
            pass


def _move(
    connection: Connection,
    entry: Entry,
    tally: Tally,
    to: EffectState,
    also: str = "",
    *values: Parameter,
) -> None:
    """Move a proposal that is there and may move, and set some of its columns."""
    action_id = entry.word("action_id")
    begins = _BEFORE[to]
    columns = f"state = ?, changed_us = ?{', ' if also else ''}{also}"
    update = (
        f"update proposals set {columns} where action_id = ?"
        f" and state in ({', '.join('?' * len(begins))})"
    )
    given = (to.value, entry.at_us, *values, action_id, *begins)
    known = tally.states.get(action_id)
    if known in begins:  # this transaction has made it so, and nobody else can move it now
        connection.later(update, [given])
    elif not connection.execute(update, given):
        row = find(connection, action_id)
        if row is not None:
            move(row.state, to)
        return
    tally.made(action_id, to.value)


# What may be said again of an effect; an outcome is said once.
_SAID_AGAIN = frozenset(EffectState) - {
    EffectState.INTENDED, EffectState.CONFIRMED, EffectState.FAILED, EffectState.COMPENSATING,
    EffectState.COMPENSATED, EffectState.UNCOMPENSATED,
}  # fmt: skip

# The states from which there is a move to each, and itself where it may be said again.
_BEFORE = {
    to: (
        *((to.value,) if to in _SAID_AGAIN else ()),
        *(begin.value for begin, ends in MOVES.items() if begin and to in ends),
    )
    for to in EffectState
}


def find(connection: Connection, action_id: str) -> ProposalRow | None:
    """Return the row of that proposal."""
    row = connection.one(f"select {COLUMNS} from proposals where action_id = ?", (action_id,))
    return None if row is None else row_of(row)


def is_noted(connection: Connection, action_id: str) -> bool:
    """Tell whether a proposal was recorded only: no answer clears it or moves it."""
    row = find(connection, action_id)
    return row is not None and row.state is EffectState.NOTED


def of_case(connection: Connection, case_id: str) -> list[ProposalRow]:
    """Return the proposals of a case in the order they were made."""
    rows = connection.rows(
        f"select {COLUMNS} from proposals where case_id = ? order by proposed_us, path, version",
        (case_id,),
    )
    return [row_of(row) for row in rows]


def at(connection: Connection, case_id: str, path: str) -> ProposalRow | None:
    """Return the newest version of what a step of a case proposes."""
    row = connection.one(
        f"select {COLUMNS} from proposals where case_id = ? and path = ?"
        " order by version desc limit 1",
        (case_id, path),
    )
    return None if row is None else row_of(row)


def under_way(connection: Connection) -> list[ProposalRow]:
    """Return what was intended and has no certain outcome yet."""
    rows = connection.rows(
        f"select {COLUMNS} from proposals where state in ('intended', 'dispatched', 'ambiguous')"
        " order by changed_us, action_id"
    )
    return [row_of(row) for row in rows]


def keep(connection: Connection, *, workflow: str, action: str) -> None:
    """Keep what is in doubt until this transaction ends.

    Whoever comes into doubt about this action waits for it.
    """
    locks.share(connection, _doubt(workflow, action))


def keep_before(connection: Connection, *, workflow: str, action: str) -> None:
    """Keep what is in doubt from before the next statement is run."""
    locks.share_before(connection, _doubt(workflow, action))


def _doubt(workflow: str, action: str) -> str:
    return f"doubt {workflow} {action}"


def standing(connection: Connection, workflow: str, action: str) -> tuple[int, int]:
    """Return the version of what may be done, and how many effects nobody is sure about."""
    row = connection.one(
        "select (select n from versions where subject = 'authority'), count(*) from proposals"
        " where workflow = ? and action = ? and state = 'ambiguous'",
        (workflow, action),
    )
    return (0, 0) if row is None else (int(row[0] or 0), int(row[1]))


def in_doubt_on(
    connection: Connection, *, workflow: str, action: str, record: str, but: str
) -> int:
    """Return how many other effects of an action on a record nobody is sure about."""
    value = connection.value(
        "select count(*) from proposals where workflow = ? and action = ? and state = 'ambiguous'"
        " and record = ? and action_id <> ?",
        (workflow, action, record, but),
    )
    return int(str(value))


def all_ambiguous(connection: Connection, workflow: Workflows = None) -> int:
    """Return how many effects nobody is sure about."""
    clause, names = among(workflow)
    sql = f"select count(*) from proposals where state = 'ambiguous' and {clause}"
    return int(str(connection.value(sql, names)))


_REAL = "not exists (select 1 from checks where checks.case_id = proposals.case_id)"


def states(connection: Connection, workflow: str | None = None) -> list[tuple[str, str, int]]:
    """Return (action, state, number) of all proposals but those of checks of reviewers."""
    clause = "" if workflow is None else " and workflow = ?"
    rows = connection.rows(
        f"select action, state, count(*) from proposals where {_REAL}{clause}"
        " group by 1, 2 order by 1, 2",
        () if workflow is None else (workflow,),
    )
    return [(str(row[0]), str(row[1]), int(str(row[2]))) for row in rows]


def held_codes(connection: Connection) -> list[tuple[str, int]]:
    """Return (reason codes, number) of what was held, most frequent first."""
    rows = connection.rows(
        f"select codes, count(*) from proposals where codes <> '' and {_REAL}"
        " group by codes order by 2 desc, 1"
    )
    return [(str(row[0]), int(str(row[1]))) for row in rows]


def row_of(row: tuple[object, ...]) -> ProposalRow:
    """Return a row of these columns."""
    return ProposalRow(
        action_id=str(row[0]),
        case_id=str(row[1]),
        workflow=str(row[2]),
        action=str(row[3]),
        version=int(str(row[4])),
        path=str(row[5]),
        state=EffectState(str(row[6])),
        risk=str(row[7]),
        record=str(row[8]),
        money_minor=None if row[9] is None else int(str(row[9])),
        currency=str(row[10]),
        effect_id=str(row[11]),
        attempt=int(str(row[12])),
        reference=str(row[13]),
        codes=str(row[14]),
        undoes=str(row[15]),
        proposed_us=int(str(row[16])),
        changed_us=int(str(row[17])),
        connector=str(row[18]),
        begins_us=None if row[19] is None else int(str(row[19])),
    )


def decided_last(
    connection: Connection, workflow: str, *, event: str, limit: int
) -> list[tuple[str, int]]:
    """Return where the decisions stand of the proposals that changed last, the newest first."""
    rows = connection.rows(
        "select e.case_id, e.seq from (select case_id, max(changed_us) as changed"
        " from (select case_id, changed_us from proposals where workflow = ?"
        " order by changed_us desc limit ?) as newest group by case_id) as one"
        " join entries e on e.case_id = one.case_id and e.event = ?"
        " order by one.changed desc, e.seq desc limit ?",
        (workflow, limit, event, limit),
    )
    return [(str(row[0]), int(str(row[1]))) for row in rows]
