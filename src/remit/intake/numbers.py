"""Tell card, account, identity and phone numbers from the many other runs of digits."""

import re
from collections.abc import Iterator
from itertools import accumulate

from remit.intake.cards import card_like, is_card
from remit.intake.hit import Hit
from remit.intake.ibans import is_iban
from remit.intake.national import numeric_hit
from remit.intake.phones import phone_hit
from remit.intake.surroundings import Surroundings

GROUPS_MAX = 12  # of one number
DIGITS_MIN, DIGITS_MAX = 7, 28
DATE_MAX = 10  # characters

# It begins with a set of characters, to which `re` skips; what stands before is asked behind it.
RUN = re.compile(
    r"[+(\d](?<!\w[+(\d])(?<![\d_]-[+(\d])(?:(?<=\d)\d*+|(?<=\+) ?\d++|(?<=\()\+?\d++)"
    r"(?!(?!x\d)[A-Za-z_])"
    r"(?:[ .\-/()]{1,3}+\d++(?!(?!x\d)[A-Za-z_]))*"
)
# What a number must begin like where no word says what it is: the layouts of cards and phones.
_SAYS_NOTHING = frozenset({None, "order", "version", "birth"})
_JOINED = frozenset({"card", "phone", "bank", "natid", "health"})  # words that a hyphen may join
_UNNAMED = re.compile(
    r"\(?\d{3}\)?[ .-]?\d{3}[ .-]\d{4}|1[ .-]\d{3}[ .-]\d{3}[ .-]\d{4}|\(?0\d"
    r"|\d{4}[ .-]\d{4}[ .-]\d{4}|\d{4}[ .-]\d{6}[ .-]|\d{15}|\d\d[ .-]{0,2}\d{4}[ .-]{0,2}\d{4}"
)
_IBAN_HEAD = re.compile(r"[A-Za-z]{2}\d\d[ .-]?\Z")
_GROUP = re.compile(r"\d+")
_DATE = re.compile(r"(?:\d{4}[-./]\d\d?[-./]\d\d?|\d\d?[-./]\d\d?[-./](?:\d{4}|\d\d))(?![-./]?\d)")
_AMOUNT_TAIL = re.compile(r",\d\d(?!\d)|\s?(?:EUR|USD|GBP|CHF|PLN|[€$£%])")


def hits(text: str, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:
    """Yield the numbers of a text that mean somebody, longest group first in each run."""
    for run in RUN.finditer(text):
        size = run.end() - run.start()
        if size < DIGITS_MIN or (size <= DATE_MAX and _DATE.fullmatch(run[0])):
            continue
        if _is_joined(text, run.start()) and around.joined(run.start()) not in _JOINED:
            continue  # `ORD-4711` is one word; `Visa-4111…` is a word and a number
        groups = [match.span() for match in _GROUP.finditer(text, run.start(), run.end())]
        first = 0
        while first < len(groups):
            hit, used = _first_hit(text, groups, first, run.start(), around, regions)
            # What is left of an IBAN whose check digits are wrong is no account's number.
            if hit is not None and not (hit.type == "ACCOUNT" and _behind_iban(text, run.start())):
                yield hit
            first += used


def _is_joined(text: str, start: int) -> bool:
    return start > 1 and text[start - 1] == "-" and text[start - 2].isalpha()


def _behind_iban(text: str, start: int) -> bool:
    return _IBAN_HEAD.search(text, max(0, start - 6), start) is not None


def _first_hit(
    text: str,
    groups: list[tuple[int, int]],
    first: int,
    run_start: int,
    around: Surroundings,
    regions: tuple[str, ...],
) -> tuple[Hit | None, int]:
    ahead = groups[first : first + GROUPS_MAX]
    grown = list(accumulate(text[start:stop] for start, stop in ahead))  # digits up to each group
    if len(grown[-1]) < DIGITS_MIN:
        return None, 1
    begin = groups[first][0]
    lead = begin
    floor = groups[first - 1][1] if first else run_start
    while lead > floor and text[lead - 1] in "+( ":
        lead -= 1
    while lead < begin and text[lead] == " ":
        lead += 1
    abroad = text.find("+", lead, begin) >= 0
    context = None if abroad else around.nearest(begin)
    if not abroad and context in _SAYS_NOTHING and _UNNAMED.match(text, lead) is None:
        return None, 1
    for used in range(len(ahead), 0, -1):
        digits = grown[used - 1]
        if len(digits) < DIGITS_MIN:
            break
        if len(digits) > DIGITS_MAX:
            continue
        end = ahead[used - 1][1]
        if abroad:
            hit = phone_hit(text, lead, end, digits, None, regions) if len(digits) <= 15 else None
        else:
            hit = _number(text, begin, lead, end, digits, context, around, regions)
        if hit is not None:
            return hit, used
    return None, 1


def _number(
    text: str,
    begin: int,
    lead: int,
    end: int,
    digits: str,
    context: str | None,
    around: Surroundings,
    regions: tuple[str, ...],
) -> Hit | None:
    shape = text[begin:end]
    size = len(digits)
    if size == 26 and is_iban("PL" + digits):
        return Hit(begin, end, "IBAN", 0.95, "IBAN", "PL" + digits)
    if 12 <= size <= 19 and is_card(digits) and card_like(shape, digits, context):
        return Hit(begin, end, "CARD", 0.9, "CREDIT_CARD", digits)
    found = numeric_hit(text, begin, end, digits, context, around)
    if found is not None:
        return found
    if size > 17 or _DATE.match(shape) or _AMOUNT_TAIL.match(text, end):
        return None
    if context == "bank":
        if size >= 8 and "/" not in shape and "(" not in shape:
            return Hit(begin, end, "ACCOUNT", 0.6, "ACCOUNT", digits)
        return None
    return phone_hit(text, lead, end, digits, context, regions) if size <= 15 else None
