"""Run every system over the sets, one after the other, and lay their figures side by side."""

import json
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.masking import dressing, people, scoring, sets, unseen
from bench.masking.scoring import Tally
from bench.masking.shapes import shapes
from bench.places import HOME
from bench.side import System
from bench.table import Table, number

SECONDS = 8.0
PROCESS_SECONDS_MAX = 900
SYSTEMS = Path(__file__).parent / "systems"
Say = Callable[[str], None]

REMIT = System(label="Remit with [fast]", script="remit_finder.py")
RE2 = System(
    label="Remit with [fast-re2]", script="remit_finder.py", options=("--without", "hyperscan")
)
PLAIN = System(
    label="Remit, `re` only",
    script="remit_finder.py",
    options=("--without", "hyperscan", "--without", "re2"),
)
OURS = (REMIT, RE2, PLAIN)
EVERY = (
    *OURS,
    System(
        label="Remit, [fast] and [names]",
        script="remit_finder.py",
        options=("--recogniser", "names"),
    ),
    System(label="Presidio, default", script="presidio_finder.py", lock="presidio"),
    System(
        label="Presidio, all countries",
        script="presidio_finder.py",
        options=("--countries",),
        lock="presidio",
    ),
    System(label="scrubadub", script="scrubadub_finder.py", lock="scrubadub"),
    System(label="datafog", script="datafog_finder.py", lock="datafog"),
)
PEER = "Presidio, default"
GOALS = {  # of precision and of recall
    "EMAIL": 0.98, "IP": 0.98, "CREDIT_CARD": 0.98, "IBAN": 0.98, "PHONE": 0.94,
    "NATIONAL_ID": 0.90,
}  # fmt: skip
QUALITY = ("system", "precision", "recall", "pooled F1", "strict F1", "mean F1", "readable")


def measure(say: Say, seconds: float = SECONDS) -> tuple[dict[str, Any], list[Table]]:
    """Return every figure, and the tables of them."""
    documents, skipped = sets.read()
    for line in skipped:
        say(line)
    if not documents:
        row = (f"not run: {skipped[0]}",)
        return {"skipped": skipped}, [Table(title="Masking", head=("system",), rows=[row])]
    every = [*documents, *unseen.documents()]
    given = {
        "texts": [one.text for one in every],
        "people": people.texts(documents),
        "corpora": sets.corpora(documents),
        "dressed": dressing.texts(),
        "shapes": {},
    }
    made: dict[str, dict[str, Any] | str] = {}
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        source = Path(folder) / "in.json"
        for place, system in enumerate(EVERY, 1):
            say(f"masking, {place} of {len(EVERY)}: {system.label}")
            given["shapes"] = shapes() if system in OURS else {}
            source.write_text(json.dumps(given), encoding="utf-8")
            found = system.run(
                SYSTEMS, source, Path(folder) / "out.json",
                seconds=seconds, seconds_max=PROCESS_SECONDS_MAX,
            )  # fmt: skip
            made[system.label] = found if isinstance(found, str) else _figures(every, given, found)
    return {"skipped": skipped, "systems": made}, tables(made, skipped)


def _figures(
    documents: list[sets.Document], given: dict[str, Any], found: dict[str, Any]
) -> dict[str, Any]:
    by_set: dict[str, Tally] = {}
    for document, finds in zip(documents, found["finds"], strict=True):
        whole = by_set.setdefault(document.set, Tally())
        whole += scoring.tally(document, [tuple(one) for one in finds])
    new = by_set.pop(unseen.NAME)
    pooled = Tally()
    for one in by_set.values():
        pooled += one
    return {
        "unseen": _apart(new),
        "people": people.recalls(given["people"], found["people"]),
        "ready_s": found["ready_s"],
        "pooled": pooled.prf(),
        "strict": pooled.prf(strict=True),
        "mean_f1": statistics.mean(one.prf()[2] for one in by_set.values()),
        "readable": pooled.readable_share,
        "types": {one: pooled.prf(one) for one in sorted(pooled.gold)},
        "sets": {name: one.prf() for name, one in by_set.items()},
        "person": {name: one.person() for name, one in by_set.items() if one.persons["gold"]},
        "person_pooled": pooled.person(),
        "ms": {
            name: (statistics.median(times), statistics.quantiles(times, n=100)[98])
            for name, times in found["times"].items()
        },
        "dressed": dressing.shares(given["dressed"], found["dressed"]),
        "known": dressing.shares(given["dressed"], found["known"]),
        "shapes": found["shapes"],
        "memory_mb": found["memory_mb"],
        "python": found["python"],
    }


def _apart(new: Tally) -> dict[str, Any]:
    return {
        "all": new.prf(),
        "strict": new.prf(strict=True),
        "readable": new.readable_share,
        "types": {one: new.prf(one) for one in sorted(new.gold)},
        "person": new.person(),
    }


# -- rows ----------------------------------------------------------------------------------------


