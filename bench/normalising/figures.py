"""Lay what Remit and other libraries read of the same inputs side by side."""

import json
import statistics
import tempfile
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from bench.normalising import formats
from bench.places import HOME, ROOT
from bench.side import System
from bench.table import Table, number

SECONDS = 2.0
PROCESS_SECONDS_MAX = 300
SYSTEMS = Path(__file__).parent / "systems"
TABLE = ROOT / "tests" / "golden" / "intake.jsonl"
KINDS = ("date", "instant", "money")
CANONICAL = {
    "date": "2025-03-04",
    "instant": "2025-03-04T10:00:00.000000Z",
    "money": "1234.56 EUR",
}
# What Remit refuses by a rule of its own, though another reading is no error: left out.
HOUSE_RULES = frozenset(
    "date.relative date.serial_number date.calendar_unclear time.half_of_day currency.missing"
    " currency.ambiguous currency.withdrawn".split()
)
UNUSUAL = frozenset({"1899-12-31", "2101-01-01", "2025-03-04T10:00-00:00"})
Say = Callable[[str], None]
Row = dict[str, Any]

EVERY = (
    System(label="Remit", script="remit_reader.py"),
    System(label="Remit, core only", script="remit_reader.py", options=("--without-extra",)),
    System(label="dateutil", script="dateutil_reader.py", lock="normalising"),
    System(
        label="dateutil, dayfirst",
        script="dateutil_reader.py",
        options=("--dayfirst",),
        lock="normalising",
    ),
    System(label="dateparser", script="dateparser_reader.py", lock="normalising"),
    System(
        label="dateparser, strict, languages named",
        script="dateparser_reader.py",
        options=("--strict",),
        lock="normalising",
    ),
    System(label="price-parser", script="price_parser_reader.py", lock="normalising"),
)


def measure(say: Say, seconds: float = SECONDS) -> tuple[dict[str, Any], list[Table]]:
    """Return every figure, and the tables of them."""
    table = [json.loads(line) for line in TABLE.read_text(encoding="utf-8").splitlines()]
    rows = [row for row in table if row["kind"] in KINDS and not row["context"]]
    rows = [row for row in rows if row["code"] not in HOUSE_RULES and row["raw"] not in UNUSUAL]
    written = formats.rows()
    given = {"rows": [*rows, *written], "canonical": CANONICAL}
    made: dict[str, dict[str, Any] | str] = {}
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        source = Path(folder) / "in.json"
        source.write_text(json.dumps(given), encoding="utf-8")
        for place, system in enumerate(EVERY, 1):
            say(f"normalising, {place} of {len(EVERY)}: {system.label}")
            found = system.run(
                SYSTEMS, source, Path(folder) / "out.json",
                seconds=seconds, seconds_max=PROCESS_SECONDS_MAX,
            )  # fmt: skip
            made[system.label] = (
                found if isinstance(found, str) else _figures(rows, written, found)
            )
    return {"table": _shares(table), "systems": made}, tables(made, _shares(table))


def _figures(rows: list[Row], written: list[Row], found: dict[str, Any]) -> dict[str, Any]:
    read = found["values"]
    return {
        "kinds": _judged(rows, read[: len(rows)], found["kinds"]),
        "formats": _judged(written, read[len(rows) :], found["kinds"]),
        "with_locale": _judged(written, found["known"], found["kinds"])
        if "known" in found
        else {},
        "ms": {
            name: (statistics.median(times), statistics.quantiles(times, n=100)[98])
            for name, times in found["times"].items()
        },
    }


def _judged(rows: list[Row], values: list[str | None], kinds: list[str]) -> dict[str, Any]:
    judged: dict[str, dict[str, Any]] = {}
    for row, value in zip(rows, values, strict=True):
        if row["kind"] not in kinds:
            continue
        counts = judged.setdefault(
            row["kind"], {"right": 0, "wrong": 0, "refused": 0, "rightly": 0, "errors": []}
        )
        ended = judge(row, value)
        counts[ended] += 1
        if ended == "wrong":
            counts["errors"].append([row["raw"], value, row["meant"]])
    return judged


