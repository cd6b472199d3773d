"""A case whose answer is known, tried under the behaviour of now and held against that answer."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.domain.value import Json
from remit.errors import RemitError, StorageError
from remit.governance import compared
from remit.governance.compared import Came, Compared, Truth
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.orchestration import shadowing
from remit.orchestration.acts import ActRecord
from remit.orchestration.run import Read, Run
from remit.orchestration.runs import Runs
from remit.orchestration.shadowing import Wanted
from remit.orchestration.steps import Steps
from remit.store.evidence import EvidenceRow

CASE_SECONDS_MAX: Final = 300

GONE: Final = "gone"  # erased since, or not to be read here
SLOW: Final = "slow"  # it took too long
CHANGED: Final = "changed"  # other rules are in force by now


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What trying a case takes."""

    runs: Runs
    read: Read
    keys: KeyRing
    reading: Steps  # of its own: nothing is counted with that of real runs
    jitter: Callable[[], float]
    plan: Plan
    fingerprint: str
    apart: str  # under what models are asked: never for an answer that they gave before

    async def tried(self, row: EvidenceRow) -> Compared:
        """Return what came of the case of one row; raises `StorageError`."""
        came, code, differs = Came.INCOMPARABLE, GONE, tuple[str, ...]()
        try:
            async with asyncio.timeout(CASE_SECONDS_MAX):
                came, code, differs = await self._held(row)
        except TimeoutError:
            code = SLOW
        except StorageError:
            raise
        except RemitError:
            code = GONE
        return Compared(
            case_id=row.case_id, action_id=row.action_id, right=row.outcome == "right",
            came=came, code=code, parameters=differs,
        )  # fmt: skip

    async def _held(self, row: EvidenceRow) -> tuple[Came, str, tuple[str, ...]]:
        run = await self.runs.open(row.case_id)
        entries = await self.read(
            lambda c: record.stream(c, self.keys, row.case_id, roles={"reason"})
        )
        act = _act(run, row.action_id)
        if act is None:
            return Came.INCOMPARABLE, GONE, ()
        if run.equipment.fingerprint != self.fingerprint:
            return Came.INCOMPARABLE, CHANGED, ()
        ended = await shadowing.shadowed(
            run, Wanted(action=act.action, path=act.path), self.reading, apart=self.apart,
            jitter=self.jitter,
        )  # fmt: skip
        return compared.judge(self.plan, truth(act, row, entries), ended)


def truth(act: ActRecord, row: EvidenceRow, entries: Sequence[Entry]) -> Truth:
    """Return what is known of a proposal: it was right, or what the desk made of it, if anything.

    What is right in place of a wrong one is known from an edit of the desk, and from what a person
    says they did themselves; a denial and an audit that finds it wrong name nothing.
    """
    proposed = act.arguments
    if row.outcome == "right":
        return Truth(proposed=proposed, right=True, corrected=proposed)
    if act.edits:
        return Truth(proposed=proposed, right=False, corrected={**proposed, **act.edits})
    own = _own(row, entries)
    if own is None or "own" not in own:
        return Truth(proposed=proposed, right=False)
    done = own["own"]
    if not isinstance(done, dict):
        return Truth(proposed=proposed, right=False, nothing=True)
    return Truth(proposed=proposed, right=False, corrected=done)


def _own(row: EvidenceRow, entries: Sequence[Entry]) -> dict[str, Json] | None:
    """Return what a person said that they did themselves; `None` where nobody did."""
    for one in reversed(entries):
        said = one.payloads.get("reason")
        told = one.event == "governance:label:given" and one.word("source") == "shadow"
        if told and one.word("action_id") == row.action_id and isinstance(said, dict):
            note = said.get("note")
            return note if isinstance(note, dict) else None
    return None


def _act(run: Run, action_id: str) -> ActRecord | None:
    """Return the first version of a proposal, as the workflow wrote it."""
    return next(
        (one[0] for one in run.history.acts.values() if one[0].action_id == action_id), None
    )
