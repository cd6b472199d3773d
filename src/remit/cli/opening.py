"""Open a project for a command: to read beside whoever runs it, or to act in it."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click

from remit.app import Remit
from remit.assembly import load_module
from remit.authoring.workflow import Workflow
from remit.cli import terminal
from remit.cli.sign_in import proved
from remit.domain.action import ActionSpec
from remit.domain.case import CaseStatus
from remit.entrance import database_url
from remit.errors import DatabaseLostError, NotFoundError, SettingsError
from remit.governance.sessions import SignedIn
from remit.ledger.anchoring import Anchors
from remit.ledger.keys import KeyRing
from remit.models.choice import Progress
from remit.opening import (
    anchor_path,
    anchors_of,
    existing_keys,
    open_remit,
    vkey_of,
)
from remit.settings import Project
from remit.store import approvals, cases, inbox, reserve
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from remit.store.waits import LIFT

T = TypeVar("T")

SETTLE_SECONDS_MAX = 60.0
SETTLE_STEP_SECONDS = 0.05
WAITING_PAGE = 500
FOUND_MAX = 2  # one more than is wanted: enough to know that a prefix is not unique


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A project's database, open for reading only, and the keys to its contents."""

    project: Project
    database: Database
    keys: KeyRing
    vkey: str  # the public key that verifies the ledger's checkpoints

    @property
    def anchor(self) -> Path:
        """The file outside the data folder that checkpoints are copied to."""
        return anchor_path(self.project, self.keys)

    @property
    def anchor_files(self) -> dict[str, Path]:
        """Receipts kept on this host, as an export carries them: our own, and those of others."""
        others = self.outside.kept
        return {
            "local.anchor": self.anchor,
            **({"others.anchor": others} if others.exists() else {}),
        }

    @property
    def outside(self) -> Anchors:
        """The anchors of the settings, none of them asked yet."""
        return anchors_of(self.project, self.database, self.keys, now=lambda: datetime.now(UTC))

    def specs(self, workflow: str) -> dict[str, ActionSpec]:
        """Return a workflow's actions, for the sentences in which they are told."""
        for member in self.project.workflows:
            settings = member.settings.workflow
            if settings is None or settings.name != workflow:
                continue
            _, _, attribute = settings.module.partition(":")
            found = getattr(load_module(member.folder, settings.module), attribute, None)
            if isinstance(found, Workflow):
                return {name: one.spec for name, one in found.actions.items()}
        return {}


@contextmanager
def reading(project: Project) -> Iterator[Record]:
    """Open a project's database to read it, also beside a running `remit serve`.

    Raises `SettingsError` and the errors of the store.
    """
    keys = existing_keys(project)
    if keys is None:
        raise SettingsError(
            f"there is no key file in `{project.path(project.settings.keys)}`: nothing was "
            "received here yet; begin with `remit run` or `remit serve`"
        )
    try:
        database = open_database(database_url(project), read_only=True, owner="remit")
        try:
            vkey = vkey_of(project, database, keys)
            yield Record(project=project, database=database, keys=keys, vkey=vkey)
        finally:
            database.close()
    finally:
        keys.close()


@dataclass(slots=True, kw_only=True)
class Owned:
    """A project that this process owns, until `run` or the end of `owning` closes it."""

    remit: Remit
    signed_in: SignedIn | None = None  # whoever `--as` names, where people have accounts
    closed: bool = False

    def run(self, work: Callable[[Remit], Awaitable[T]], *, cases: bool = True) -> T:
        """Run cases, unless that is off, while `work` goes on; then close everything."""

        async def whole() -> T:
            await self.remit.start(work=cases)
            try:
                return await work(self.remit)
            finally:
                self.closed = True
                await self.remit.stop()

        return asyncio.run(whole())


@contextmanager
def owning(project: Project, *, owner: str) -> Iterator[Owned]:
    """Open a project to act in it.

    Raises `NotSignedInError` where `--as` names somebody who is not signed in here,
    `DatabaseInUseError` naming who has it, and the errors of what the author wrote.
    """
    context = click.get_current_context(silent=True)
    signed_in = proved(project, {} if context is None else context.params)
    free(project, owner=owner)
    remit = opened(project, owner=owner)
    owned = Owned(remit=remit, signed_in=signed_in)
    try:
        yield owned
    finally:
        if not owned.closed:
            owned.remit.close()


