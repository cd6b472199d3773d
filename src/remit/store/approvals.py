"""Rows of approvals and votes: a projection."""

from dataclasses import dataclass

from remit.domain.approval import MOVES, ApprovalState, Requirement, move
from remit.domain.entry import Entry
from remit.domain.money import Money
from remit.store import votes
from remit.store.connection import Connection, Parameter
from remit.store.tally import Tally

SCHEMA = (
    """create table if not exists approvals (
        approval_id text primary key,
        case_id text not null,
        action_id text not null,
        workflow text not null,
        action text not null,
        risk text not null,
        state text not null,
        digest text not null,
        requirements text not null,
        card_seq integer not null,
        requested_us integer not null,
        due_us integer not null,
        expires_us integer not null,
        money_minor integer,
        currency text not null,
        decided_by text not null,
        decided_us integer,
        verdict text not null,
        reason text not null,
        replaced_by text not null,
        record text not null,
        alike text not null,
        batch text not null,
        held_by text not null,
        again integer not null,
        claimed_by text not null,
        claimed_until_us integer not null,
        asked_of text not null,
        comments integer not null,
        remarks integer not null,
        code text not null,
        due_minute integer not null,
        turn integer not null
    )""",
    """create index if not exists approvals_record on approvals (record)
        where state = 'open' and record <> ''""",
    # What a list of the inbox is narrowed by stands in its index, so that it reads no other row.
    """create index if not exists approvals_open on approvals
        (due_minute, turn, approval_id, workflow, action, risk, requirements, due_us, code,
        currency, money_minor) where state = 'open'""",
    """create index if not exists approvals_again on approvals (due_minute, turn, approval_id)
        where state = 'open' and again = 1""",
    """create table if not exists open_counts (
        workflow text not null,
        action text not null,
        slot integer not null,
        n integer not null,
        primary key (workflow, action, slot)
    )""",
    "create index if not exists approvals_case on approvals (case_id)",
    "create index if not exists approvals_batch on approvals (batch) where batch <> ''",
    "create index if not exists approvals_action on approvals (action_id)",
    """create table if not exists votes (
        approval_id text not null,
        person text not null,
        role text not null,
        digest text not null,
        edited integer not null,
        at_us integer not null,
        channel text not null,
        strength text not null,
        seconds_open integer,
        delegated_from text not null,
        primary key (approval_id, person)
    )""",
)

TABLES = ("approvals", "open_counts", "votes")

COLUMNS = (
    "approval_id, case_id, action_id, workflow, action, risk, state, digest, requirements,"
    " card_seq, requested_us, due_us, expires_us, money_minor, currency, decided_by, decided_us,"
    " verdict, reason, replaced_by, record, alike, batch, held_by,"
    " again, claimed_by, claimed_until_us, asked_of, comments, remarks,"
    " code, due_minute, turn"
)

MINUTE_US = 60_000_000
TURN_MAX = 2**62  # what a column of whole numbers holds in both stores
# How much a unit of money weighs at each risk.
_WEIGHTS = {"low": 1, "normal": 2, "money": 3, "irreversible": 4}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRecord:
    """An approval at a glance; times in microseconds since 1970."""

    approval_id: str
    case_id: str
    action_id: str
    workflow: str
    action: str
    risk: str
    state: ApprovalState
    digest: str
    requirements: tuple[Requirement, ...]
    card_seq: int
    requested_us: int
    due_us: int
    expires_us: int
    money_minor: int | None
    currency: str
    decided_by: str
    decided_us: int | None
    verdict: str
    reason: str
    replaced_by: str
    alike: str  # digest of what approvals that are answered together have in common
    batch: str  # in which it was decided
    held_by: str  # `role:NAME` or `person:HANDLE`; empty: those it was asked of
    again: bool  # asked before for the same action of the case, and what was shown then changed
    claimed_by: str  # who is at it
    claimed_until_us: int
    asked_of: str  # who was asked something, and has not said anything since
    comments: int
    remarks: int  # all that people did about it without deciding it
    code: str  # of the first reason
    due_minute: int  # since 1970: what is due in the same minute is ordered by its turn
    turn: int  # the smaller, the sooner its turn among those: less for more risk and money

    @property
    def place(self) -> tuple[int, int, str]:
        """Where it stands in the order of what waits."""
        return self.due_minute, self.turn, self.approval_id

    @property
    def moved(self) -> tuple[int, str] | None:
        """Minor units and currency of what would move."""
        return None if self.money_minor is None else (self.money_minor, self.currency)


