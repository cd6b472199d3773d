"""Real scores of the local classifier as a stream, for the replay of the whole ladder."""

import gzip
import json
from pathlib import Path

from bench.local.measures import Told
from bench.places import HOME

FOLDER = HOME / "score-streams"
DIGITS = 6


def write(name: str, told: Told) -> Path:
    """Write a line for each message: where from, the score, and whether it was wrong."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{name.lower()}.jsonl.gz"
    known = [
        {"src": "tested", "conf": round(float(score), DIGITS), "err": int(not right)}
        for score, right in zip(told.score, told.right, strict=True)
    ]
    strange = [
        {"src": "oos", "conf": round(float(score), DIGITS), "err": 1} for score in told.strange
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for line in (*known, *strange):
            file.write(json.dumps(line) + "\n")
    return path
