"""What became of an effect, as the executor found it."""

from datetime import datetime

from remit.domain.frozen import dataclass
from remit.domain.value import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """It happened; `receipt` is what the body made of the answer, unmasked."""

    reference: str
    receipt: Json
    latency_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """The other system answers later."""

    reference: str
    receipt: Json
    until: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPerformed:
    """It did not happen: a definite no, or no byte left."""

    code: str
    sentence: str
    sent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Uncertain:
    """It may have happened."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class NotThere:
    """The other system has nothing under this key now."""


EffectOutcome = Confirmed | Dispatched | NotPerformed | Uncertain
