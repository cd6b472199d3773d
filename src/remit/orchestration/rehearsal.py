"""Replay with all doors shut: no model, connector or retrieval is called and nothing is written.

Before a deployment it says which open cases the new code would not run; in tests and on a share of
closed cases it says that code does not do the same twice.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from remit.authoring.step_call import StepCall
from remit.authoring.workflow import Workflow
from remit.domain.case import CaseOutcome
from remit.domain.entry import Entry
from remit.domain.step import StepKey, StepKind
from remit.domain.value import Json, encode
from remit.errors import DivergenceError, RemitError
from remit.intake.mask import Masker
from remit.ledger import read as record
from remit.ledger.keys import KeyRing
from remit.orchestration import divergence, recorded, replay, scopes
from remit.orchestration.arguments import forms, plain
from remit.orchestration.divergence import Asked, Divergence, Pair
from remit.orchestration.driving import Driving, begun
from remit.orchestration.guarded import where
from remit.orchestration.replay import History
from remit.orchestration.run import CaseParked, Escalated
from remit.store.connection import Connection

End = Literal["edge", "ended", "diverged", "failed", "unreadable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A case as replay needs it."""

    case_id: str
    history: History
    masker: Masker
    digest: Callable[[Json], str]
    complete: bool = False  # its workflow's function returned
    result: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What came of a replay: it fits as far as it goes, or where it does not."""

    case_id: str
    end: End
    divergence: Divergence | None = None
    pairs: tuple[Pair, ...] = ()
    marks: Mapping[str, bool] | None = None  # answers of `changed`, by name
    said: str = ""  # kind and place of a failure, never its values

    @property
    def fits(self) -> bool:
        return self.end in {"edge", "ended"}


async def rehearse(past: Past, workflow: Workflow) -> Rehearsed:
    """Replay a case under this code, from its beginning to the edge of what is recorded."""
    history = past.history
    driving = Driving(
        name=workflow.name,
        history=history,
        identify=lambda call, path: recorded.identity(past.masker, past.digest, call, path),
        recorded=lambda call, key: recorded.answer(
            workflow, history, call, key, past.masker.surrogates
        ),
        live=shut,
    )
    end: End = "edge"
    found: Divergence | None = None
    said = ""
    try:
        answer = await driving.whole(begun(workflow, history, past.masker.surrogates))
        end = "ended"
        _compare_result(past, answer)
    except CaseParked:
        if past.complete:
            end, found = "diverged", _beyond(driving)
    except DivergenceError as error:
        end, found = "diverged", divergence.of(error)
    except Escalated as stopped:
        end = "edge" if stopped.code == "workflow" else "failed"
        said = stopped.code
    except RemitError as error:
        end, said = "failed", f"{error.code}: {error}"
    except Exception as error:  # noqa: BLE001 - the author's code may raise anything
        end, said = "failed", where(error)
    return Rehearsed(
        case_id=past.case_id,
        end=end,
        divergence=found,
        pairs=divergence.compare(history, driving.asked) if found is not None else (),
        marks=dict(driving.marks),
        said=found.sentence if found is not None else said,
    )


def opened(
    connection: Connection, keys: KeyRing, case_id: str, *, random_bytes: Callable[[int], bytes]
) -> Past:
    """Open a case from its entries; raises what reading the record raises."""
    entries = record.stream(connection, keys, case_id, roles=replay.ROLES)
    scope = scopes.read(connection, keys, case_id, content_opened=True)
    masker, _ = scopes.opened(scope, keys, random_bytes=random_bytes)
    digester = scope.key.digester()
    return past_of(case_id, entries, masker, lambda form: digester(encode(form)))


def past_of(
    case_id: str, entries: list[Entry], masker: Masker, digest: Callable[[Json], str]
) -> Past:
    """Fold entries into what replay needs."""
    closed = next(
        (
            one
            for one in entries
            if one.event == "orchestration:case:closed"
            and one.body["outcome"] == CaseOutcome.COMPLETED.value
        ),
        None,
    )
    return Past(
        case_id=case_id,
        history=replay.fold(entries),
        masker=masker,
        digest=digest,
        complete=closed is not None,
        result=None if closed is None else closed.payloads.get("result"),
    )


def drawn(case_id: str, share: float) -> bool:
    """Is this case of the share that is replayed again? The same case always is, or never."""
    number = int.from_bytes(sha256(f"replay/{case_id}".encode()).digest()[:8], "big")
    return number < share * 2**64


# -- parts ---------------------------------------------------------------------------------------


async def shut(call: StepCall[Any], key: StepKey, given: Mapping[str, Json]) -> object:
    """Stop at the edge: nothing is taken live."""
    del key, given
    if call.kind is StepKind.ESCALATE:
        raise Escalated("workflow", "")
    raise CaseParked


def _compare_result(past: Past, answer: object) -> None:
    """Compare what a complete case returned with what is recorded."""
    if not past.complete:
        return
    form = forms({"result": plain(answer)})["result"]
    masked, before = (
        past.masker.mask_json(one, trusted_tokens=True) for one in (form, past.result)
    )
    if masked == before:  # both with what is known by now
        return
    divergence.diverged(
        "result",
        Asked(key=StepKey(path="", kind=StepKind.ESCALATE, name="return", arguments="")),
        None,
        "the code returned something else than is recorded",
    )


def _beyond(driving: Driving) -> Divergence:
    """Say that the code of a complete case asks for more than it did."""
    newest = [*driving.asked.values()][-1]
    said = divergence.said(newest.key)
    return Divergence(
        path=newest.key.path,
        why="new",
        found=said,
        at=newest.at,
        sentence=f"the case was complete, but step {newest.key.path}, `{said}`, is new",
    )
