"""How much each principal may ask in a minute: a token bucket for a person, a service, an address.

Each process counts for itself; nothing of this is stored.
"""

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from remit.errors import TooManyRequestsError

BUCKETS_MAX: Final = 10_000  # of each kind; the one that was used longest ago goes first
ADDRESS_BITS: Final = 64  # of IPv6: one host has all that follow


class Kind(StrEnum):
    PERSON = "person"
    SERVICE = "service"
    ADDRESS = "address"  # of whoever is neither


class Rates:
    """The buckets of one process: each holds a minute's worth and fills up all the time."""

    def __init__(self, per_minute: Mapping[Kind, int], *, elapsed: Callable[[], float]) -> None:
        self._per_minute = dict(per_minute)
        self._elapsed = elapsed  # seconds; runs forward only
        self._buckets: dict[Kind, OrderedDict[str, tuple[float, float]]] = {
            kind: OrderedDict() for kind in Kind
        }

    def take(self, kind: Kind, who: str) -> None:
        """Count one request of a principal; raises `TooManyRequestsError` where there is no room.

        A request that is refused is not counted.
        """
        size, now = self._per_minute[kind], self._elapsed()
        buckets = self._buckets[kind]
        left, at = buckets.pop(who, (float(size), now))
        left = min(float(size), left + (now - at) * size / 60)
        refused = left < 1
        buckets[who] = (left if refused else left - 1, now)
        if len(buckets) > BUCKETS_MAX:
            buckets.popitem(last=False)
        if refused:
            seconds = math.ceil((1 - left) * 60 / size)
            raise TooManyRequestsError(
                f"more than {size} requests in a minute; come again in {seconds} s",
                retry_after_seconds=seconds,
            )

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))


def network_of(address: str) -> str:
    """Return what stands for an address: itself, or the network that one IPv6 host has."""
    try:
        found = ipaddress.IPv6Address(address)
    except ValueError:
        return address
    return str(ipaddress.IPv6Network((found.packed, ADDRESS_BITS), strict=False))
