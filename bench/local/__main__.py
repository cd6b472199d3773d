"""`python -m bench.local`: the figures of the local classifier on public intents (minutes)."""

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from bench.autonomy.part import MissingDataError, Row, table
from bench.local import data, encoding, figures, peers, streams
from bench.local.measures import Told
from bench.local.peers import CONFIDENCE, TERMS, VECTORS
from bench.places import HOME, NotHereError
from remit.errors import RemitError

FAILED, ABSENT = 1, 3
SETS = {"banking77": data.banking, "clinc150": data.clinc}


def main(given: Sequence[str] | None = None) -> int:
    """Print the tables; 1 where a figure is off or a goal is missed, 3 where data is missing."""
    parser = argparse.ArgumentParser(description="Print the figures of the local classifier.")
    parser.add_argument("--only", choices=SETS, action="append")
    parser.add_argument("--encoder", type=Path, help="a folder; by default from packages")
    parser.add_argument("--without-encoder", action="store_true")
    asked = parser.parse_args(given)
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        sets = [SETS[name]() for name in asked.only or SETS]
    except MissingDataError as error:
        print(f"not run: {error}")
        return ABSENT
    kept = None if asked.without_encoder else encoder(asked.encoder)
    found = parts(sets, kept)
    if kept is not None:
        kept.keep()
    for title, rows in found.items():
        print(table(title, rows))
    every = [row for rows in found.values() for row in rows]
    bad = [row for row in every if not (row.is_near and row.is_good)]
    print(
        f"{len(every)} figures, those in brackets expected; {len(bad)} off or missed; "
        f"Python {platform.python_version()}"
    )
    (HOME / "local.json").write_text(
        json.dumps({title: [asdict(row) for row in rows] for title, rows in found.items()})
    )
    return FAILED if bad else 0


def encoder(folder: Path | None) -> encoding.Kept | None:
    """Return the encoder, or say why there is none."""
    try:
        return encoding.Kept(folder or encoding.packaged())
    except (NotHereError, RemitError, OSError, subprocess.SubprocessError) as error:
        print(f"without an encoder: {str(error).splitlines()[0]}\n")
        return None


def parts(sets: list[data.Data], kept: encoding.Kept | None) -> dict[str, list[Row]]:
    """Measure each set, and say on the error stream what is being measured."""
    encode = None if kept is None else kept.encoder
    told: dict[tuple[str, str], Told] = {}
    sure: list[Row] = []
    costs: list[Row] = []
    few: list[Row] = []
    for one in sets:
        for what, train in peers.all_of(encode).items():
            said(f"{one.name}: {what}")
            if what in {TERMS, VECTORS}:
                made = peers.ours(one.training, encode if what == VECTORS else None)
                answers = peers.answering(made)
                sure += figures.temperature(one, made, what)
                bare = kept.bare if kept is not None and what == VECTORS else None
                costs += figures.cost(one, replace(made, encoder=bare), what)
            else:
                answers = train(one.training)
            told[what, one.name] = peers.told(one, answers)
            if what in {TERMS, VECTORS}:
                bare_answers = peers.answering(made, nearness=False)
                told[what + CONFIDENCE, one.name] = peers.told(one, bare_answers)
        best = VECTORS if encode is not None else TERMS
        streams.write(one.name, told[best, one.name])
        if one.name == "BANKING77":
            said(f"{one.name}: few examples")
            few = list(figures.few(one, encode))
    return {
        "Right, and sure": list(figures.accuracy(told)),
        "One temperature": sure,
        "BANKING77 with so many examples of each label": few,
        "Messages that no label fits": list(figures.strangers(told)),
        "What may act alone, half of the tested messages to certify": list(figures.alone(told)),
        "Cost of a message, one core": costs,
    }


def said(what: str) -> None:
    """Say what is being measured."""
    print(f"local: {what} …", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
