"""Card numbers: a brand's prefix and length, Luhn's check, and words that speak against it."""

import re

from remit.intake.check_digits import luhn

_LAYOUT = re.compile(r"(\d{4})([ .-])\d{4}\2\d{4}\2\d{1,7}|\d{4}([ .-])\d{6}\3\d{4,5}")
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|35\d{14}|(?:1800|2131)\d{11}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}|220[0-4]\d{12}|(?:50|5[6-9]|6[0-9])\d{10,17}"
)
_NEVER = frozenset({"order", "natid", "bank", "phone"})


def is_card(digits: str) -> bool:
    """Tell whether digits have a card brand's prefix and length and pass Luhn."""
    return _CARD.fullmatch(digits) is not None and len(set(digits)) > 1 and luhn(digits)


def card_like(shape: str, digits: str, context: str | None) -> bool:
    """Tell whether a card number is written as one, or stands behind a word for cards."""
    if context == "card":
        return shape.isdigit() or "/" not in shape
    if _LAYOUT.fullmatch(shape):
        return context != "order" or len(digits) in (15, 16)
    if context in _NEVER or not shape.isdigit():
        return False
    return len(digits) >= 16 or (digits[:2] in ("34", "37") and len(digits) == 15)
