"""Tell card, account and phone numbers from the many other runs of digits."""

import re
from collections.abc import Iterator

from remit.domain.frozen import dataclass
from remit.intake.contacts import parsed, written
from remit.intake.surroundings import Surroundings

GROUPS_MAX = 12  # of one number
REGIONS = ("US", "GB", "DE", "FR", "PL", "ES", "IT", "CH", "AT", "NL", "BE")

RUN = re.compile(
    r"(?<!\w)(?<!\w-)(?:\+ ?|\(\+?)?\d++(?!(?!x\d)[A-Za-z_])"
    r"(?:[ .\-/()]{1,3}+\d++(?!(?!x\d)[A-Za-z_]))*"
)
_GROUP = re.compile(r"\d+")
_DATE = re.compile(r"(?:\d{4}[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./](?:\d{4}|\d\d))(?![-./]?\d)")
_AMOUNT_TAIL = re.compile(r",\d\d(?!\d)|\s?(?:EUR|USD|GBP|CHF|PLN|[€$£%])")
_LAYOUT = re.compile(
    r"\(\d{3}\) ?\d{3}[- .]\d{4}|\d{3}([-.])\d{3}\1\d{4}|1[- .]\d{3}[- .]\d{3}[- .]\d{4}"
)
_EXTENSION = re.compile(r"\s?(?:x|ext\.?|extension)\s?\d{1,6}(?!\w)", re.IGNORECASE)
_TRUNK = re.compile(r"\(?0\d{1,4}\)?[ /-]\d{2,4}(?:[ -]?\d{2,4}){1,4}")
_CARD_LAYOUT = re.compile(r"(\d{4})([ .-])\d{4}\2\d{4}\2\d{1,7}|\d{4}([ .-])\d{6}\3\d{4,5}")
_CARD = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"
    r"|3[47]\d{13}|6(?:011|5\d\d|4[4-9]\d)\d{12,15}|35\d{14}|(?:1800|2131)\d{11}"
    r"|3(?:0[0-5]|[68]\d)\d{11}|62\d{14,17}|220[0-4]\d{12}|(?:50|5[6-9]|6[0-9])\d{10,17}"
)
_NEVER_CARD = frozenset({"order", "natid", "bank", "phone"})
_NEVER_PHONE = frozenset({"order", "natid", "bank", "card", "birth", "version"})


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """One find in the view, not yet a finding."""

    start: int
    end: int
    type: str
    score: float
    label: str
    canonical: str