def opened(
    project: Project, *, owner: str, progress: Progress | None = None, reads_on: bool = False
) -> Remit:
    """Open a project to write in it, and warn on standard error where only this host vouches.

    Every command that may append to the record opens it here. Raises what `open_remit` raises.
    """
    remit = open_remit(
        project, owner=owner, progress=progress or Training(), reads_on=reads_on,
        reserve_bytes=reserve.BYTES,
    )  # fmt: skip
    remit.on_lost = end_at_once
    if remit.anchors.warning:
        click.echo(terminal.wrapped(remit.anchors.warning, first="warning: "), err=True)
    return remit


def end_at_once(sentence: str) -> None:
    """End this process: its database is lost, and whatever it does now is done for nothing."""
    sys.stderr.write(f"error: {sentence}\n")
    sys.stderr.flush()
    os._exit(DatabaseLostError.exit_code)


def free(project: Project, *, owner: str) -> None:
    """Raise `DatabaseInUseError` where another process owns the database.

    Asked first: who has it is worth more to a person than what is missing to open the rest.
    """
    url = database_url(project)
    if Path(url.removeprefix("sqlite:///")).exists():
        open_database(url, owner=owner).close()


class Training:
    """Says once that a classifier is being trained: it takes seconds, and happens once."""

    def __init__(self) -> None:
        self._said = False

    def __call__(self, done: int, total: int, what: str) -> None:
        del done, total, what
        if not self._said:
            self._said = True
            click.echo("training the local classifier, once for each training file …", err=True)


async def case_settled(remit: Remit, case_id: str) -> CaseStatus | None:
    """Wait until a case is closed or waits for a person; return how it stands, at the latest then.

    A grace time and a retry are waited out.
    """
    waited = 0.0
    while True:
        row = remit.database.read(lambda c: cases.find(c, case_id))
        if row is None:
            return None
        still = row.status is CaseStatus.PARKED and row.reason in {"approval", LIFT}
        if still or row.status in _SETTLED or waited >= SETTLE_SECONDS_MAX:
            return row.status
        await asyncio.sleep(SETTLE_STEP_SECONDS)
        waited += SETTLE_STEP_SECONDS


def case_named(connection: Connection, start: str) -> str:
    """Return the id of the one case whose id begins so; raises `NotFoundError`."""
    wanted = start.strip().lower()
    if wanted and set(wanted) <= _HEXADECIMAL:
        found = cases.starting_with(connection, wanted, FOUND_MAX)
        if len(found) == 1:
            return found[0].case_id
        if found:
            raise NotFoundError(f"several cases begin with `{start}`; write more of the id")
    raise NotFoundError(f"there is no case `{start}`; see `remit cases`")


def approval_named(connection: Connection, start: str) -> str:
    """Return the id of an approval: the whole id of any, or a beginning of one that waits.

    Raises `NotFoundError`.
    """
    wanted = start.strip().lower()
    if approvals.find(connection, wanted) is not None:
        return wanted
    found: list[str] = []
    after: tuple[int, int, str] | None = None
    while wanted and len(found) < FOUND_MAX:
        page = inbox.page(connection, workflow=None, after=after, limit=WAITING_PAGE)
        found += [one.approval_id for one in page if one.approval_id.startswith(wanted)]
        if len(page) < WAITING_PAGE:
            break
        after = page[-1].place
    if len(found) == 1:
        return found[0]
    if found:
        raise NotFoundError(f"several approvals begin with `{start}`; write more of the id")
    raise NotFoundError(f"no approval that waits begins with `{start}`; see `remit approvals`")


_SETTLED = frozenset({CaseStatus.CLOSED, CaseStatus.ESCALATED, CaseStatus.QUARANTINED})
_HEXADECIMAL = frozenset("0123456789abcdef")