EVENTS = frozenset(
    {
        "governance:approval:closed",
        "governance:approval:decided",
        "governance:approval:reminded",
        "governance:approval:requested",
        "governance:approval:voted",
    }
)


def project(connection: Connection, entry: Entry, tally: Tally) -> None:
    """Bring the rows up to this entry; raises `IllegalMoveError` for a move that is not listed."""
    match entry.event:
        case "governance:approval:requested":
            joined = ";".join(entry.words("requirements"))
            connection.later(
                f"insert into approvals ({COLUMNS}) values"
                " (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?, ?, ?, '', null, '', '', '',"
                f" ?, ?, '', '', {_AGAIN}, '', 0, '', 0, 0, ?, ?, ?)",
                [
                    (
                        entry.word("approval_id"),
                        entry.case_id,
                        entry.word("action_id"),
                        entry.workflow,
                        entry.word("action"),
                        entry.word("risk"),
                        entry.word("digest"),
                        joined,
                        entry.seq,
                        entry.at_us,
                        entry.number("due_us"),
                        entry.number("expires_us"),
                        entry.number("money_minor"),
                        entry.word("currency"),
                        entry.word("record"),
                        entry.word("alike"),
                        entry.case_id,
                        entry.word("action"),
                        next(iter(entry.words("codes")), ""),
                        (entry.number("due_us") or 0) // MINUTE_US,
                        turn(
                            entry.word("risk"),
                            entry.number("money_minor"),
                            entry.word("currency"),
                        ),
                    )
                ],
            )
            tally.open(entry.workflow, entry.word("action"), 1)
        case "governance:approval:voted":
            votes.cast(connection, entry)
        case "governance:approval:decided":
            _decided(connection, entry, tally)
        case "governance:approval:reminded" if entry.word("to"):
            connection.later(
                "update approvals set held_by = ? where approval_id = ?",
                [(entry.word("to"), entry.word("approval_id"))],
            )
        case "governance:approval:closed":
            _move(connection, entry, tally, ApprovalState(entry.word("state")))
        case _:
            pass


def turn(risk: str, money_minor: int | None, currency: str) -> int:
    """Return the turn among what is due in the same minute: minus risk times money at stake.

    Money counts in hundredths of its own currency, since no rate between two is known here; what
    moves none counts as one of them, so that risk alone orders it.
    """
    money = 0
    if money_minor is not None and currency:
        money = int(abs(Money.of_minor(money_minor, currency).amount) * 100)
    return -min(_WEIGHTS.get(risk, 1) * (1 + money), TURN_MAX)


def _decided(connection: Connection, entry: Entry, tally: Tally) -> None:
    states = {
        "approve": ApprovalState.APPROVED,
        "reject": ApprovalState.DENIED,
        "edit": ApprovalState.SUPERSEDED,
        "escalate": ApprovalState.REVOKED,
    }
    if entry.word("verdict") == "approve":
        votes.cast(connection, entry)
    _move(
        connection,
        entry,
        tally,
        states[entry.word("verdict")],
        "decided_by = ?, decided_us = ?, verdict = ?, reason = ?, replaced_by = ?, batch = ?",
        entry.word("person"),
        entry.at_us,
        entry.word("verdict"),
        entry.word("reason"),
        entry.word("replaced_by"),
        entry.word("batch"),
    )


