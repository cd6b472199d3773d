"""What reviewers are known to find: the published bounds, the alarm, and who agrees with whom."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.special import betainc, betaln

from bench.autonomy.counters import rubber_stamp as limits_of_the_alarm
from bench.autonomy.exact import stops
from remit.errors import EvidenceInputError
from remit.evidence import reviewers

CAUGHT_ALL = {
    0.05: {10: 0.638, 20: 0.797, 21: 0.805, 30: 0.859, 50: 0.912, 100: 0.955, 200: 0.977},
    0.01: {10: 0.536, 20: 0.730, 21: 0.741, 30: 0.810, 50: 0.881, 100: 0.938, 200: 0.968},
}
SEEDS = {0.05: (21, 35, 45), 0.01: (29, 43, 55), 0.10: (17, 31, 41)}
FIRES = {5: 5, 6: 6, 7: 6, 8: 7, 9: 7, 10: 7, 12: 8, 15: 9, 20: 11, 30: 15, 50: 21, 100: 35}


@pytest.mark.parametrize("chance", CAUGHT_ALL)
def test_the_bound_of_a_reviewer_who_caught_all(chance: float) -> None:
    found = {
        dealt: reviewers.sensitivity_min(missed=0, dealt=dealt, chance=chance)
        for dealt in CAUGHT_ALL[chance]
    }
    assert found == CAUGHT_ALL[chance]


@pytest.mark.parametrize("chance", SEEDS)
def test_so_many_seeds_prove_four_of_five(chance: float) -> None:
    found = tuple(
        next(
            dealt
            for dealt in range(missed, 100)
            if reviewers.sensitivity_min(missed=missed, dealt=dealt, chance=chance) >= 0.8
        )
        for missed in range(3)
    )
    assert found == SEEDS[chance]


@pytest.mark.parametrize(("missed", "dealt"), [(0, 1), (0, 77), (3, 60), (20, 100), (60, 100)])
def test_the_bound_is_the_floor_of_the_root_that_scipy_finds(missed: int, dealt: int) -> None:
    caught = dealt - missed

    def beyond(rate: float) -> float:
        nats = math.log(betainc(missed + 0.5, caught + 1, rate)) + betaln(missed + 0.5, caught + 1)
        nats -= math.log(2 * math.sqrt(rate)) + missed * math.log(rate)
        return float(nats - caught * math.log1p(-rate) - math.log(2 / 0.05))

    root = 1 - brentq(beyond, 1e-3, 1 - 1e-6, xtol=1e-13)
    found = reviewers.sensitivity_min(missed=missed, dealt=dealt, chance=0.05)
    assert found == math.floor(1_000 * root) / 1_000


def test_nothing_dealt_or_nothing_found_is_a_bound_of_0() -> None:
    for dealt in (0, 1, 5, 400):
        assert reviewers.sensitivity_min(missed=dealt, dealt=dealt, chance=0.05) == 0
    assert reviewers.sensitivity_min(missed=0, dealt=1, chance=1e-9) == 0
    assert reviewers.sensitivity_min(missed=0, dealt=20_000, chance=0.05) == 0.999


def test_the_chance_that_the_bound_is_ever_above_the_truth_is_kept_exactly() -> None:
    truth, chance, checks = 0.9, 0.1, 400
    limits, missed = np.full(checks + 1, -1), 0
    for dealt in range(1, checks + 1):  # the most missed at which the bound is above the truth
        while missed <= dealt and (
            reviewers.sensitivity_min(missed=missed, dealt=dealt, chance=chance) > truth
        ):
            missed += 1
        limits[dealt] = missed - 1
    assert 0.02 < stops(limits, 1 - truth).within(checks) <= chance / 2


def test_the_alarm_fires_at_the_published_counts() -> None:
    found = {
        dealt: next(m for m in range(dealt + 1) if reviewers.rubber_stamp(missed=m, dealt=dealt))
        for dealt in FIRES
    }
    assert found == FIRES
    assert not any(reviewers.rubber_stamp(missed=m, dealt=4) for m in range(5))
    assert not reviewers.rubber_stamp(missed=0, dealt=0)


@pytest.mark.parametrize(("sensitivity", "flagged", "median"), [
    (0.9, 0.0, None), (0.8, 0.0055, None), (0.7, 0.905, 183), (0.6, 1, 45), (0.5, 1, 22),
    (0.3, 1, 10), (0.1, 1, 5),
])  # fmt: skip
def test_the_alarm_flags_within_400_checks(
    sensitivity: float, flagged: float, median: int | None
) -> None:
    limits = limits_of_the_alarm(0.2, 400, log_bound=math.log(100))
    assert all(
        reviewers.rubber_stamp(missed=dealt - limits[dealt].item(), dealt=dealt)
        and not reviewers.rubber_stamp(missed=dealt - limits[dealt].item() - 1, dealt=dealt)
        for dealt in range(5, 401, 79)
    )
    found = stops(limits, sensitivity)
    assert found.within(400) == pytest.approx(flagged, abs=0.0005)
    assert median is None or abs(found.quantile(0.5) - median) <= 1


@pytest.mark.parametrize(("missed", "dealt"), [
    (-1, 5), (6, 5), (1.0, 5), (True, 5), (0, -1), (0, 1_000_001), (0, None), (math.nan, 5),
])  # fmt: skip
def test_counts_that_are_none_are_refused(missed: int, dealt: int) -> None:
    with pytest.raises(EvidenceInputError, match=r"`(missed|dealt)` must be a whole number"):
        reviewers.sensitivity_min(missed=missed, dealt=dealt, chance=0.05)
    with pytest.raises(EvidenceInputError, match=r"`(missed|dealt)` must be a whole number"):
        reviewers.rubber_stamp(missed=missed, dealt=dealt)


@pytest.mark.parametrize("chance", [0, 1, math.nan, "0.05", None])
def test_a_chance_that_is_none_is_refused(chance: float) -> None:
    with pytest.raises(EvidenceInputError, match="`chance`"):
        reviewers.sensitivity_min(missed=0, dealt=5, chance=chance)


# -- agreement ------------------------------------------------------------------------------------

Answers = list[tuple[str, str, str]]


def crowd(*, tasks: int, each: int, seed: int) -> tuple[Answers, dict[str, str], dict[str, float]]:
    dice = np.random.default_rng(seed)
    right = {f"r{i:02}": float(dice.uniform(0.35, 0.97)) for i in range(30)}
    truth = {f"t{i:04}": str(dice.choice(["a", "b", "c"])) for i in range(tasks)}
    answers = [
        (
            task,
            str(one),
            true if dice.random() < right[one] else str(dice.choice(list({*"abc"} - {true}))),
        )
        for task, true in truth.items()
        for one in dice.choice(list(right), each, replace=False)
    ]
    return answers, truth, right


def test_agreement_is_that_of_dawid_and_skene_in_whole_arrays() -> None:
    answers, truth, _ = crowd(tasks=150, each=5, seed=1)
    tasks, people = sorted(truth), sorted({one for _, one, _ in answers})
    n = np.zeros((len(tasks), len(people), 3))
    for task, one, answer in answers:
        n[tasks.index(task), people.index(one), "abc".index(answer)] += 1
    t = n.sum(axis=1) / n.sum(axis=(1, 2))[:, None]
    for _ in range(50):
        prior = (t.sum(axis=0) + 1) / (t.sum() + 3)
        habit = np.einsum("ik,ijl->jkl", t, n) + 1
        habit /= habit.sum(axis=2, keepdims=True)
        nats = np.log(prior) + np.einsum("ijl,jkl->ik", n, np.log(habit))
        t = np.exp(nats - nats.max(axis=1, keepdims=True))
        t /= t.sum(axis=1, keepdims=True)
    found = reviewers.agreement(answers)
    assert found is not None
    assert found.answers == {task: "abc"[t[i].argmax()] for i, task in enumerate(tasks)}
    assert found.certainty == pytest.approx({task: t[i].max() for i, task in enumerate(tasks)})


def test_agreement_finds_more_than_the_majority_and_who_is_good() -> None:
    answers, truth, right = crowd(tasks=1_500, each=5, seed=2)
    found = reviewers.agreement(answers)
    assert found is not None
    votes: dict[str, list[str]] = {}
    for task, _, answer in answers:
        votes.setdefault(task, []).append(answer)
    majority = sum(max("abc", key=votes[task].count) == true for task, true in truth.items())
    together = sum(found.answers[task] == true for task, true in truth.items())
    assert together > majority + 20
    assert max(abs(found.right[one] - right[one]) for one in right) < 0.11


def test_agreement_does_not_hang_on_the_order_of_the_answers() -> None:
    answers, _, _ = crowd(tasks=40, each=4, seed=3)
    assert reviewers.agreement(answers) == reviewers.agreement(answers[::-1])


def test_a_reviewer_who_waves_everything_through_is_seen_in_the_habits() -> None:
    dice = np.random.default_rng(4)
    answers = []
    for number in range(300):
        true = "wrong" if dice.random() < 0.3 else "right"
        answers += [(f"t{number}", one, true) for one in ("ann", "ben", "eve")]
        answers.append((f"t{number}", "joe", "right"))
    found = reviewers.agreement(answers)
    assert found is not None
    assert found.habits["joe"]["wrong", "right"] > 0.95
    assert found.habits["ann"]["wrong", "wrong"] > 0.95
    assert min(found.right, key=found.right.__getitem__) == "joe"


def test_fewer_than_three_who_share_tasks_agree_on_nothing() -> None:
    assert reviewers.agreement([]) is None
    two = [("t1", "ann", "right"), ("t1", "ben", "wrong"), ("t2", "ann", "right")]
    assert reviewers.agreement(two) is None
    assert reviewers.agreement([*two, ("t3", "eve", "right")]) is None
    assert reviewers.agreement([*two, ("t2", "eve", "right")]) is not None
    twice = [("t1", "ann", "right"), ("t1", "ann", "wrong"), ("t2", "ben", "right")]
    assert reviewers.agreement(twice) is None


def test_one_kind_of_answer_is_certain() -> None:
    found = reviewers.agreement([("t1", one, "right") for one in ("ann", "ben", "eve")])
    assert found is not None
    assert (found.answers, found.certainty) == ({"t1": "right"}, {"t1": 1.0})


def test_answers_that_cannot_be_used_are_refused() -> None:
    for bad in (
        ("", "ann", "a"),
        ("t", "", "a"),
        ("t", "ann", ""),
        ("t", "ann", None),
        (1, "b", "c"),
    ):
        with pytest.raises(EvidenceInputError, match=r"`(task|reviewer|answer)` must be a text"):
            reviewers.agreement([bad])  # type: ignore[list-item]  # what no author would give
    with pytest.raises(EvidenceInputError, match="`answers` must be of at most 20 kinds"):
        reviewers.agreement([("t", f"r{i}", str(i)) for i in range(21)])
    with pytest.raises(EvidenceInputError, match="`answers` must be a whole number of 0 to 100"):
        reviewers.agreement(("t", f"r{i}", "a") for i in range(100_001))
