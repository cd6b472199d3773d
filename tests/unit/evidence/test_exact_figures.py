"""The figures that come out without a random number, within a twentieth of a percent, a label."""

import numpy as np
import pytest

from bench.autonomy.exact import in_a_row, of_the_last, stops
from bench.autonomy.parts import PARTS

# The goal is 1.25 times the limit; an agent that is hardly better than its bar needs more.
MISSED = {
    "labels": [
        "bar 95%, 5%, truth 97.0%: 1.27 (1.27) MISSED",
        "bar 95%, 5%, truth 96.0%: 1.49 (1.49) MISSED",
    ]
}
EXACT = [name for name, part in PARTS.items() if part.runs == 0]


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
def test_every_exact_figure_comes_out_again(name: str) -> None:
    rows = PARTS[name].run()
    assert len(rows) >= 12
    assert [str(row) for row in rows if not row.is_near] == []
    assert [f"{row.what}: {row}" for row in rows if not row.is_good] == MISSED.get(name, [])


def test_the_arithmetic_is_that_of_a_tree_of_all_outcomes() -> None:
    limits, rate, cases = [-1, -1, 0, 0, 1, 1, 1, 2, 2, 2], 0.3, 9
    accepted = row = window = 0.0
    for path in range(2**cases):
        wrong = [bool(path >> place & 1) for place in range(cases)]
        chance = rate ** sum(wrong) * (1 - rate) ** (cases - sum(wrong))
        counts = [sum(wrong[:n]) for n in range(cases + 1)]
        accepted += chance * any(s <= limit for s, limit in zip(counts, limits, strict=True))
        row += chance * ("RRR" in "".join("W" if one else "R" for one in wrong))
        window += chance * any(sum(wrong[n - 4 : n]) <= 1 for n in range(4, cases + 1))
    assert stops(np.array(limits), rate).within(cases) == pytest.approx(accepted, rel=1e-12)
    assert in_a_row(3, rate, cases) == pytest.approx(row, rel=1e-12)
    assert of_the_last(3, 4, rate, cases) == pytest.approx(window, rel=1e-12)
