"""The lines of `tests/golden/intake.jsonl`, and how one of them is read."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from remit.domain.money import Money
from remit.domain.value import Json, canonical
from remit.intake.identifiers import normalise_identifier
from remit.intake.normalise import NORMALISERS, NormaliseContext
from remit.intake.outcome import Field, Kind
from remit.intake.values import read_record

TABLE = Path(__file__).parent / "golden" / "intake.jsonl"
NUMBER = r"\d{4,15}"  # what an identifier without a scheme looks like in the table


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One input with its context, and what must become of it.

    `meant` is what it says to a person who knows the context, where it says one thing only.
    """

    kind: str
    raw: str
    context: dict[str, Any]
    outcome: str
    value: Json
    code: str | None
    candidates: list[str]
    assumptions: list[str]
    meant: Json
    origin: str
    schemes: tuple[str, ...] = ()
    parts: dict[str, str] | None = None
    expected: dict[str, Any] = field(default_factory=dict)


def _line(text: str) -> Line:
    row = json.loads(text)
    names = ("outcome", "value", "code", "candidates", "assumptions")
    expected = {name: row[name] for name in names}
    return Line(**{**row, "schemes": tuple(row.get("schemes", ()))}, expected=expected)


CASES = [_line(text) for text in TABLE.read_text("utf-8").splitlines()]


def context(**known: Any) -> NormaliseContext:
    """Return a context on the fourth of March 2025."""
    return NormaliseContext(received_at=datetime(2025, 3, 4, 12, tzinfo=UTC), **known)


def read(line: Line, *, raw: str | None = None, known: dict[str, Any] | None = None) -> Field:
    """Read the input of a line, or another one in its place."""
    text = line.raw if raw is None else raw
    around = context(**(line.context if known is None else known))
    if line.kind == "record":
        return read_record(text)
    if line.kind == "identifier":
        return normalise_identifier(text, around, pattern=NUMBER, schemes=line.schemes)
    return NORMALISERS[Kind(line.kind)](text, around)


def shown(found: Field) -> Json:
    """Return a value as the table writes it."""
    return str(found.value) if isinstance(found.value, Money) else canonical(found.value).form
