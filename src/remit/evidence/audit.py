"""The coin that draws what is reviewed: tossed under a secret that is told afterwards."""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from remit.domain.frozen import dataclass
from remit.errors import EvidenceInputError
from remit.evidence import inputs

KEY_BYTES: Final = 32
SHARE_MIN: Final = 0.05
_BITS: Final = 53


@dataclass(frozen=True, slots=True, kw_only=True)
class Coin:
    """One toss: a number of [0, 1), and whether it is below the share."""

    draw: float
    drawn: bool


def coin(key: bytes, proposal_id: str, *, share: float) -> Coin:
    """Toss the coin of a proposal: the first 53 bits of HMAC-SHA256 (RFC 2104), below the share.

    Guarantee: the same key and id give the same toss for ever; who does not know the key cannot
    tell it beforehand, and drawn rows are a fair sample. Limits: who can read the key can.
    Raises `EvidenceInputError` for a key that has not 32 bytes, no id, a share below 0.05.
    """
    if len(key) != KEY_BYTES:
        raise EvidenceInputError(f"`key` must have {KEY_BYTES} bytes")
    if not proposal_id:
        raise EvidenceInputError("`proposal_id` must not be empty")
    inputs.within("share", share, least=SHARE_MIN, most=1)
    digest = hmac.digest(key, proposal_id.encode(), hashlib.sha256)
    draw = (int.from_bytes(digest[:8], "big") >> (64 - _BITS)) / 2**_BITS
    return Coin(draw=draw, drawn=draw < share)


def due(shares: Iterable[float]) -> float:
    """Return how many verdicts are to be expected of proposals that were tossed at these shares.

    Raises `EvidenceInputError` for a share outside [0.05, 1].
    """
    return sum(inputs.within("shares", share, least=SHARE_MIN, most=1) for share in shares)
