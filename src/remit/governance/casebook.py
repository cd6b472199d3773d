"""Cases as people see them: lists, and one case from message to effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from remit.domain import clock
from remit.domain.action import ActionSpec
from remit.domain.case import CaseStatus
from remit.domain.check_event import SEEDED
from remit.domain.effect import EffectState
from remit.domain.entry import Entry
from remit.domain.erasure import Ending
from remit.domain.value import Json
from remit.errors import NotFoundError
from remit.governance import cards, checks, inbox, votes
from remit.governance.card import ApprovalRow
from remit.governance.cost import shown
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.observability import tracing
from remit.observability.line import Timeline
from remit.store import approvals, cases, proposals
from remit.store.among import Workflows
from remit.store.connection import Connection

PAGE_MAX = 200
SEARCH_LENGTH_MIN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """One line of the list of cases."""

    case_id: str
    number: int  # milliseconds since 1970 at which it was opened: short enough to say
    workflow: str
    status: str
    reason: str | None
    result: str | None
    opened_at: datetime
    closed_at: datetime | None
    external: str | None
    due_at: datetime | None = None  # until when somebody should settle it, in quarantine


@dataclass(frozen=True, slots=True, kw_only=True)
class CasePage:
    rows: tuple[CaseLine, ...]
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectLine:
    """One proposal of a case and what became of it."""

    action_id: str
    action: str
    state: str
    sentence: str
    reference: str | None
    attempt: int
    can_undo: bool
    begins_at: datetime | None = None  # until when it can be taken back


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPair:
    """What is recorded at a step, and what the code asks for there now; empty where nothing is."""

    path: str
    recorded: str
    found: str
    at: str  # file and line
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Diverged:
    """Why the workflow's code does not run this case any more."""

    sentence: str
    path: str
    at: str
    recorded_version: str
    found_version: str
    calls: tuple[CallPair, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """A case from message to effect."""

    row: CaseLine
    fields: Mapping[str, str]
    timeline: Timeline
    approvals: tuple[ApprovalRow, ...]
    effects: tuple[EffectLine, ...]
    erased_at: datetime | None = None  # its content is gone; what it shows stands in the leaves
    ending: Ending | None = None  # on whose word that is
    diverged: Diverged | None = None  # while a person has it for that
    follows: str | None = None
    followed_by: str | None = None


def page(
    connection: Connection,
    *,
    workflow: Workflows,
    status: str | None,
    after: str | None,
    limit: int,
    search: str | None,
) -> CasePage:
    """Return cases, newest first; `search` is the beginning of a case's id."""
    size = min(limit, PAGE_MAX)
    if search:
        wanted = search.strip().lower()
        found = (
            cases.starting_with(connection, wanted, size, workflow=workflow)
            if len(wanted) >= SEARCH_LENGTH_MIN and set(wanted) <= set("0123456789abcdef")
            else []
        )
        return CasePage(rows=tuple(line(row) for row in found), after=None)
    rows = cases.page(
        connection, workflow=workflow, status=status, after=inbox.cursor(after), limit=size + 1
    )
    shown = rows[:size]
    more = len(rows) > size
    return CasePage(
        rows=tuple(line(row) for row in shown),
        after=inbox.mark(shown[-1].opened_us, shown[-1].case_id) if more else None,
    )


def view(
    connection: Connection,
    keys: KeyRing,
    case_id: str,
    *,
    specs: Mapping[str, ActionSpec],
    now: datetime,
) -> CaseView:
    """Return a case with its timeline; raises `NotFoundError`."""
    row = cases.find(connection, case_id)
    if row is None:
        raise NotFoundError(f"there is no case `{case_id}`")
    said = checks.disguised(record.stream(connection, keys, case_id, erased=True))
    entries = votes.hidden(connection, said)
    ended = record.ended(connection, case_id)
    fields: Json = {}
    for entry in entries:
        fields = entry.payloads.get("fields", fields)
    arguments = _proposed(entries)
    return CaseView(
        row=line(row),
        fields={name: shown(form) for name, form in fields.items()}
        if isinstance(fields, dict)
        else {},
        timeline=tracing.timeline(entries, says={name: spec.says for name, spec in specs.items()}),
        approvals=inbox.approval_rows(
            connection, keys, approvals.of_case(connection, case_id), now
        ),
        effects=tuple(
            _effect(one, specs, arguments, seeded=row.tenant == SEEDED)
            for one in proposals.of_case(connection, case_id)
        ),
        erased_at=None if ended is None else clock.instant(ended.at_us),
        ending=None if ended is None else ended.how,
        diverged=_diverged(entries) if row.reason == "diverged" else None,
        follows=_linked(entries, "follows"),
        followed_by=_linked(entries, "followed_by"),
    )


def proposed(connection: Connection, keys: KeyRing, case_id: str) -> dict[str, Mapping[str, Json]]:
    """Return what each action of a case was given; without those whose words were erased."""
    return _proposed(record.stream(connection, keys, case_id, roles=("arguments",), erased=True))


def _proposed(entries: Sequence[Entry]) -> dict[str, Mapping[str, Json]]:
    found: dict[str, Mapping[str, Json]] = {}
    for entry in entries:
        given = entry.payloads.get("arguments")
        if entry.event == "orchestration:action:proposed" and isinstance(given, dict):
            found[str(entry.body["action_id"])] = given
    return found


def line(row: cases.CaseRow) -> CaseLine:
    """Return a case's row as a line."""
    return CaseLine(
        case_id=row.case_id,
        number=row.opened_us // 1000,
        workflow=row.workflow,
        status=row.status.value,
        reason=row.reason or None,
        result=row.result or None,
        opened_at=clock.instant(row.opened_us),
        closed_at=None if row.closed_us is None else clock.instant(row.closed_us),
        external=row.external[:12] or None,
        due_at=clock.instant(row.settle_us)
        if row.settle_us is not None and row.status is CaseStatus.QUARANTINED
        else None,
    )


def _effect(
    row: proposals.ProposalRow,
    specs: Mapping[str, ActionSpec],
    arguments: Mapping[str, Mapping[str, Json]],
    *,
    seeded: bool = False,
) -> EffectLine:
    spec = specs.get(row.action)
    sentence = (
        row.action if spec is None else cards.sentence(spec, arguments.get(row.action_id, {}))
    )
    return EffectLine(
        action_id=row.action_id,
        action=row.action,
        state=(EffectState.HELD if seeded and row.state is EffectState.NOTED else row.state).value,
        sentence=sentence,
        reference=row.reference or None,
        attempt=row.attempt,
        can_undo=row.state in {EffectState.CONFIRMED, EffectState.UNCOMPENSATED}
        and spec is not None
        and spec.undo is not None,
        begins_at=clock.instant(row.begins_us)
        if row.begins_us is not None and row.state is EffectState.CLEARED
        else None,
    )


def _diverged(entries: Sequence[Entry]) -> Diverged | None:
    found = [one for one in entries if one.event == "orchestration:case:diverged"]
    if not found:
        return None
    entry = found[-1]
    kept = entry.payloads.get("calls")
    calls = kept.get("calls") if isinstance(kept, dict) else None
    return Diverged(
        sentence=str(kept.get("sentence", "")) if isinstance(kept, dict) else "",
        path=entry.path or "",
        at=entry.word("at"),
        recorded_version=entry.word("recorded_version"),
        found_version=entry.word("found_version"),
        calls=tuple(
            CallPair(
                path=str(one[0]), recorded=str(one[1]), found=str(one[2]), at=str(one[3]),
                same=one[4] is True,
            )
            for one in (calls if isinstance(calls, list) else [])
            if isinstance(one, list) and len(one) == len(CallPair.__slots__)
        ),
    )  # fmt: skip


def _linked(entries: Sequence[Entry], name: str) -> str | None:
    return next((one.word(name) for one in entries if one.word(name)), None)
