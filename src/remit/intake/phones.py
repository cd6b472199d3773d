"""Phone numbers in a text: a plan of some country that they fit, and words or a layout for them.

The numbering plans are those of phonenumbers. Each is compiled once into one pattern, which says
the same as the library at a hundredth of its price; the library itself writes the canonical form.
"""

import re
from functools import lru_cache

import phonenumbers

from remit.intake.contacts import parsed, written
from remit.intake.hit import Hit

REGIONS = ("US", "GB", "DE", "FR", "PL", "ES", "IT", "CH", "AT", "NL", "BE", "IN")
PLANS_MAX = 512

_LAYOUT = re.compile(
    r"\(\d{3}\) ?\d{3}[- .]\d{4}|\d{3}([-.])\d{3}\1\d{4}|1[- .]\d{3}[- .]\d{3}[- .]\d{4}"
)
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_TRUNK = re.compile(r"\(?0\d{1,4}\)?[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,4}")
_NEVER = frozenset({"order", "natid", "bank", "card", "birth", "version", "health"})
_TYPES = (
    "fixed_line", "mobile", "toll_free", "premium_rate", "shared_cost", "voip", "personal_number",
    "pager", "uan", "voicemail",
)  # fmt: skip


def phone_hit(
    text: str, lead: int, end: int, digits: str, context: str | None, regions: tuple[str, ...]
) -> Hit | None:
    """Return the phone number that stands in one place of a text, or None."""
    shape = text[lead:end]
    if shape.startswith("(") and shape.count("(") != shape.count(")"):
        lead, shape = lead + 1, shape[1:]
    if shape.startswith(("+", "(+")):
        return _international(text, lead, end, digits)
    if context in _NEVER:
        return None
    if digits.startswith("00") and shape.startswith("00") and valid_abroad(digits[2:]):
        number = parsed("+" + digits[2:], None)
        return Hit(lead, end, "PHONE", 0.8, "PHONE", written(number)) if number else None
    if (
        context != "phone"
        and not _LAYOUT.fullmatch(shape)
        and not (_TRUNK.fullmatch(shape) and len(digits) >= 9)
    ):
        return None
    whole = _whole(text, end)
    for region in regions:
        if valid_in(digits, region) and (number := parsed(text[lead:whole], region)):
            return Hit(lead, whole, "PHONE", 0.85, "PHONE", written(number))
    if any(valid_in(digits, region) for region in REGIONS):
        return Hit(lead, whole, "PHONE", 0.7, "PHONE", digits)  # which country is not known
    if context == "phone" and (_LAYOUT.fullmatch(shape) or len(digits) in (10, 11)):
        return Hit(lead, whole, "PHONE", 0.55, "PHONE", digits)  # named as one, mistyped or not
    return None


def _international(text: str, lead: int, end: int, digits: str) -> Hit | None:
    whole = _whole(text, end)
    if whole == end and valid_abroad(digits):
        return Hit(lead, end, "PHONE", 0.9, "PHONE", "+" + digits)
    if whole != end or "(0" in text[lead:end]:
        number = parsed(text[lead:whole], None) or parsed(text[lead:end], None)
        if number:
            return Hit(lead, whole, "PHONE", 0.9, "PHONE", written(number))
    if _possible_abroad(digits):  # a range that the plan does not know, or has reserved
        return Hit(lead, whole, "PHONE", 0.6, "PHONE", "+" + digits)
    return None


def _possible_abroad(digits: str) -> bool:
    for length in (1, 2, 3):
        regions = _regions(digits[:length])
        if regions:
            plan = _plan(regions[0])
            return plan is not None and len(digits) - length in plan.lengths
    return False


def _whole(text: str, end: int) -> int:
    extension = _EXTENSION.match(text, end)
    return extension.end() if extension else end


def valid_abroad(digits: str) -> bool:
    """Tell whether digits behind a plus are a country's code and a number of its plan."""
    for length in (1, 2, 3):
        regions = _regions(digits[:length])
        if regions:
            national = digits[length:]
            return any(
                plan.pattern.fullmatch(national) for region in regions if (plan := _plan(region))
            )
    return False


def valid_in(digits: str, region: str) -> bool:
    """Tell whether digits, with or without the trunk prefix, are a number of a region's plan."""
    plan = _plan(region)
    if plan is None:
        return False
    if plan.pattern.fullmatch(digits):
        return True
    prefix = plan.prefix.match(digits) if plan.prefix else None
    if prefix and prefix.end() and plan.pattern.fullmatch(digits[prefix.end() :]):
        return True
    return digits.startswith(plan.code) and bool(plan.pattern.fullmatch(digits[len(plan.code) :]))


class _Plan:
    __slots__ = ("code", "lengths", "pattern", "prefix")

    def __init__(
        self,
        pattern: re.Pattern[str],
        prefix: re.Pattern[str] | None,
        code: str,
        lengths: frozenset[int],
    ) -> None:
        self.pattern = pattern
        self.prefix = prefix
        self.code = code
        self.lengths = lengths


@lru_cache(maxsize=PLANS_MAX)
def _regions(code: str) -> tuple[str, ...]:
    return tuple(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(int(code), ()))


@lru_cache(maxsize=PLANS_MAX)
def _plan(region: str) -> _Plan | None:
    if region == "001" or region not in phonenumbers.SUPPORTED_REGIONS:
        return None
    known = phonenumbers.PhoneMetadata.metadata_for_region(region)
    general = known.general_desc if known else None
    if known is None or general is None or general.national_number_pattern is None:
        return None
    kinds = [
        desc.national_number_pattern
        for name in _TYPES
        if (desc := getattr(known, name)) and desc.national_number_pattern
    ]
    pattern = rf"(?=(?:{general.national_number_pattern})\Z)(?:{'|'.join(kinds)})"
    prefix = known.national_prefix_for_parsing
    return _Plan(
        re.compile(pattern),
        re.compile(prefix) if prefix else None,
        str(known.country_code),
        frozenset(general.possible_length),
    )
