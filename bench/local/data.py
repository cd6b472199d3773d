"""Public intents, read where they lie and never copied: BANKING77 and CLINC150."""

import gzip
import json
import os
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.autonomy.part import MissingDataError
from bench.places import ROOT
from remit.models.examples import Row

CASES = Path(os.environ.get("CASES") or ROOT.parent / "shared" / "data" / "cases")
TESTED_EVERY = 5
NEAR_BANKING = ("banking", "credit_cards")  # domains of CLINC150 that are not strange to a bank


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """Rows to learn from, rows that test, and messages that none of the labels fits."""

    name: str
    training: list[Row]
    tested: list[Row]
    strange: list[Row]

    def few(self, examples: int) -> list[Row]:
        """Return the first examples of each label."""
        seen: dict[str, int] = defaultdict(int)
        kept = []
        for row in self.training:
            seen[row[1]] += 1
            if seen[row[1]] <= examples:
                kept.append(row)
        return kept

    @property
    def labels(self) -> list[str]:
        return sorted({label for _, label in self.training})


def banking() -> Data:
    """Return BANKING77 (Casanueva et al. 2020): its training file, every fifth of a label tested.

    The published test file is not here. Strangers are messages of CLINC150 of other domains.
    """
    seen: dict[str, int] = defaultdict(int)
    parts: tuple[list[Row], list[Row]] = ([], [])
    for row in _rows("banking77/train"):
        seen[row[1]] += 1
        parts[seen[row[1]] % TESTED_EVERY == 0].append(row)
    domains = json.loads((CASES / "clinc150" / "domains.json").read_text("utf-8"))
    near = {label for domain in NEAR_BANKING for label in domains[domain]}
    strange = [row for row in _rows("clinc150/val") if row[1] not in near]
    return Data(name="BANKING77", training=parts[0], tested=parts[1], strange=strange)


def clinc() -> Data:
    """Return CLINC150 (Larson et al. 2019): its training and validation files."""
    return Data(
        name="CLINC150",
        training=_rows("clinc150/train"),
        tested=_rows("clinc150/val"),
        strange=_rows("clinc150/oos_val"),
    )


def _rows(name: str) -> list[Row]:
    path = CASES / f"{name}.jsonl.gz"
    if not path.is_file():
        raise MissingDataError(f"`{name}.jsonl.gz` is not in the folder that CASES names")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows: Sequence[dict[str, str]] = [json.loads(line) for line in lines]
    return [(row["text"], row["label"]) for row in rows]
