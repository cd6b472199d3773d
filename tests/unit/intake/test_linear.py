"""Time grows with the length of a text, whatever its shape."""

import time

import pytest

from bench.masking.shapes import shapes
from remit.intake.detect import Known, find

SMALL, LARGE = 16_384, 131_072
GROWTH_MAX = 2.5  # of the time for a character; a quadratic one would be eight
KNOWN = [Known.of("EMAIL", "anna@example.org")]


def _taken(text: str) -> float:
    taken = []
    for _ in range(2):
        began = time.thread_time()
        find(text, known=KNOWN)
        taken.append(time.thread_time() - began)
    return min(taken) / len(text)


@pytest.mark.parametrize(("name", "text"), shapes().items(), ids=list(shapes()))
def test_a_long_text_costs_no_more_for_a_character(name: str, text: str) -> None:
    find(text[:1_024], known=KNOWN)

    assert _taken(text[:LARGE]) < GROWTH_MAX * _taken(text[:SMALL]) + 2e-7, name
