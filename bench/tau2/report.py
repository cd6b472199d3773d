"""What the desks showed, as tables and as JSON."""

import importlib.metadata
import subprocess
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench.places import ROOT
from bench.table import Table, number
from bench.tau2.replay import Found


def tables(found: Sequence[Found]) -> list[Table]:
    """Return the figures of all desks, the bends by kind, and the rules."""
    return [_whole(found), *(_bends(one) for one in found), *(_rules(one) for one in found)]


def figures(found: Sequence[Found], *, seed: int, share: float) -> dict[str, Any]:
    """Return everything as it is kept."""
    return {
        "version": version(),
        "seed": seed,
        "share": share,
        "desks": {
            one.domain: {
                **{
                    name: value
                    for name, value in asdict(one).items()
                    if name not in {"decision_us", "distinct", "bent", "tools_alone"}
                },
                "bent": dict(one.bent),
                "tools_alone": dict(one.tools_alone),
                "bent_distinct": len(one.distinct),
                "decision_cpu_us": {"p50": at(one, 0.5), "p99": at(one, 0.99)},
            }
            for one in found
        },
        "faults": [fault for one in found for fault in one.faults],
    }


def version() -> str:
    """Return the project's version and the commit that was measured."""
    told = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return f"{importlib.metadata.version('remit')} {told.stdout.strip()}".strip()


def at(one: Found, share: float) -> float:
    """Return the CPU time of a decision below which this share lies, in microseconds."""
    if not one.decision_us:
        return 0.0
    return one.decision_us[min(int(len(one.decision_us) * share), len(one.decision_us) - 1)]


def _whole(found: Sequence[Found]) -> Table:
    rows = [
        ("tasks that end in the same state", lambda one: f"{one.same} of {one.tasks}"),
        ("gold writes that were held, then run", lambda one: f"{one.ran} of {one.writes}"),
        ("refused by rule and by tool alone", lambda one: str(one.writes_refused)),
        (
            "gold reads that passed",
            lambda one: f"{one.reads - one.reads_refused} of {one.reads}",
        ),
        ("reads of what does not exist", lambda one: str(one.reads_unknown)),
        (
            "tasks that change anything without a yes",
            lambda one: f"{len(one.changed_without_yes)} of {one.tasks}",
        ),
        ("bent or tampered calls", lambda one: number(sum(one.bent.values()), 0)),
        ("different ones among them", lambda one: number(len(one.distinct), 0)),
        (
            "of these the tools alone would run",
            lambda one: number(sum(one.tools_alone.values()), 0),
        ),
        ("**of these ran**", lambda one: f"**{len(one.bent_ran)}**"),
        (
            "probes: stopped by rule, by the yes alone",
            lambda one: (
                f"{one.probes - len(one.probes_by_yes_alone)}, {len(one.probes_by_yes_alone)}"
            ),
        ),
        ("rules", lambda one: str(len(one.rules))),
        (
            "rules without which no recorded decision differs",
            lambda one: str(sum(not count for count in one.flipped.values())),
        ),
        ("decisions of the gate", lambda one: number(one.decisions, 0)),
        ("facts and decision, p50 CPU µs", lambda one: number(at(one, 0.5), 0)),
        ("facts and decision, p99 CPU µs", lambda one: number(at(one, 0.99), 0)),
    ]
    return Table(
        title="tau2 under its own policy",
        head=("figure", *(one.domain for one in found)),
        rows=[(label, *(show(one) for one in found)) for label, show in rows],
    )


def _bends(one: Found) -> Table:
    return Table(
        title=f"{one.domain}: calls that must not run",
        head=("how it was bent", "calls", "tools alone ran", "ran"),
        rows=[
            (
                kind,
                number(count, 0),
                number(one.tools_alone[kind], 0),
                str(sum(ran.startswith(f"{kind},") for ran in one.bent_ran)),
            )
            for kind, count in one.bent.most_common()
        ],
    )


def _rules(one: Found) -> Table:
    return Table(
        title=f"{one.domain}: decisions that would differ without a rule",
        head=("rule", "decisions"),
        rows=[(name, number(count, 0)) for name, count in one.flipped.items()],
    )
