"""How many errors reviewers find: from errors that were put before them unseen."""

import math
from typing import Final

from remit.evidence import inputs
from remit.evidence.wealth import log_evidence, log_excess

ALARM_RATE: Final = 0.2  # of known errors missed, above which a reviewer waves things through
_ALARM_NATS: Final = math.log(100)
_STEP: Final = 1_000  # the bound is given in thousandths, rounded down


def sensitivity_min(*, missed: int, dealt: int, chance: float) -> float:
    """Return the share of errors that are found at the least, in [0, 1), to three decimals.

    Guarantee: the chance that this is ever above the truth is at most half of `chance`, however
    often one looks. Source: 1 - sup{x : log_evidence(missed, dealt - missed; x) < log(2/chance)}.
    Limits: of errors like those that were seeded; no check gives 0. Raises `EvidenceInputError`.
    """
    inputs.count("dealt", dealt)
    inputs.count("missed", missed, most=dealt)
    bound = math.log(2 / inputs.chance("chance", chance))
    if missed == dealt:
        return 0.0
    low, high = (
        0,
        _STEP,
    )  # of thousandths missed: at `low` the bound is not reached, at `high` it is
    while high - low > 1:
        middle = (low + high) // 2
        if log_evidence(wrong=missed, right=dealt - missed, error_max=middle / _STEP) < bound:
            low = middle
        else:
            high = middle
    return (_STEP - high) / _STEP


def rubber_stamp(*, missed: int, dealt: int) -> bool:
    """Tell whether a reviewer misses more than one error in five, as far as checks can show it.

    Guarantee: a reviewer who finds 80 % or more is ever said to with a chance of at most 1 %.
    Source: `log_excess` at 0.2 against log 100. Limits: as `sensitivity_min`.
    Raises `EvidenceInputError`.
    """
    inputs.count("dealt", dealt)
    inputs.count("missed", missed, most=dealt)
    return log_excess(wrong=missed, right=dealt - missed, rate_max=ALARM_RATE) >= _ALARM_NATS
