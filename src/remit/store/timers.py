"""Timers as rows: a projection of the entries that caused them; one that has fired is gone."""

from dataclasses import dataclass

from remit.domain.check_event import SEEDED
from remit.domain.entry import Entry
from remit.store.connection import Connection

SCHEMA = (
    """create table if not exists timers (
        timer_id text primary key,
        due_us integer not null,
        kind text not null,
        case_id text not null,
        path text not null,
        subject text not null
    )""",
    "create index if not exists timers_due on timers (due_us, timer_id)",
    "create index if not exists timers_case on timers (case_id)",
)

TABLES = ("timers",)

COLUMNS = "timer_id, due_us, kind, case_id, path, subject"
_SET = (
    f"insert into timers ({COLUMNS}) values (?, ?, ?, ?, ?, ?)"
    " on conflict (timer_id) do update set due_us = excluded.due_us, kind = excluded.kind,"
    " subject = excluded.subject"
)
HOUR_US = 3_600 * 1_000_000
ESCALATIONS_MAX = 5  # hourly after the due time

# How an approval ends that was decided before: its timers went with the verdict.
AFTER_A_VERDICT = frozenset({"consumed", "void"})

# What a timer is of: a wait, an approval's SLA, a case's SLA.
WAIT, WARN, DUE, ESCALATE, EXPIRE, CASE = "wait", "warn", "due", "escalate", "expire", "case"
LOOK = "look"  # at an open approval: is what it shows still so?
ASIDE = "aside:"  # before the stage, of a message in quarantine: it never expires


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Something that happens at a time, once."""

    timer_id: str
    due_us: int
    kind: str
    case_id: str
    path: str
    subject: str  # what the wait is for, or the approval


EVENTS = frozenset(
    {
        "governance:approval:closed",
        "governance:approval:decided",
        "governance:approval:reminded",
        "governance:approval:requested",
        "governance:quarantine:reminded",
        "intake:case:quarantined",
        "intake:case:received",
        "intake:case:released",
        "orchestration:cancel:asked",
        "orchestration:effect:confirmed",
        "orchestration:case:closed",
        "orchestration:case:escalated",
        "orchestration:case:overdue",
        "orchestration:wait:ended",
        "orchestration:wait:started",
        "policy:book:loaded",
        "policy:limit:raised",
        "policy:stop:lifted",
        "policy:stop:set",
    }
)


def project(connection: Connection, entry: Entry) -> None:
    """Bring the rows up to this entry."""
    match entry.event:
        case "orchestration:wait:started":
            if entry.tenant != SEEDED:  # a check waits for a person and for nothing else
                _wait(connection, entry)
        case "orchestration:wait:ended":
            _drop(connection, f"{entry.case_id}:{entry.path or ''}")
        case "governance:approval:requested":
            _approval(connection, entry)
        case "governance:approval:reminded":
            _again(connection, entry)
        case "governance:approval:decided" | "governance:approval:closed":
            approval_id = entry.word("approval_id")
            if entry.word("state") not in AFTER_A_VERDICT:
                kinds = (WARN, DUE, ESCALATE, EXPIRE, LOOK)
                _drop(connection, *(f"{approval_id}:{kind}" for kind in kinds))
        case "intake:case:quarantined" | "governance:quarantine:reminded":
            _waits_aside(connection, entry)
        case "intake:case:received":
            due_us = entry.number("due_us")
            if due_us is not None:
                _set(connection, entry, f"{entry.case_id}:{CASE}", CASE, due_us, entry.case_id)
        case "orchestration:case:overdue":
            _drop(connection, f"{entry.case_id}:{CASE}")
        case "orchestration:case:escalated" | "orchestration:cancel:asked":
            connection.later(
                "delete from timers where case_id = ? and kind in (?, ?)",
                [(entry.case_id, WAIT, LOOK)],
            )
        case event if event in _HAPPENINGS:
            _happened(connection, entry)
        case "orchestration:case:closed" | "intake:case:released":
            connection.later(
                "delete from timers where case_id = ?",
                [(entry.case_id,)],
            )
        case _:
            pass


def due(connection: Connection, now_us: int, *, after: tuple[int, str], limit: int) -> list[Timer]:
    """Return timers whose time has come, in its order, after a cursor of (due, id)."""
    rows = connection.rows(
        f"select {COLUMNS} from timers where due_us <= ? and (due_us, timer_id) > (?, ?)"
        " order by due_us, timer_id limit ?",
        (now_us, *after, limit),
    )
    return [_row(row) for row in rows]


def find(connection: Connection, timer_id: str) -> Timer | None:
    """Return a timer that has not fired."""
    row = connection.one(f"select {COLUMNS} from timers where timer_id = ?", (timer_id,))
    return None if row is None else _row(row)


def first_due(connection: Connection) -> int | None:
    """Return when the next timer is due."""
    found = connection.value("select min(due_us) from timers")
    return None if found is None else int(found)


# -- projection ----------------------------------------------------------------------------------


def _wait(connection: Connection, entry: Entry) -> None:
    timer_id = f"{entry.case_id}:{entry.path or ''}"
    until = entry.number("expires_us")
    if until is None or entry.word("kind") == "approval":  # an approval has timers of its own
        _drop(connection, timer_id)
        if entry.word("kind") == "approval":
            look = f"{entry.word('ref')}:{LOOK}"
            _set(connection, entry, look, LOOK, entry.at_us + HOUR_US, entry.word("ref"))
    else:
        _set(connection, entry, timer_id, WAIT, until, entry.word("ref"))


def _lifted(connection: Connection, ref: str) -> None:
    """Let everything that waited for this be due at once, what waited longest first."""
    connection.later(
        "update timers set due_us = (select since_us from waits"
        " where waits.case_id = timers.case_id and waits.path = timers.path)"
        " where timer_id in (select case_id || ':' || path from waits"
        " where kind = 'lift' and ref = ?)",
        [(ref,)],
    )


# What may lift what waits, or change what an open approval shows.
_HAPPENINGS = frozenset(
    {
        "orchestration:effect:confirmed", "policy:book:loaded", "policy:limit:raised",
        "policy:stop:lifted", "policy:stop:set",
    }
)  # fmt: skip
_SAME_RECORD = "record = (select record from proposals where action_id = ?) and record <> ''"


def _happened(connection: Connection, entry: Entry) -> None:
    match entry.event:
        case "policy:stop:lifted":
            _lifted(connection, f"stop {entry.word('scope')}")
        case "policy:limit:raised":
            _lifted(connection, f"limit {entry.word('name')}")
        case "policy:stop:set":
            _look(connection, entry, *_stopped(entry.word("scope")))
        case "policy:book:loaded":
            _lifted(connection, f"fault {entry.workflow}")
            _look(connection, entry, "workflow = ?", entry.workflow)
        case _:  # something has just happened on a record
            _look(connection, entry, _SAME_RECORD, entry.word("action_id"))


def _stopped(scope: str) -> tuple[str, str]:
    """Return which approvals a stop may concern: all, where only the gate can tell."""
    kind, _, name = scope.partition(":")
    match kind:
        case "case":
            return "case_id = ?", name
        case "workflow" | "action":
            return "workflow = ?", name.partition(".")[0]
        case _:
            return "? <> ''", scope


def _look(connection: Connection, entry: Entry, which: str, value: str) -> None:
    """Have open approvals looked at again at once: what they show may not be so any more."""
    connection.later(
        f"update timers set due_us = ? where kind = '{LOOK}' and timer_id in"
        f" (select approval_id || ':{LOOK}' from approvals where state = 'open' and {which})",
        [(entry.at_us, value)],
    )


def _approval(connection: Connection, entry: Entry) -> None:
    due_us, expires_us = entry.number("due_us") or 0, entry.number("expires_us") or 0
    times = {WARN: (entry.at_us + due_us) // 2, DUE: due_us, EXPIRE: expires_us}
    approval_id = entry.word("approval_id")
    connection.later(
        _SET,
        [
            (f"{approval_id}:{kind}", at_us, kind, entry.case_id, entry.path or "", approval_id)
            for kind, at_us in times.items()
            if kind == EXPIRE or at_us < expires_us
        ],
    )


def _again(connection: Connection, entry: Entry) -> None:
    """Move attention once more, when the chain says."""
    approval_id, stage = entry.word("approval_id"), entry.word("stage")
    _drop(connection, f"{approval_id}:{stage}")
    next_us, expires_us = entry.number("next_us"), entry.number("expires_us") or 0
    if next_us is not None and next_us < expires_us:
        _set(connection, entry, f"{approval_id}:{ESCALATE}", ESCALATE, next_us, approval_id)


def _set(
    connection: Connection, entry: Entry, timer_id: str, kind: str, due_us: int, subject: str
) -> None:
    connection.later(
        _SET,
        [(timer_id, due_us, kind, entry.case_id, entry.path or "", subject)],
    )


def _waits_aside(connection: Connection, entry: Entry) -> None:
    """Remind as of an approval: at half the time, at its end, then hourly a few times."""
    due_us = entry.number("due_us")
    if due_us is None:
        return
    if entry.event == "intake:case:quarantined":
        for stage, at_us in ((WARN, (entry.at_us + due_us) // 2), (DUE, due_us)):
            _set_aside(connection, entry, stage, at_us)
        return
    stage = entry.word("stage")
    _drop(connection, f"{entry.case_id}:{ASIDE}{stage}")
    if stage != WARN and (entry.number("step") or 0) < ESCALATIONS_MAX:
        _set_aside(connection, entry, ESCALATE, due_us + HOUR_US)


def _set_aside(connection: Connection, entry: Entry, stage: str, at_us: int) -> None:
    kind = f"{ASIDE}{stage}"
    _set(connection, entry, f"{entry.case_id}:{kind}", kind, at_us, entry.case_id)


def _drop(connection: Connection, *timer_ids: str) -> None:
    marks = ", ".join("?" * len(timer_ids))
    connection.later(
        f"delete from timers where timer_id in ({marks})",
        [timer_ids],
    )


def _row(row: tuple[object, ...]) -> Timer:
    return Timer(
        timer_id=str(row[0]),
        due_us=int(str(row[1])),
        kind=str(row[2]),
        case_id=str(row[3]),
        path=str(row[4]),
        subject=str(row[5]),
    )
