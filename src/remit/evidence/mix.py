"""Why an aggregate moved: because its parts did, or because there are more of some parts."""

import math
from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from remit.domain.frozen import dataclass
from remit.errors import EvidenceInputError
from remit.evidence import inputs

RATE_MAX: Final = 1e12  # a rate, or a mean of logarithms
_NEAR: Final = 1e-9
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The change of an aggregate; `rate` and `mix` add up to `total`."""

    total: float
    rate: float  # because the strata changed
    mix: float  # because their shares did


def split(
    before: Mapping[Name, tuple[float, float]], after: Mapping[Name, tuple[float, float]]
) -> Split:
    """Return the change of an aggregate, by what its strata (share, rate) did and by their mix.

    Guarantee: exact; rate and mix add up to the total, and reading time backwards turns every
    sign. Source: Kitagawa 1955. Limits: arithmetic, not a cause; never for medians. Raises
    `EvidenceInputError` for strata that differ, or shares that do not sum to 1 within 1e-9.
    """
    if before.keys() != after.keys():
        raise EvidenceInputError("`before` and `after` must have the same strata")
    _check("before", before)
    _check("after", after)
    pairs = [(before[name], after[name]) for name in before]
    rate = math.fsum((w0 + w1) / 2 * (r1 - r0) for (w0, r0), (w1, r1) in pairs)
    mix = math.fsum((r0 + r1) / 2 * (w1 - w0) for (w0, r0), (w1, r1) in pairs)
    return Split(total=rate + mix, rate=rate, mix=mix)


def _check(name: str, strata: Mapping[Name, tuple[float, float]]) -> None:
    inputs.count(name, len(strata))
    for share, rate in strata.values():
        inputs.within(f"{name} share", share, least=0, most=1)
        inputs.within(f"{name} rate", rate, least=-RATE_MAX, most=RATE_MAX)
    if abs(math.fsum(share for share, _ in strata.values()) - 1) > _NEAR:
        raise EvidenceInputError(f"`{name}` must have shares that sum to 1")
