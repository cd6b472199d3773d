"""How finds are held against an annotation: one to one, by overlap, and what stays readable."""

from pathlib import Path

import pytest

from bench.masking import scoring, sets


def document(text: str, *gold: tuple[int, int, str]) -> sets.Document:
    return sets.Document(
        set="x", text=text, gold=gold, scored=frozenset({"EMAIL", "PHONE"}), persons=()
    )


def test_a_find_counts_where_half_of_both_overlap() -> None:
    counted = scoring.tally(document("0123456789", (0, 10, "PHONE")), [(0, 5, "PHONE", 1.0)])

    assert counted.prf() == (1.0, 1.0, 1.0)
    assert counted.prf(strict=True) == (0.0, 0.0, 0.0)
    assert counted.readable == 1


def test_a_find_of_less_than_half_is_a_false_alarm() -> None:
    counted = scoring.tally(document("0123456789", (0, 10, "PHONE")), [(0, 4, "PHONE", 1.0)])

    assert counted.prf() == (0.0, 0.0, 0.0)


def test_one_marked_span_is_matched_once() -> None:
    finds = [(0, 5, "PHONE", 1.0), (5, 10, "PHONE", 1.0)]
    counted = scoring.tally(document("0123456789", (0, 10, "PHONE")), finds)

    assert counted.prf()[:2] == (0.5, 1.0)
    assert counted.readable == 0


def test_the_higher_score_wins_then_the_longer() -> None:
    finds = [(0, 9, "EMAIL", 0.5), (0, 4, "PHONE", 0.9), (4, 9, "PHONE", 0.5)]

    assert scoring.resolved(finds) == [(0, 4, "PHONE", 0.9), (4, 9, "PHONE", 0.5)]


def test_a_value_under_another_type_is_covered_yet_not_right() -> None:
    counted = scoring.tally(document("a@b.example", (0, 11, "EMAIL")), [(0, 11, "URL", 1.0)])

    assert counted.prf() == (0.0, 0.0, 0.0)
    assert counted.readable == 0


def test_a_set_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sets, "FOLDER", tmp_path)
    documents, skipped = sets.read()

    assert documents == []
    assert len(skipped) == len(sets.SCORED)
    assert skipped[0].startswith("skipped: there is no ../shared/data/pii/")
