"""Money: an exact decimal with its currency."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

# Decimals that differ from two (ISO 4217:2015, minor units).
_MINOR_DIGITS = {
    "BHD": 3, "CLP": 0, "IQD": 3, "ISK": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "LYD": 3,
    "OMR": 3, "PYG": 0, "TND": 3, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0, "XPF": 0,
}  # fmt: skip

_CODE_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency.

    Raises `ValueError` for an amount that is not a finite decimal or a currency that is not three
    capital letters.
    """

    amount: Decimal
    currency: str

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError("amount is not a finite decimal")
        if len(self.currency) != _CODE_LENGTH or not (
            self.currency.isascii() and self.currency.isalpha() and self.currency.isupper()
        ):
            raise ValueError("currency is not three capital letters (ISO 4217)")

    @classmethod
    def of(cls, text: str) -> "Money":
        """Return the money written as `19.00 EUR`."""
        amount, _, currency = text.strip().partition(" ")
        try:
            return cls(Decimal(amount), currency)
        except InvalidOperation as error:
            raise ValueError("money is written as `19.00 EUR`") from error

    @classmethod
    def of_minor(cls, minor: int, currency: str) -> "Money":
        """Return the money of so many minor units (cents)."""
        return cls(Decimal(minor).scaleb(-_MINOR_DIGITS.get(currency, 2)), currency)

    @property
    def minor(self) -> int:
        """The amount in minor units (cents); raises `ValueError` when it has a finer part."""
        scaled = self.amount.scaleb(_MINOR_DIGITS.get(self.currency, 2))
        if scaled != scaled.to_integral_value():
            raise ValueError("amount is finer than the currency's minor unit")
        return int(scaled)

    @property
    def written(self) -> str:
        """The amount in its one written form, with at least the currency's decimals."""
        digits = _MINOR_DIGITS.get(self.currency, 2)
        exponent = self.amount.as_tuple().exponent
        if isinstance(exponent, int) and -exponent > digits:
            plain = self.amount.normalize()
            exponent = plain.as_tuple().exponent
            if isinstance(exponent, int) and -exponent > digits:
                return f"{plain:f}"
        return f"{self.amount:.{digits}f}"

    def __str__(self) -> str:
        return f"{self.written} {self.currency}"