def judge(row: Row, value: str | None) -> str:
    """Return whether a value is what the input means, and whether a refusal was due."""
    if value is None:
        return "rightly" if row["meant"] is None else "refused"
    if row["meant"] is None:
        return "wrong"
    return "right" if _same(row["kind"], value, row["meant"]) else "wrong"


def _same(kind: str, value: str, meant: str) -> bool:
    if kind != "money":
        return value == meant
    try:
        amount, _, currency = value.partition(" ")
        wanted, _, named = meant.partition(" ")
        return Decimal(amount) == Decimal(wanted) and currency in ("", named)
    except InvalidOperation:
        return False


def _shares(table: list[Row]) -> dict[str, dict[str, int]]:
    """Return for each kind of the whole table how its lines end in Remit."""
    found: dict[str, dict[str, int]] = {}
    for row in table:
        counts = found.setdefault(
            row["kind"], {"accepted": 0, "assumed": 0, "quarantined": 0, "plain": 0, "read": 0}
        )
        counts[row["outcome"]] += 1
        counts["plain"] += row["meant"] is not None
        counts["read"] += row["meant"] is not None and row["value"] is not None
    return found


# -- rows ----------------------------------------------------------------------------------------


def tables(
    made: dict[str, dict[str, Any] | str], shares: dict[str, dict[str, int]]
) -> list[Table]:
    """Return the tables: side by side, the golden table by kind, and time."""
    rows: list[tuple[str, ...]] = []
    others: list[tuple[str, ...]] = []
    times: list[tuple[str, ...]] = []
    for name, one in made.items():
        if isinstance(one, str):
            rows.append((f"not run: {name}: {one}",))
            continue
        for kind, counts in one["kinds"].items():
            rows.append(
                (
                    f"{kind}: {name}", str(counts["wrong"]), str(counts["right"]),
                    str(counts["rightly"]), str(counts["refused"]),
                )
            )  # fmt: skip
        for known, part in (("", "formats"), (", told the locale", "with_locale")):
            for kind, counts in one[part].items():
                total = counts["wrong"] + counts["right"] + counts["refused"]
                others.append(
                    (f"{kind}: {name}{known}", str(total),
                     *(f"{counts[word] / total:.1%}" for word in ("wrong", "right", "refused")))
                )  # fmt: skip
        times += [
            (f"{what}: {name}", number(p50, 4), number(p99, 4))
            for what, (p50, p99) in one["ms"].items()
        ]
    for one in (rows, others):
        one.sort(
            key=lambda row: KINDS.index(kind) if (kind := row[0].partition(":")[0]) in KINDS else 9
        )
    return [
        Table(
            title="Normalising: inputs without context, side by side",
            head=("library", "silently wrong", "right", "refused rightly", "refused, yet clear"),
            rows=rows,
        ),
        Table(
            title=f"Normalising: what CLDR writes in {len(formats.LOCALES)} locales",
            head=("library", "inputs", "silently wrong", "right", "refused"),
            rows=others,
        ),
        Table(
            title="Normalising: the golden table",
            head=("kind", "lines", "accepted", "assumed", "set aside", "clear inputs", "read"),
            rows=[
                (
                    kind, str(counts["accepted"] + counts["assumed"] + counts["quarantined"]),
                    str(counts["accepted"]), str(counts["assumed"]), str(counts["quarantined"]),
                    str(counts["plain"]), f"{counts['read'] / max(counts['plain'], 1):.0%}",
                )
                for kind, counts in shares.items()
            ],
        ),
        Table(
            title="Normalising: thread CPU, ms for one canonical value, or a record of ten",
            head=("what", "p50", "p99"),
            rows=sorted(times),
        ),
    ]  # fmt: skip
