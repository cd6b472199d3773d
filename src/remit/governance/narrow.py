"""What a list of the inbox is narrowed to beside tab, workflow and action."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from remit.domain.money import Money
from remit.errors import RequestInvalidError
from remit.store.inbox import Between

_AMOUNT = re.compile(r"[0-9]{1,14}(\.[0-9]{1,3})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """A first reason, and how much money is at stake in one currency."""

    reason: str | None = None  # code
    currency: str | None = None
    least: Decimal | None = None
    most: Decimal | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Narrow":
        """Return what an address says; raises `RequestInvalidError`."""
        currency = given.get("currency", "").strip().upper() or None
        least, most = (_amount(given, name, currency) for name in ("from", "to"))
        if currency is not None:
            _money(Decimal(), currency, "currency")
        reason = given.get("reason", "").strip() or None
        return cls(reason=reason, currency=currency, least=least, most=most)

    def members(self) -> dict[str, str | None]:
        """Return what an address says of it."""
        return {
            "reason": self.reason,
            "currency": self.currency,
            "from": None if self.least is None else str(self.least),
            "to": None if self.most is None else str(self.most),
        }

    @property
    def money(self) -> Between | None:
        """Currency, the least and the most in minor units; None where money is not asked for."""
        if self.currency is None:
            return None
        least, most = (
            None if one is None else Money(one, self.currency).minor
            for one in (self.least, self.most)
        )
        return self.currency, least, most


EVERYTHING = Narrow()


def _amount(given: Mapping[str, str], name: str, currency: str | None) -> Decimal | None:
    said = given.get(name, "").strip().replace(",", "")
    if not said:
        return None
    if currency is None:
        raise RequestInvalidError("`currency`: say of which currency, such as `EUR`")
    if not _AMOUNT.fullmatch(said):
        raise RequestInvalidError(f"`{name}`: an amount, such as `50` or `50.00`")
    return _money(Decimal(said), currency, name).amount


def _money(amount: Decimal, currency: str, name: str) -> Money:
    try:
        found = Money(amount, currency)
        found.minor  # noqa: B018  # raises where it is finer than the currency has it
    except ValueError as error:
        raise RequestInvalidError(f"`{name}`: {error}; write `50.00` and `EUR`") from None
    return found
