"""People whose names a field or a record has given: how many of their mentions are found."""

from collections import Counter
from typing import Any

from bench.masking.scoring import matched
from bench.masking.sets import Document
from bench.table import Table, number


def texts(documents: list[Document]) -> list[dict[str, Any]]:
    """Return each text with people in it, their marks, and their names as a record writes them.

    A name is known in capitals and with single spaces, whatever the text makes of it.
    """
    return [
        {
            "set": one.set,
            "text": one.text,
            "marks": one.persons,
            "names": sorted(
                {" ".join(one.text[start:end].split()).upper() for start, end, _ in one.persons}
            ),
        }
        for one in documents
        if one.persons
    ]


def recalls(given: list[dict[str, Any]], finds: list[list[Any]]) -> dict[str, float]:
    """Return the share of mentions that were found, by set; nothing where nobody was asked."""
    marked: Counter[str] = Counter()
    right: Counter[str] = Counter()
    for one, found in zip(given, finds, strict=False):
        names = [(start, end, kind) for start, end, kind, _ in found if kind == "PERSON"]
        marked[one["set"]] += len(one["marks"])
        right[one["set"]] += len(matched(names, tuple(one["marks"])))
    return {name: right[name] / count for name, count in marked.items()}


def table(good: dict[str, dict[str, Any]], label: str) -> Table:
    """Return the recall of people who are known, by set."""
    known = good[label]["people"] if label in good else {}
    return Table(
        title="Masking: mentions of people whose names are known, share found (goal .95)",
        head=("set", label),
        rows=[(name, number(share, 3)) for name, share in known.items()],
    )
