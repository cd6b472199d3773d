"""One case, replayed by two processes that hash text differently: both must ask for the same.

What a process hands over is a case's masked past with plain digests of what its own code asked
for; the other process needs no database, no key and no vault to do the same and compare.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from remit.authoring.step_call import StepCall
from remit.authoring.workflow import Workflow
from remit.domain.effect import EffectState
from remit.domain.step import RecordedStep, StepKey, StepKind
from remit.domain.value import Json, digest
from remit.errors import DivergenceError, RemitError
from remit.intake.surrogates import Surrogates
from remit.intake.tokens import is_token
from remit.orchestration import divergence, recorded
from remit.orchestration.acts import ActRecord
from remit.orchestration.arguments import forms, plain
from remit.orchestration.driving import Driving, begun
from remit.orchestration.guarded import where
from remit.orchestration.rehearsal import Past, shut
from remit.orchestration.replay import History
from remit.orchestration.run import CaseParked, Escalated

Members = dict[str, Json]


async def handed_over(past: Past, workflow: Workflow) -> Members | None:
    """Return a case for another process; `None` where this one cannot replay it either."""
    history = past.history
    marks = {
        path: replace(key, arguments=digest({}))
        for path, key in history.calls.items()
        if key.kind is StepKind.CHANGED
    }
    free = replace(history, calls=marks)
    surrogates = Surrogates(is_token)
    driving = _driving(workflow, free, surrogates)
    end = await _end(driving, workflow, free, surrogates)
    if end[0] == "failed":
        return None
    return {
        "fields": history.fields,
        "end": list(end),
        "calls": [
            [path, one.key.kind.value, one.key.name, one.key.arguments]
            for path, one in driving.asked.items()
        ],
        "steps": [
            [path, one.key.kind.value, one.key.name, one.seq, one.result, one.failed]
            for path, one in history.steps.items()
        ],
        "acts": [
            [path, acts[-1].action, acts[-1].state.value, acts[-1].receipt, acts[-1].code,
             acts[-1].sent, acts[-1].attempt]
            for path, acts in history.acts.items()
        ],
        "ended": dict(history.ended),
        "furthest": dict(history.furthest),
    }  # fmt: skip


async def compared(workflow: Workflow, case: Mapping[str, Any]) -> str:
    """Replay a case that another process handed over; return what differs, empty if nothing."""
    history = _history(case)
    surrogates = Surrogates(is_token)
    driving = _driving(workflow, history, surrogates)
    end = await _end(driving, workflow, history, surrogates)
    if end[0] == "diverged":
        return end[1]
    missed = sorted(history.calls.keys() - driving.asked.keys())
    if missed:
        said = divergence.said(history.calls[missed[0]])
        return f"step {missed[0]}, `{said}`, was not asked for"
    if list(end) == case["end"]:
        return ""
    return (
        "the code returned something else"
        if end[0] == case["end"][0]
        else f"the code came to `{end[0]}`, not to `{case['end'][0]}`"
    )


async def _end(
    driving: Driving, workflow: Workflow, history: History, surrogates: Surrogates
) -> tuple[str, str]:
    """Drive to the edge or the end; return which, and a digest or a sentence."""
    try:
        answer = await driving.whole(begun(workflow, history, surrogates))
        return "ended", digest(forms({"result": plain(answer)})["result"])
    except CaseParked:
        return "edge", ""
    except DivergenceError as error:
        return "diverged", str(error)
    except Escalated as stopped:
        return "edge", stopped.code
    except RemitError as error:
        return "failed", error.code
    except Exception as error:  # noqa: BLE001 - the author's code may raise anything
        return "failed", where(error)


def _driving(workflow: Workflow, history: History, surrogates: Surrogates) -> Driving:
    return Driving(
        name=workflow.name,
        history=history,
        identify=_identity,
        recorded=lambda call, key: recorded.answer(workflow, history, call, key, surrogates),
        live=shut,
    )


def _identity(call: StepCall[Any], path: str) -> tuple[StepKey, Mapping[str, Json]]:
    given = forms(call.arguments)
    made: Json = dict(given)
    return StepKey(path=path, kind=call.kind, name=call.name, arguments=digest(made)), given


def _history(case: Mapping[str, Any]) -> History:
    keys = {
        path: StepKey(path=path, kind=StepKind(kind), name=name, arguments=arguments)
        for path, kind, name, arguments in case["calls"]
    }
    calls = {path: key for path, key in keys.items() if key.kind is not StepKind.GATHER}
    steps = {
        path: RecordedStep(
            key=StepKey(path=path, kind=StepKind(kind), name=name, arguments=""),
            seq=seq, result=result, failed=failed,
        )
        for path, kind, name, seq, result, failed in case["steps"]
    }  # fmt: skip
    acts = {
        path: [
            ActRecord(
                action_id="", action=action, version=1, path=path, arguments={}, author="",
                state=EffectState(state), seq=0, receipt=receipt, code=code, sent=sent,
                attempt=attempt,
            )
        ]
        for path, action, state, receipt, code, sent, attempt in case["acts"]
    }  # fmt: skip
    return History(
        fields=case["fields"],
        calls=calls,
        steps=steps,
        acts=acts,
        ended=dict(case["ended"]),
        furthest=dict(case["furthest"]),
    )
