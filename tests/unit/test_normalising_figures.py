"""How an answer is judged in the table of figures."""

import pytest

from bench.normalising.figures import judge


@pytest.mark.parametrize(
    ("kind", "value", "meant", "judged"),
    [
        ("date", "2025-03-04", "2025-03-04", "right"),
        ("date", "2025-04-03", "2025-03-04", "wrong"),
        ("date", "2025-04-03", None, "wrong"),  # a value where a refusal was due
        ("date", None, None, "rightly"),
        ("date", None, "2025-03-04", "refused"),
        ("money", "1234.5", "1234.50 EUR", "right"),  # without a currency only the amount counts
        ("money", "1234.50 USD", "1234.50 EUR", "wrong"),
        ("money", "no number", "1234.50 EUR", "wrong"),
    ],
)
def test_an_answer_is_right_wrong_or_a_refusal(
    kind: str, value: str | None, meant: str | None, judged: str
) -> None:
    assert judge({"kind": kind, "meant": meant}, value) == judged
