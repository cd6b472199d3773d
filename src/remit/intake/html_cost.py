"""What HTML would cost to parse, told from its source: a parser's time may grow with a square."""

import re
from collections import Counter

CHARACTERS_MAX = 262_144  # bounds what no look at the source beforehand can
DEPTH_MAX = 500  # of open elements: the parser's time grows with its square
TAG_CHARACTERS_MAX = 2_000  # a longer one is counted
ATTRIBUTES_MAX = 500  # of one element: the same

# Elements that never hold others, or that end by themselves where the next one begins.
_UNCOUNTED = frozenset(
    "area base br col embed hr img input link meta p param source track wbr li td th tr dt dd"
    " option tbody thead tfoot".split()
)
_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:-]{0,30})")
_ATTRIBUTE = r"""[^\s/>][^\s/>=]*+(?:\s*+=\s*+(?:"[^"]*+"?|'[^']*+'?|[^\s>"'][^\s>]*+)?)?"""
_LONG = re.compile(rf"<[a-zA-Z][^\s/>]*+((?:[\s/]++|{_ATTRIBUTE})*+)")
_ATTRIBUTES = re.compile(_ATTRIBUTE)


def too_costly(source: str) -> bool:
    """Whether parsing would take too long: too long, too deep, or too many attributes at once."""
    if len(source) > CHARACTERS_MAX:
        return True
    if source.count("<") > DEPTH_MAX and _deep(source):
        return True
    return any(
        len(match[1]) > TAG_CHARACTERS_MAX and len(_ATTRIBUTES.findall(match[1])) > ATTRIBUTES_MAX
        for match in _LONG.finditer(source)
    )


# -- parts ---------------------------------------------------------------------------------------


def _deep(source: str) -> bool:
    """Whether more elements are open at once than are read, as a parser would count them."""
    opened: list[str] = []
    there: Counter[str] = Counter()
    for match in _TAG.finditer(source):
        name = match[2].lower()
        if name in _UNCOUNTED:
            continue
        if not match[1]:
            opened.append(name)
            there[name] += 1
            if len(opened) > DEPTH_MAX:
                return True
            continue
        if not there[name]:
            continue
        for place in range(len(opened) - 1, -1, -1):
            if opened[place] == name:
                there.subtract(opened[place:])
                del opened[place:]
                break
            if opened[place] == "table":  # nothing outside is closed from within
                break
    return False