def tables(made: dict[str, dict[str, Any] | str], skipped: list[str]) -> list[Table]:
    """Return the tables: quality, types, sets, people and time."""
    good = {name: one for name, one in made.items() if not isinstance(one, str)}
    if not good:
        return [Table(title="Masking", head=("system",), rows=_missing(made))]
    first = next(iter(good.values()))
    note = f" ({'; '.join(skipped)})" if skipped else ""
    return [
        Table(
            title=f"Masking: what is found{note}",
            head=QUALITY,
            rows=[(name, *_quality(one)) for name, one in good.items()] + _missing(made),
        ),
        _f1_table("Masking: F1 by type", "type", "types", good, list(first["types"])),
        _goal_table(good),
        _unseen_table(good),
        _f1_table("Masking: F1 by set", "set", "sets", good, list(first["sets"])),
        _f1_table("Masking: F1 of names of people", "set", "person", good, list(first["person"])),
        people.table(good, REMIT.label),
        Table(
            title="Masking: thread CPU, ms for 1 KB",
            head=(
                "system", *(f"{name} {part}" for name in first["ms"] for part in ("p50", "p99")),
                *(f"{name}: × Presidio" for name in first["ms"]), "MB", "ready, s",
            ),
            rows=[(name, *_time(one, good)) for name, one in good.items()],
        ),
        _dress_table(good),
        _shape_table(good),
    ]  # fmt: skip


def _goal_table(good: dict[str, dict[str, Any]]) -> Table:
    """Return precision and recall by type, of Remit and of its peer, beside Remit's goals."""
    shown = {name: good[name]["types"] for name in (REMIT.label, PEER) if name in good}
    return Table(
        title="Masking: precision and recall by type",
        head=("type", "goal", *(f"{name}: {part}" for name in shown for part in "PR")),
        rows=[
            (
                kind,
                number(GOALS[kind], 2) if kind in GOALS else "",
                *(number(score, 3) for types in shown.values() for score in types[kind][:2]),
            )
            for kind in next(iter(shown.values()))
        ],
    )


def _unseen_table(good: dict[str, dict[str, Any]]) -> Table:
    """Return the scores in texts that no rule was written against."""
    first = next(iter(good.values()))["unseen"]
    return Table(
        title="Masking: texts that no rule was written against",
        head=("system", "precision", "recall", "F1", "readable", *first["types"], "PERSON"),
        rows=[
            (
                name,
                *(number(score, 3) for score in one["unseen"]["all"]),
                f"{one['unseen']['readable']:.1%}",
                *(number(prf[2], 3) for prf in one["unseen"]["types"].values()),
                number(one["unseen"]["person"][2], 3),
            )
            for name, one in good.items()
        ],
    )


def _dress_table(good: dict[str, dict[str, Any]]) -> Table:
    ours = good.get(REMIT.label)
    columns = {name: one["dressed"] for name, one in good.items()}
    if ours:
        columns = {"Remit, value known": ours["known"], **columns}
    first = next(iter(columns.values()))
    return Table(
        title="Masking: 480 values of 8 types, share with half or more readable",
        head=("dress", *columns),
        rows=[(name, *(f"{one[name]:.0%}" for one in columns.values())) for name in first],
    )


def _shape_table(good: dict[str, dict[str, Any]]) -> Table:
    """Return how long a megabyte takes, against 1,024 times the typical kilobyte."""
    ours = {name: one for name, one in good.items() if one["shapes"]}
    rows = []
    for shape in next(iter(ours.values()))["shapes"] if ours else ():
        cells = [
            number(one["shapes"][shape] / 1024 / one["ms"]["typical"][0], 1)
            for one in ours.values()
        ]
        rows.append((shape, *cells))
    return Table(
        title="Masking: 1 MB of one shape, in 1,024 times the typical KB (at most 20)",
        head=("shape", *ours),
        rows=rows,
    )


def _missing(made: dict[str, dict[str, Any] | str]) -> list[tuple[str, ...]]:
    return [(f"not run: {name}: {one}",) for name, one in made.items() if isinstance(one, str)]


def _quality(one: dict[str, Any]) -> tuple[str, ...]:
    scores = (*one["pooled"], one["strict"][2], one["mean_f1"])
    return (*(number(score, 3) for score in scores), f"{one['readable']:.1%}")


def _f1_table(
    title: str, head: str, part: str, good: dict[str, dict[str, Any]], names: list[str]
) -> Table:
    return Table(
        title=title,
        head=(head, *good),
        rows=[(name, *(number(one[part][name][2], 3) for one in good.values())) for name in names],
    )


def _time(one: dict[str, Any], good: dict[str, dict[str, Any]]) -> tuple[str, ...]:
    peer = good.get(PEER)
    return (
        *(number(value, 3) for pair in one["ms"].values() for value in pair),
        *(
            f"{peer['ms'][name][0] / one['ms'][name][0]:.1f}" if peer else "-"
            for name in one["ms"]
        ),
        number(one["memory_mb"], 0),
        number(one["ready_s"], 2),
    )
