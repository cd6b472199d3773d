"""The wealth of one who bets against a rate: how strongly counts speak against it, in nats."""

import math

from remit.evidence import inputs


def log_evidence(*, wrong: int, right: int, error_max: float) -> float:
    """Return how strongly the counts say that the error rate is below `error_max`, in nats.

    Guarantee: while the true rate is at or above `error_max`, the chance that this ever reaches
    log(1/d) is at most d, however often one looks. No labels give 0.
    Source: the mixture of bets over Beta(1/2, 1) cut to (0, `error_max`), Robbins 1970 with
    Ville's inequality 1939; non-negative as in Waudby-Smith and Ramdas 2024 (arXiv 2010.09686).
    Limits: nothing on the next case, on wrong labels, or on errors that come together.
    Raises `EvidenceInputError` for what is no count or no rate; takes time in proportion to
    `right`, some 0.3 s for a million.
    """
    _labels(wrong, right)
    log_ratio = -math.log1p(-inputs.chance("error_max", error_max))
    return mixture(weight=0.5, start=wrong + 0.5, log_ratio=log_ratio, times=right)


def log_excess(*, wrong: int, right: int, rate_max: float) -> float:
    """Return how strongly the counts say that the error rate is above `rate_max`, in nats.

    Guarantee: while the true rate is at or below `rate_max`, the chance that this ever reaches
    log(1/d) is at most d, however often one looks. No labels give 0.
    Source: as `log_evidence`, bets over Beta(1, 2) cut to (`rate_max`, 1).
    Limits: as `log_evidence`. Raises `EvidenceInputError` for what is no count or no rate.
    """
    _labels(wrong, right)
    log_ratio = -math.log(inputs.chance("rate_max", rate_max))
    return mixture(weight=2.0, start=right + 2.0, log_ratio=log_ratio, times=wrong)


def mixture(*, weight: float, start: float, log_ratio: float, times: int) -> float:
    """Return log(weight * integral over 0 < u < 1 of u^(start-1) (u + (1-u) e^log_ratio)^times).

    Integration by parts gives (start + i) J_i = weight + i e^log_ratio J_(i-1): positive terms
    only, so nothing cancels and nothing underflows, where an incomplete beta function does both.
    Checked against exact fractions in `tests/unit/evidence/test_wealth.py`.
    """
    log, exp, log1p = math.log, math.exp, math.log1p
    log_weight = log(weight)
    total = log_weight - log(start)
    for i in range(1, times + 1):
        grown = log(i) + log_ratio + total
        high, low = (grown, log_weight) if grown > log_weight else (log_weight, grown)
        total = high + log1p(exp(low - high)) - log(start + i)
    return total


def _labels(wrong: int, right: int) -> None:
    inputs.count("wrong", wrong)
    inputs.count("right", right, most=inputs.LABELS_MAX - wrong)
