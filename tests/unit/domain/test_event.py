"""The closed set of ledger events keeps its grammar."""

import dataclasses
import re
from typing import get_type_hints

import pytest

from remit.domain import event
from remit.domain.entry import EVENTS, Event

SOURCES = {"api", "intake", "orchestration", "policy", "governance", "ledger"}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_event_is_named_source_subject_verb(name: str) -> None:
    assert re.fullmatch(r"[a-z]+:[a-z_]+:[a-z]+", name)
    assert name.partition(":")[0] in SOURCES


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: kind.NAME)
def test_a_body_holds_no_float(kind: type[Event]) -> None:
    assert "float" not in str(get_type_hints(kind, vars(event)))


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: kind.NAME)
def test_an_event_is_a_value_with_keyword_members(kind: type[Event]) -> None:
    with pytest.raises(TypeError):
        kind("positional")
    assert dataclasses.is_dataclass(kind)
    assert kind.__hash__ is not None


def test_members_that_are_none_are_left_out_of_the_body() -> None:
    made = event.ToolRead(
        name="get_order", arguments="a", connector="shop", latency_ms=3, result="r"
    )
    assert made.body() == {
        "name": "get_order", "arguments": "a", "connector": "shop", "latency_ms": 3, "result": "r",
    }  # fmt: skip
    closed = event.CaseClosed(outcome="completed")
    assert closed.body() == {"outcome": "completed"}
