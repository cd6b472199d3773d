"""Compose labelled tickets for triage from hand-written seeds, by the thousand.

    python generate.py --seed 7 --count 900 --out training.jsonl

The same seed gives the same bytes, and no text comes twice.
"""

import argparse
import json
import random
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LABELS = ("access", "hardware", "software", "network", "mail", "security")
RETRIES_MAX = 50
TWICE, LOWER = 0.2, 0.2  # shares of the tickets that are composed
Parts = dict[str, Any]


def main(argv: list[str] | None = None) -> int:
    """Write the rows that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=7, help="same seed, same rows")
    parser.add_argument("--count", type=int, default=900, help="how many rows")
    parser.add_argument("--out", type=Path, help="file to write; standard output when absent")
    asked = parser.parse_args(argv)
    rows = training(asked.seed, asked.count)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if asked.out is None:
        sys.stdout.writelines(lines)
    else:
        asked.out.write_text("".join(lines), encoding="utf-8")
    return 0


def training(seed: int, count: int) -> Iterator[dict[str, str]]:
    """Yield labelled tickets with their route, every seed first."""
    rng = random.Random(seed)
    parts = tomllib.loads((HERE / "seeds.toml").read_text(encoding="utf-8"))
    queue = [(label, one) for label in LABELS for one in parts[label]["seeds"]]
    rng.shuffle(queue)
    seen: set[str] = set()
    for number in range(count):
        label, start = (
            queue[number] if number < len(queue) else (LABELS[number % len(LABELS)], None)
        )
        text = _fill(rng, parts, start) if start else _compose(rng, parts, label)
        for _ in range(RETRIES_MAX):
            if text not in seen:
                break
            text = _compose(rng, parts, label)
        seen.add(text)
        yield {"text": text, "label": label, "route": parts[label]["route"]}


def _compose(rng: random.Random, parts: Parts, label: str) -> str:
    seeds = parts[label]["seeds"]
    pieces = [rng.choice(parts["openers"]), rng.choice(seeds)]
    if rng.random() < TWICE:
        pieces.append(rng.choice(seeds))
    pieces.append(rng.choice(parts["closers"]))
    text = _fill(rng, parts, rng.choice((" ", "\n")).join(piece for piece in pieces if piece))
    return text.lower() if rng.random() < LOWER else text


def _fill(rng: random.Random, parts: Parts, text: str) -> str:
    lists = {"place": "places", "device": "devices", "program": "programs", "person": "people"}
    for slot, name in lists.items():
        text = text.replace("{" + slot + "}", rng.choice(parts[name]))
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    raise SystemExit(main())
