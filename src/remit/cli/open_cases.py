"""Open cases under the code that lies here: each replayed with all doors shut, nothing written."""

import asyncio
import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from remit.assembly import load_module, workflow_of
from remit.authoring.workflow import Workflow
from remit.cli import terminal
from remit.cli.handler_rules import marks
from remit.cli.opening import Record, reading
from remit.domain.case import OPEN
from remit.domain.step import StepKind
from remit.errors import RemitError
from remit.opening import existing_keys
from remit.orchestration import rehearsal
from remit.orchestration.rehearsal import Rehearsed
from remit.settings import Project
from remit.store import cases
from remit.store.cases import CaseRow

PAGE_CASES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An open case that this code would not run."""

    case_id: str
    workflow: str
    status: str
    end: str  # diverged | failed | unreadable
    path: str
    recorded: str
    found: str
    at: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A name of `run.changed` that no open case needs: it can go from the code."""

    workflow: str
    name: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCases:
    """What came of replaying every open case."""

    tried: int
    troubles: tuple[Trouble, ...] = ()
    markers: tuple[Marker, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """The result as a person reads it."""
        said = [
            f"case {one.case_id} of {one.workflow} ({one.status}) {one.end}: "
            + terminal.safe(one.said)
            + (f" ({one.at})" if one.at else "")
            for one in self.troubles
        ]
        said += [
            f"{one.workflow}: no open case needs the marker `{one.name}` (line {one.line})"
            for one in self.markers
        ]
        would = len(self.troubles)
        said.append(
            f"{self.tried} open case{'s' * (self.tried != 1)} replayed, {would} would not run"
        )
        return tuple(said)


def open_cases(project: Project, names: list[str]) -> OpenCases:
    """Replay the open cases of these workflows under the code of the project."""
    if existing_keys(project) is None:
        return OpenCases(tried=0)  # nothing was received here yet
    with reading(project) as record:
        return asyncio.run(_replayed(project, record, names))


async def _replayed(project: Project, record: Record, names: list[str]) -> OpenCases:
    tried = 0
    troubles: list[Trouble] = []
    markers: list[Marker] = []
    for member in project.workflows:
        settings = member.settings.workflow
        if settings is None or settings.name not in names:
            continue
        workflow = workflow_of(load_module(member.folder, settings.module), settings)
        needed: set[str] = set()
        for row in _open(record, settings.name):
            tried += 1
            came = await _one(record, row, workflow, needed)
            if not came.fits and not (came.end == "failed" and row.status.value == "escalated"):
                troubles.append(_trouble(row, came))
        source = member.folder / f"{settings.module.partition(':')[0]}.py"
        markers += [
            Marker(workflow=settings.name, name=name, line=line)
            for name, line in marks(source.read_text("utf-8")).items()
            if name not in needed
        ]
    return OpenCases(tried=tried, troubles=tuple(troubles), markers=tuple(markers))


async def _one(record: Record, row: CaseRow, workflow: Workflow, needed: set[str]) -> Rehearsed:
    try:
        past = record.database.read(
            lambda c: rehearsal.opened(
                c, record.keys, row.case_id, random_bytes=secrets.token_bytes
            )
        )
    except RemitError as error:
        return Rehearsed(case_id=row.case_id, end="unreadable", said=f"{error.code}: {error}")
    came = await rehearsal.rehearse(past, workflow)
    needed |= {key.name for key in past.history.calls.values() if key.kind is StepKind.CHANGED}
    needed |= {name for name, first in (came.marks or {}).items() if not first}
    return came


def _open(record: Record, workflow: str) -> Iterator[CaseRow]:
    for status in sorted(OPEN):
        after: tuple[int, str] | None = None
        while page := record.database.read(
            lambda c, s=status, a=after: cases.page(  # type: ignore[misc]  # defaults bind the loop's values
                c, workflow=workflow, status=s, after=a, limit=PAGE_CASES
            )
        ):
            yield from page
            after = page[-1].opened_us, page[-1].case_id


def _trouble(row: CaseRow, came: Rehearsed) -> Trouble:
    found = came.divergence
    return Trouble(
        case_id=row.case_id,
        workflow=row.workflow,
        status=row.status.value,
        end=came.end,
        path="" if found is None else found.path,
        recorded="" if found is None else found.recorded,
        found="" if found is None else found.found,
        at="" if found is None else found.at,
        said=came.said,
    )
