"""What was read from a file's values, as a table for people and as JSON."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from remit.cli import terminal
from remit.domain.money import Money
from remit.domain.value import canonical
from remit.intake.normalise import Normalised
from remit.intake.outcome import Field, Outcome
from remit.intake.reasons import sentence

SHOWN_MAX = 20
VALUE_CHARACTERS_MAX = 60
_MARKS = {Outcome.ACCEPTED: "read", Outcome.ASSUMED: "assumed", Outcome.QUARANTINED: "set aside"}


@dataclass(slots=True, kw_only=True)
class Reading:
    """One row of the file: its number, what became of its fields, or why it is no row."""

    row: int
    case: Normalised | None
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class Sum:
    """How the fields of all rows ended, by field and outcome, and why some were set aside."""

    rows: int = 0
    set_aside: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, reading: Reading) -> None:
        """Count one row."""
        self.rows += 1
        case = reading.case
        self.set_aside += case is None or bool(case.reasons)
        if case is None:
            self.codes["no row"] += 1
            return
        for name, one in case.fields.items():
            absent = one.value is None and one.reason is None
            said = "absent" if absent else _MARKS[one.outcome]
            self.outcomes.setdefault(name, Counter())[said] += 1
            if one.reason is not None:
                self.codes[one.reason.code.value] += 1


def _shown(one: Field, private: str | None) -> str:
    if one.value is None:
        return ""
    if private is not None:
        return f"({private})"
    if isinstance(one.value, Money):
        return str(one.value)
    form = canonical(one.value).form
    return form if isinstance(form, str) else json.dumps(form, ensure_ascii=False)


def _candidates(one: Field, private: str | None) -> tuple[str, ...]:
    if one.reason is None or not one.reason.candidates:
        return ()
    number = len(one.reason.candidates)
    return (f"{number} × ({private})",) if private is not None else one.reason.candidates


def picture(
    readings: list[Reading],
    sums: Sum,
    columns: Mapping[str, Mapping[str, str]],
    hidden: Mapping[str, str],
) -> None:
    """Print the rows as a table, and below it how all of them ended."""
    drawn = Table(box=None, pad_edge=False, header_style="bold")
    for head, style in (
        ("row", "dim"),
        ("field", ""),
        ("", ""),
        ("value", "bold"),
        ("why", "dim"),
    ):
        drawn.add_column(head, style=style, overflow="fold", no_wrap=head in ("row", ""))
    for reading in readings:
        for cells in _lines(reading, hidden):
            drawn.add_row(*(terminal.safe(cell) for cell in cells))
    console = Console(width=terminal.width(), markup=False, highlight=False, emoji=False)
    console.print(drawn)
    if sums.rows > len(readings):
        console.print(f"… and {sums.rows - len(readings)} more rows; `--all` shows them")
    console.print()
    for name, proven in columns.items():
        said = ", ".join(one.replace("_", " ") for one in proven.values())
        console.print(f"the column `{name}` proves: {said}")
    for name, counts in sums.outcomes.items():
        console.print(
            f"{name}: {', '.join(f'{number} {said}' for said, number in sorted(counts.items()))}"
        )
    for code, number in sums.codes.most_common():
        console.print(f"{number} × {code}", style="yellow")
    rows_ = f"{sums.rows} row{'s' * (sums.rows != 1)}"
    console.print(f"{rows_}, {sums.set_aside} of them with a value set aside")


def _lines(reading: Reading, hidden: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    number = str(reading.row)
    if reading.case is None:
        yield number, "", "no row", "", reading.fault
        return
    for name, one in reading.case.fields.items():
        if one.value is None and one.reason is None:
            continue
        private = hidden.get(name)
        value = _shown(one, private)
        value = value if len(value) <= VALUE_CHARACTERS_MAX else f"{value[:VALUE_CHARACTERS_MAX]}…"
        if one.reason is not None:
            either = " | ".join(_candidates(one, private))
            seen = sentence(one.reason.code) if private else one.reason.sentence
            yield number, name, _MARKS[one.outcome], f"? {either}" if either else "?", seen
        else:
            parts = [f"{part} {said}" for part, said in one.parts.items()] if not private else []
            why = "; ".join([*(ground.sentence for ground in one.assumptions), *parts])
            yield number, name, _MARKS[one.outcome], value, why
        number = ""


def as_record(
    readings: list[Reading],
    sums: Sum,
    columns: Mapping[str, Mapping[str, str]],
    hidden: Mapping[str, str],
) -> dict[str, Any]:
    """Return every row and the sums as they are printed as JSON."""
    return {
        "rows": [
            {
                "row": reading.row,
                "fault": reading.fault or None,
                "fields": {
                    name: _told(one, hidden.get(name))
                    for name, one in (reading.case.fields if reading.case else {}).items()
                },
            }
            for reading in readings
        ],
        "columns": columns,
        "summary": {
            "rows": sums.rows,
            "set_aside": sums.set_aside,
            "fields": sums.outcomes,
            "codes": sums.codes,
        },
    }


def _told(one: Field, private: str | None) -> dict[str, Any]:
    reason = one.reason
    said = reason.sentence if reason else None
    return {
        "outcome": "absent" if one.value is None and reason is None else one.outcome.value,
        "value": f"({private})" if private and one.value else canonical(one.value).form,
        "assumptions": [ground.code for ground in one.assumptions],
        "parts": {} if private else dict(one.parts),
        "code": reason.code.value if reason else None,
        "sentence": sentence(reason.code) if reason and private else said,
        "candidates": list(_candidates(one, private)),
    }
