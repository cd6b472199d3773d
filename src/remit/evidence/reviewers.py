"""What reviewers are known to find: from seeded checks, and from where two looked at one task."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from remit.domain.frozen import dataclass
from remit.errors import EvidenceInputError
from remit.evidence import inputs
from remit.evidence.wealth import log_evidence, log_excess

ANSWERS_MAX: Final = 100_000
KINDS_MAX: Final = 20  # of answers
REVIEWERS_MIN: Final = 3
_STEPS: Final = 1_000  # the bound is floored to 3 decimals
_MISSED_MAX: Final = 0.2  # who misses more is to be flagged
_ALARM: Final = 100  # to one, before a reviewer is
_ROUNDS: Final = 50
_SMOOTHING: Final = 1.0


def sensitivity_min(*, missed: int, dealt: int, chance: float) -> float:
    """Return the least part of true errors that reviewers find, floored to 3 decimals.

    `chance` is that of the whole plan; half of it is spent here, the other half by the gate.
    Guarantee: the chance that this is ever above the true part of known-bad checks that are found
    is at most `chance` / 2, however often one looks. 0 where none was dealt or none was found.
    Source: the rates that `log_evidence` does not exclude. Limits: nothing on real errors that are
    harder to find than seeded ones.
    """
    inputs.count("dealt", dealt)
    inputs.count("missed", missed, most=dealt)
    bound = math.log(2 / inputs.chance("chance", chance))
    low, high = 0, _STEPS
    while high - low > 1:
        middle = (low + high) // 2
        rate = 1 - middle / _STEPS
        if log_evidence(wrong=missed, right=dealt - missed, error_max=rate) >= bound:
            low = middle
        else:
            high = middle
    return low / _STEPS


def rubber_stamp(*, missed: int, dealt: int) -> bool:
    """Say whether a reviewer misses, beyond doubt, more than a fifth of the known-bad checks.

    Guarantee: of reviewers who find four of five or more, at most one in a hundred is ever
    flagged. Source: `log_excess` at log 100. Limits: one who finds 70 % is flagged late (median
    183 checks); the checks must be blind, and no item twice.
    """
    inputs.count("dealt", dealt)
    inputs.count("missed", missed, most=dealt)
    found = log_excess(wrong=missed, right=dealt - missed, rate_max=_MISSED_MAX)
    return found >= math.log(_ALARM)


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What several reviewers together make of each task, and how each of them answers."""

    answers: Mapping[str, str]  # task -> the likeliest
    certainty: Mapping[str, float]  # task -> its chance
    right: Mapping[str, float]  # reviewer -> chance of the right answer
    habits: Mapping[str, Mapping[tuple[str, str], float]]  # reviewer -> (true, given) -> chance


def agreement(answers: Iterable[tuple[str, str, str]]) -> Agreement | None:
    """Return what (task, reviewer, answer) agree on, None under 3 reviewers who share tasks.

    A forecast, no guarantee: for display and for choosing seeds, never for the gate.
    Source: Dawid and Skene 1979, 50 rounds of expectation and maximisation from the shares of
    each answer, smoothed by 1. Limits: takes reviewers to err apart from one another; where most
    err together they are called right. The order of the answers changes nothing. Raises
    `EvidenceInputError` for more than 100,000 answers, more than 20 kinds, or an empty text.
    """
    given: list[tuple[str, str, str]] = []
    for number, (task, reviewer, answer) in enumerate(answers, 1):
        inputs.count("answers", number, most=ANSWERS_MAX)
        for name, value in (("task", task), ("reviewer", reviewer), ("answer", answer)):
            inputs.text(name, value)
        given.append((task, reviewer, answer))
    given.sort()
    kinds = sorted({answer for _, _, answer in given})
    if len(kinds) > KINDS_MAX:
        raise EvidenceInputError(f"`answers` must be of at most {KINDS_MAX} kinds")
    if _overlapping(given) < REVIEWERS_MIN:
        return None
    return _Crowd(given, kinds).agreement()


def _overlapping(given: list[tuple[str, str, str]]) -> int:
    """Return how many reviewers answered a task that another one answered too."""
    pairs = {(task, reviewer) for task, reviewer, _ in given}
    on = Counter(task for task, _ in pairs)
    return len({reviewer for task, reviewer in pairs if on[task] > 1})


class _Crowd:
    """Beliefs about tasks and habits of reviewers, made better in turn."""

    def __init__(self, given: list[tuple[str, str, str]], kinds: list[str]) -> None:
        place = {kind: i for i, kind in enumerate(kinds)}
        self.kinds = kinds
        self.by_task: dict[str, list[tuple[str, int]]] = {}
        for task, reviewer, answer in given:
            self.by_task.setdefault(task, []).append((reviewer, place[answer]))
        self.reviewers = sorted({reviewer for _, reviewer, _ in given})
        self.beliefs = {
            task: [sum(a == k for _, a in found) / len(found) for k in range(len(kinds))]
            for task, found in self.by_task.items()
        }

    def agreement(self) -> Agreement:
        for _ in range(_ROUNDS):
            prior, habits = self.habits()
            self.believe(prior, habits)
        prior, habits = self.habits()
        best = {
            task: max(range(len(self.kinds)), key=belief.__getitem__)
            for task, belief in self.beliefs.items()
        }
        return Agreement(
            answers={task: self.kinds[k] for task, k in best.items()},
            certainty={task: self.beliefs[task][k] for task, k in best.items()},
            right={
                reviewer: math.fsum(
                    p * row[k] for k, (p, row) in enumerate(zip(prior, rows, strict=True))
                )
                for reviewer, rows in habits.items()
            },
            habits={
                reviewer: {
                    (true, said): chance
                    for true, row in zip(self.kinds, rows, strict=True)
                    for said, chance in zip(self.kinds, row, strict=True)
                }
                for reviewer, rows in habits.items()
            },
        )

    def habits(self) -> tuple[list[float], dict[str, list[list[float]]]]:
        """Return how often each answer is the true one, and how each reviewer answers it."""
        many = range(len(self.kinds))
        true = [_SMOOTHING for _ in many]
        counts = {one: [[_SMOOTHING for _ in many] for _ in many] for one in self.reviewers}
        for task, found in self.by_task.items():
            belief = self.beliefs[task]
            for k in many:
                true[k] += belief[k]
            for reviewer, answer in found:
                rows = counts[reviewer]
                for k in many:
                    rows[k][answer] += belief[k]
        return _parts(true), {one: [_parts(row) for row in rows] for one, rows in counts.items()}

    def believe(self, prior: list[float], habits: dict[str, list[list[float]]]) -> None:
        """Weigh each answer by how its reviewer answers."""
        many = range(len(self.kinds))
        start = [math.log(part) for part in prior]
        # logs by reviewer and answer given: one value for each answer that may be true
        logs = {
            one: [[math.log(rows[k][said]) for k in many] for said in many]
            for one, rows in habits.items()
        }
        for task, found in self.by_task.items():
            nats = list(start)
            for reviewer, answer in found:
                nats = [
                    have + more for have, more in zip(nats, logs[reviewer][answer], strict=True)
                ]
            most = max(nats)
            self.beliefs[task] = _parts([math.exp(one - most) for one in nats])


def _parts(weights: list[float]) -> list[float]:
    total = math.fsum(weights)
    return [weight / total for weight in weights]
