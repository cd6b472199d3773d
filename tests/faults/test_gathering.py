"""An error in one fact is that fact's fault: nothing is performed, and the case waits for it."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from remit.domain.value import Json
from remit.orchestration import (
    denials,
    endorsed,
    facts,
    level_facts,
    limiting,
    policy_facts,
    provenance,
)
from remit.policy import sources
from tests.projects import Small, events, found, send, standing, states

pytestmark = pytest.mark.anyio

PAY = """
order = await run.read(get_order, order_id=case.order_id)
await run.act(pay, order_id=order.id, amount=case.amount or order.total)
"""

# Each call that tells a fact, and under which name it fails.
CALLS = {
    "witnesses": (provenance, "witnesses"),
    "record": (sources, "acted_upon"),
    "bounds": (facts, "bound_names"),
    "rows": (facts, "read_standing"),
    "rules": (facts, "_in_force"),
    "proofs": (sources, "prove"),
    "endorsements": (endorsed, "endorsed"),
    "takes": (facts, "takes"),
    "level": (level_facts, "level"),
    "digest": (facts, "bound"),
    "votes": (facts, "_counted"),
    "count": (denials, "times_used"),
    "delegations": (facts.cast_votes, "not_lapsed"),
    "denials": (denials, "denied"),
    "denied": (denials, "count"),
    "subject": (facts, "_denied_until"),
    "confidential": (facts, "confidential"),
    "content": (facts, "findings"),
    "stops": (facts, "stops_on"),
    "policy": (facts, "ask"),
    "question": (policy_facts, "question"),
    "demands": (limiting, "asked"),
    "limits": (limiting, "facts"),
    "confidence": (level_facts, "confidence"),
}


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A small desk in a folder of its own."""
    return Small(folder=tmp_path)


def failing(*_: Any, **__: Any) -> Any:
    raise ValueError("4242 4242 4242 4242")  # what it says may hold a value: it is never told


@pytest.mark.parametrize("name", CALLS)
async def test_an_error_in_a_fact_is_its_fault_and_performs_nothing(
    small: Small, monkeypatch: pytest.MonkeyPatch, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with small.open(PAY, replays=False) as remit:
        module, function = CALLS[name]
        monkeypatch.setattr(module, function, failing)
        case_id = await send(remit)
        monkeypatch.undo()
        waits = ("parked", "lift") if name != "rows" else ("escalated", "step.fact_missing")
        assert standing(remit, case_id) == waits  # without rows nobody knows what to wait for
        assert "orchestration:run:faulted" not in events(remit, case_id)
        assert states(remit, case_id)[0][1] == "blocked"
        decided, *_ = found(remit, case_id, "policy:action:decided")
        assert "step.fact_missing" in decided.body["codes"]
        said = f"{name}: ValueError at test_gathering.py"
        assert any(one.startswith(said) for one in faults(decided.payloads["words"]))
        assert said in caplog.text
        assert "4242 4242" not in caplog.text + str(decided.payloads)
    assert small.performed() == []


def faults(words: Json) -> list[str]:
    assert isinstance(words, dict)
    said = words["faults"]
    assert isinstance(said, list)
    return [str(one) for one in said]


def every_guarded_name(module: Any) -> set[str]:
    """Return the names under which a module's source gathers facts."""
    return set(re.findall(r"guard\.fact\(\s*\"(\w+)\"", inspect.getsource(module)))


def test_each_fact_that_is_gathered_is_tried() -> None:
    assert every_guarded_name(facts) == set(CALLS)
