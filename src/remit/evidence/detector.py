"""The detector of demotion: an alarm where the error rate has risen above what was granted."""

from collections.abc import Iterable, Sequence
from typing import Final

from remit.domain.autonomy import Outcome
from remit.domain.frozen import dataclass
from remit.errors import EvidenceInputError
from remit.evidence import inputs

RATE_MAX: Final = 0.8
RUN_MIN: Final = 20
_FACTORS: Final = (1.5, 2, 3, 5, 10, 20)  # the alternatives, as multiples of the rate
_ALTERNATIVE_MAX: Final = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A restarted bet for each rate that the errors may have risen to, and its wealth."""

    rate_max: float
    run_min: float
    alternatives: tuple[float, ...]
    wealth: tuple[float, ...]

    @property
    def statistic(self) -> float:
        """Return the mean wealth."""
        return sum(self.wealth) / len(self.wealth)

    @property
    def fires(self) -> bool:
        """Has the mean wealth reached the mean run to a false alarm?"""
        return self.statistic >= self.run_min


def start(*, rate_max: float, run_min: float) -> Detector:
    """Return a detector at rest, for the rate that is still good and the mean run wanted.

    Guarantee: at error rates of at most `rate_max` the mean run to a false alarm is `run_min`
    labels or more, and within N labels its chance is at most N / `run_min`; no independence is
    asked for. Source: Shiryaev-Roberts e-detector, Shin, Ramdas and Rinaldo 2024 (arXiv
    2203.03532). Limits: says nothing on delay; an alarm is no proof that the rate is above; sees
    labels as given. Raises `EvidenceInputError` for a rate above 0.8 or a run below 20.
    """
    if inputs.chance("rate_max", rate_max) > RATE_MAX:
        raise EvidenceInputError(f"`rate_max` must be at most {RATE_MAX}")
    inputs.within("run_min", run_min, least=RUN_MIN)
    # a hair below the highest is the highest: 3 times 0.3 is not 0.9 in floats
    near = _ALTERNATIVE_MAX * (1 - 1e-9)
    rates = dict.fromkeys(
        rate_max * factor if rate_max * factor < near else _ALTERNATIVE_MAX for factor in _FACTORS
    )
    return Detector(
        rate_max=rate_max, run_min=run_min, alternatives=tuple(rates), wealth=(0.0,) * len(rates)
    )


def step(state: Detector, *, wrong: bool) -> Detector:
    """Return the detector after one more label; each bet takes a new unit, then wins or loses.

    Raises `EvidenceInputError` for a label that is neither true nor false.
    """
    inputs.flag("wrong", wrong)
    p0 = state.rate_max
    wealth = tuple(
        (held + 1) * (q / p0 if wrong else (1 - q) / (1 - p0))
        for held, q in zip(state.wealth, state.alternatives, strict=True)
    )
    return Detector(
        rate_max=p0, run_min=state.run_min, alternatives=state.alternatives, wealth=wealth
    )


def fold(state: Detector, outcomes: Iterable[Outcome]) -> tuple[Detector, int | None]:
    """Return the detector after these rows, and which row fired, counted from 1, or None.

    Rows are in the order of their decisions; pending counts as right, void is left out but keeps
    its place. Stops at the row that fires, with the detector as it was then.
    """
    p0 = state.rate_max
    grow = [q / p0 for q in state.alternatives]
    shrink = [(1 - q) / (1 - p0) for q in state.alternatives]
    wealth, count = list(state.wealth), len(state.wealth)
    fired = None
    for number, outcome in enumerate(outcomes, 1):
        inputs.count("outcomes", number)
        if inputs.outcome("outcomes", outcome) is Outcome.VOID:
            continue
        factors = grow if outcome is Outcome.WRONG else shrink
        wealth = [(held + 1) * factor for held, factor in zip(wealth, factors, strict=True)]
        if sum(wealth) / count >= state.run_min:  # as `step`, without a value for each row
            fired = number
            break
    return resumed(state, wealth), fired


def resumed(state: Detector, wealth: Sequence[float]) -> Detector:
    """Return a detector with the wealth that it had; raises `EvidenceInputError` for another's."""
    if len(wealth) != len(state.alternatives):
        raise EvidenceInputError("`wealth` must have one number for each alternative")
    for held in wealth:
        inputs.within("wealth", held, least=0)
    return Detector(
        rate_max=state.rate_max, run_min=state.run_min, alternatives=state.alternatives,
        wealth=tuple(wealth),
    )  # fmt: skip
