"""Ready cases as a queue: read by lane from the partial index, never kept in memory whole."""

from remit.domain.case import CaseStatus, Priority
from remit.domain.frozen import dataclass
from remit.store.connection import Connection

Lane = tuple[str, str]  # tenant, workflow

STEP_US = 15 * 60 * 1_000_000  # so long a case waits in a class before it moves up one
RANKS = {priority.value: rank for rank, priority in enumerate(Priority)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A case that a run may take."""

    case_id: str
    tenant: str
    workflow: str
    priority: str
    resumed: bool
    ready_us: int
    seq: int  # of the entry that made it ready
    faults: int = 0  # runs that failed or died since it last got on

    @property
    def lane(self) -> Lane:
        return self.tenant, self.workflow

    @property
    def suspect(self) -> bool:
        """Whether its process died under it, and not for the first time."""
        return self.faults >= SUSPECT_FAULTS

    def key(self, now_us: int) -> tuple[int, bool, int, str]:
        """Return what sorts it inside its lane: class, begun before new, age."""
        waited = max(0, now_us - self.ready_us) // STEP_US
        rank = max(0, RANKS[self.priority] - waited)
        return rank, not self.resumed, self.ready_us, self.case_id


SUSPECT_FAULTS = 2
COLUMNS = "case_id, tenant, workflow, priority, resumed, ready_us, ready_seq, faults"


def lanes(connection: Connection) -> list[Lane]:
    """Return every lane that has a ready case; one step in the index for each."""
    found: list[Lane] = []
    last: Lane = ("", "")
    while True:
        row = connection.one(
            "select tenant, workflow from cases where status = 'ready'"
            " and (tenant, workflow) > (?, ?) order by tenant, workflow limit 1",
            last,
        )
        if row is None:
            return found
        last = (str(row[0]), str(row[1]))
        found.append(last)


def page(connection: Connection, lane: Lane, *, resumed: bool, limit: int) -> list[Ready]:
    """Return the first ready cases of a lane, so many of each class."""
    one = (
        f"select * from (select {COLUMNS} from cases where status = 'ready' and tenant = ?"
        " and workflow = ? and priority = ? and resumed = ? order by ready_us, case_id limit ?)"
        " as firsts"
    )
    given = [(*lane, priority.value, int(resumed), limit) for priority in Priority]
    rows = connection.rows(
        " union all ".join([one] * len(given)), [value for values in given for value in values]
    )
    return [of(row) for row in rows]


def find(connection: Connection, case_id: str) -> Ready | None:
    """Return a case if it is ready."""
    row = connection.one(
        f"select {COLUMNS} from cases where case_id = ? and status = 'ready'", (case_id,)
    )
    return None if row is None else of(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a run asks of a case before it begins."""

    workflow: str
    status: CaseStatus
    seq: int  # its last entry
    faults: int
    asked: bool


def standing(connection: Connection, case_id: str) -> Standing | None:
    """Return how a case stands."""
    row = connection.one(
        "select workflow, status, (select max(seq) from entries where case_id = cases.case_id),"
        " faults, asked from cases where case_id = ?",
        (case_id,),
    )
    if row is None:
        return None
    return Standing(
        workflow=str(row[0]),
        status=CaseStatus(row[1]),
        seq=row[2] or 0,
        faults=int(row[3]),
        asked=bool(row[4]),
    )


def some(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """Return (case, workflow) of ready cases, in no order that matters."""
    rows = connection.rows(
        "select case_id, workflow from cases where status = 'ready' limit ?", (limit,)
    )
    return [(str(row[0]), str(row[1])) for row in rows]


def count(connection: Connection, limit: int) -> int:
    """Return how many cases are ready, counted no further than `limit`."""
    return int(
        connection.value(
            "select count(*) from (select 1 from cases where status = 'ready' limit ?) as firsts",
            (limit,),
        )
    )


def since(connection: Connection, before_us: int, limit: int) -> list[Ready]:
    """Return cases that have been ready since before an instant, the longest first."""
    rows = connection.rows(
        f"select {COLUMNS} from cases where status = 'ready' and ready_us < ?"
        " order by ready_us, case_id limit ?",
        (before_us, limit),
    )
    return [of(row) for row in rows]


def of(row: tuple[object, ...]) -> Ready:
    """Return a row of `COLUMNS`."""
    return Ready(
        case_id=str(row[0]),
        tenant=str(row[1]),
        workflow=str(row[2]),
        priority=str(row[3]),
        resumed=bool(row[4]),
        ready_us=int(str(row[5])),
        seq=int(str(row[6])),
        faults=int(str(row[7])),
    )
