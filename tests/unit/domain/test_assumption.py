"""Every code that intake records has words for those who decide."""

import ast
from collections.abc import Iterator
from pathlib import Path

import remit.intake
from remit.domain import assumption

UNITS = {"unit": ("epoch_seconds", "epoch_millis")}


def codes() -> Iterator[str]:
    """Yield each code that stands in the source of intake, with every ground it may name."""
    for file in sorted(Path(remit.intake.__file__).parent.glob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            named = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Assumption"
            for keyword in node.keywords if named and isinstance(node, ast.Call) else ():
                if keyword.arg == "code":
                    yield from _written(keyword.value)


def _written(code: ast.expr) -> Iterator[str]:
    match code:
        case ast.Constant(value=str() as word):
            yield word
        case ast.Name(id=name):
            yield from UNITS[name]
        case ast.JoinedStr(values=[ast.Constant(value=str() as start), _]):
            yield from (f"{start}{ground}" for ground in assumption.GROUNDS)
        case ast.JoinedStr():  # an order of day and month, and its ground
            for order in ("day_first", "month_first"):
                yield from (f"{order}_{ground}" for ground in assumption.GROUNDS)
        case _:
            raise AssertionError(ast.dump(code))


def test_every_code_of_intake_is_known_and_none_is_without_words() -> None:
    found = set(codes())

    assert len(found) > 40
    assert {code for code in found if not assumption.is_known(code)} == set()
    assert set(assumption.ALONE) <= found


def test_a_code_is_said_with_or_without_its_field() -> None:
    said = "the order of day and month was taken from the other values of its column"

    assert assumption.words_of("due:day_first_column") == said
    assert assumption.words_of("day_first_column") == said
    assert assumption.words_of("due:new_one") == "its reading is not certain by itself (new_one)"
    assert not assumption.is_known("day_first_weather")
    assert assumption.joined([("b", "a"), ("a",)]) == ("a", "b")