def hits(text: str, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:
    """Yield the card, account and phone numbers of a text, longest group first in each run."""
    for run in RUN.finditer(text):
        if run.end() - run.start() < 7:
            continue
        groups = [match.span() for match in _GROUP.finditer(text, run.start(), run.end())]
        first = 0
        while first < len(groups):
            hit, used = _first_hit(text, groups, first, run.start(), around, regions)
            if hit is not None:
                yield hit
            first += used


def _first_hit(
    text: str,
    groups: list[tuple[int, int]],
    first: int,
    run_start: int,
    around: Surroundings,
    regions: tuple[str, ...],
) -> tuple[Hit | None, int]:
    begin = groups[first][0]
    lead = begin
    floor = groups[first - 1][1] if first else run_start
    while lead > floor and text[lead - 1] in "+( ":
        lead -= 1
    while lead < begin and text[lead] == " ":
        lead += 1
    for last in range(min(len(groups), first + GROUPS_MAX) - 1, first - 1, -1):
        end = groups[last][1]
        digits = "".join(text[start:stop] for start, stop in groups[first : last + 1])
        if not 7 <= len(digits) <= 28:
            continue
        hit = _number(text, begin, lead, end, digits, around, regions)
        if hit is not None:
            return hit, last + 1 - first
    return None, 1


def _number(
    text: str,
    begin: int,
    lead: int,
    end: int,
    digits: str,
    around: Surroundings,
    regions: tuple[str, ...],
) -> Hit | None:
    shape = text[begin:end]
    plus = "+" in text[lead:begin]
    if len(digits) == 26 and not plus and is_iban("PL" + digits):
        return Hit(begin, end, "IBAN", 0.95, "IBAN", "PL" + digits)
    if (
        12 <= len(digits) <= 19
        and not plus
        and is_card(digits)
        and _card_like(shape, begin, digits, around)
    ):
        return Hit(begin, end, "CARD", 0.9, "CREDIT_CARD", digits)
    national = not plus and (_DATE.match(shape) or _AMOUNT_TAIL.match(text, end))
    if len(digits) <= 15 and not national:
        return _phone(text, lead, end, digits, around, regions)
    return None


def _card_like(shape: str, begin: int, digits: str, around: Surroundings) -> bool:
    context = around.nearest(begin)
    if context == "card":
        return shape.isdigit() or "/" not in shape
    if _CARD_LAYOUT.fullmatch(shape):
        return context != "order" or len(digits) in (15, 16)
    if context in _NEVER_CARD or not shape.isdigit():
        return False
    return len(digits) >= 16 or (digits[:2] in ("34", "37") and len(digits) == 15)


def _phone(
    text: str, lead: int, end: int, digits: str, around: Surroundings, regions: tuple[str, ...]
) -> Hit | None:
    shape = text[lead:end]
    if shape.startswith("(") and shape.count("(") != shape.count(")"):
        lead, shape = lead + 1, shape[1:]
    extension = _EXTENSION.match(text, end)
    whole = extension.end() if extension else end
    if shape.startswith(("+", "(+")):
        number = parsed(text[lead:whole], None) or parsed(shape, None)
        return Hit(lead, whole, "PHONE", 0.9, "PHONE", written(number)) if number else None
    context = around.nearest(lead)
    if context in _NEVER_PHONE:
        return None
    if (
        digits.startswith("00")
        and shape.startswith("00")
        and (number := parsed("+" + digits[2:], None))
    ):
        return Hit(lead, end, "PHONE", 0.8, "PHONE", written(number))
    spoken = context == "phone"
    if (
        not spoken
        and not _LAYOUT.fullmatch(shape)
        and not (_TRUNK.fullmatch(shape) and len(digits) >= 9)
    ):
        return None
    for region in regions:
        if number := parsed(text[lead:whole], region):
            return Hit(lead, whole, "PHONE", 0.85, "PHONE", written(number))
    if any(parsed(shape, region) for region in REGIONS):
        return Hit(lead, whole, "PHONE", 0.7, "PHONE", digits)  # which country is not known
    return None


def is_card(digits: str) -> bool:
    """Tell whether digits have a card brand's prefix and length and pass Luhn."""
    if _CARD.fullmatch(digits) is None or len(set(digits)) < 2:
        return False
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(map(int, digits[-1::-2])) + sum(doubled)) % 10 == 0


_GAP = r"[ .\-\r\n]{0,2}"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}(?:{_GAP}\d){{2}}(?:{_GAP}[A-Za-z0-9]){{11,32}}"
)

# ISO 13616 registry: length of each country's IBAN
_LENGTHS = {
    code: int(length)
    for length, codes in (
        part.split(":")
        for part in (
            "15:NO|16:BE|18:DK FI FO GL NL SD|19:MK SI|20:AT BA EE KZ LT LU MN XK"
            "|21:CH HR LI LV|22:BG BH CR DE GB GE IE ME RS VA|23:AE GI IL IQ OM SO TL"
            "|24:AD CZ ES MD PK RO SA SE SK TN VG|25:LY PT ST|26:IS TR"
            "|27:BI DJ FR GR IT MC MR SM|28:AL AZ BY CY DO GT HU LB NI PL SV|29:BR EG PS QA UA"
            "|30:JO KW MU YE|31:MT SC|32:LC|33:RU"
        ).split("|")
    )
    for code in codes.split()
}


def iban_hits(text: str) -> Iterator[Hit]:
    """Yield the IBANs of a text, cut at their country's length."""
    for match in _IBAN.finditer(text):
        length = _LENGTHS.get(match[0][:2].upper())
        if length is None:
            continue
        kept = 0
        for offset, char in enumerate(match[0]):
            kept += char.isalnum()
            if kept == length:
                end = match.start() + offset + 1
                compact = re.sub(r"[ .\r\n-]", "", text[match.start() : end]).upper()
                if not text[end : end + 1].isalnum() and is_iban(compact):
                    yield Hit(match.start(), end, "IBAN", 0.95, "IBAN", compact)
                break


def is_iban(compact: str) -> bool:
    """Tell whether an IBAN without spaces has its country's length and check digits (mod 97)."""
    if len(compact) != _LENGTHS.get(compact[:2]) or not compact.isascii():
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