def _move(
    connection: Connection,
    entry: Entry,
    tally: Tally,
    to: ApprovalState,
    also: str = "",
    *values: Parameter,
) -> None:
    """Move an approval that is there and may move, and set some of its columns."""
    approval_id = entry.word("approval_id")
    update = f"update approvals set state = ?{', ' if also else ''}{also} where approval_id = ?"
    begins = _BEFORE[to]
    if ApprovalState.OPEN.value in begins:
        left = connection.rows(
            f"{update} and state = 'open' returning workflow, action",
            (to.value, *values, approval_id),
        )
        for workflow, action in left:
            tally.open(str(workflow), str(action), -1)
        if left:
            return
    moved = connection.execute(
        f"{update} and state in ({', '.join('?' * len(begins))})",
        (to.value, *values, approval_id, *begins),
    )
    if not moved:
        row = find(connection, approval_id)
        if row is not None:
            move(row.state, to)


_AGAIN = (
    "case when exists (select 1 from approvals b where b.case_id = ? and b.action = ?"
    " and b.state in ('void', 'superseded')) then 1 else 0 end"
)

# The states from which there is a move to each, and itself.
_BEFORE = {
    to: tuple(
        dict.fromkeys(
            (to.value, *(begin.value for begin, ends in MOVES.items() if begin and to in ends))
        )
    )
    for to in ApprovalState
}


def find(connection: Connection, approval_id: str) -> ApprovalRecord | None:
    """Return the row of that approval."""
    row = connection.one(f"select {COLUMNS} from approvals where approval_id = ?", (approval_id,))
    return None if row is None else record(row)


def of_case(connection: Connection, case_id: str) -> list[ApprovalRecord]:
    """Return the approvals of a case, oldest first."""
    rows = connection.rows(
        f"select {COLUMNS} from approvals where case_id = ? order by requested_us, approval_id",
        (case_id,),
    )
    return [record(row) for row in rows]


def of_action(connection: Connection, action_id: str) -> list[ApprovalRecord]:
    """Return the approvals of a proposal, oldest first."""
    rows = connection.rows(
        f"select {COLUMNS} from approvals where action_id = ? order by requested_us, approval_id",
        (action_id,),
    )
    return [record(row) for row in rows]


def of_batch(connection: Connection, batch: str) -> list[ApprovalRecord]:
    """Return the approvals that were decided as one batch."""
    rows = connection.rows(
        f"select {COLUMNS} from approvals where batch = ? and batch <> '' order by approval_id",
        (batch,),
    )
    return [record(row) for row in rows]


def record(row: tuple[object, ...]) -> ApprovalRecord:
    """Return what a row of these columns says."""
    return ApprovalRecord(
        approval_id=str(row[0]),
        case_id=str(row[1]),
        action_id=str(row[2]),
        workflow=str(row[3]),
        action=str(row[4]),
        risk=str(row[5]),
        state=ApprovalState(str(row[6])),
        digest=str(row[7]),
        requirements=tuple(requirement(part) for part in str(row[8]).split(";") if part),
        card_seq=int(str(row[9])),
        requested_us=int(str(row[10])),
        due_us=int(str(row[11])),
        expires_us=int(str(row[12])),
        money_minor=None if row[13] is None else int(str(row[13])),
        currency=str(row[14]),
        decided_by=str(row[15]),
        decided_us=None if row[16] is None else int(str(row[16])),
        verdict=str(row[17]),
        reason=str(row[18]),
        replaced_by=str(row[19]),
        alike=str(row[21]),
        batch=str(row[22]),
        held_by=str(row[23]),
        again=bool(row[24]),
        claimed_by=str(row[25]),
        claimed_until_us=int(str(row[26])),
        asked_of=str(row[27]),
        comments=int(str(row[28])),
        remarks=int(str(row[29])),
        code=str(row[30]),
        due_minute=int(str(row[31])),
        turn=int(str(row[32])),
    )


def requirement(text: str) -> Requirement:
    """Return the requirement written as `2 refund-approver`."""
    people, _, role = text.partition(" ")
    return Requirement(people=int(people), role=role)
