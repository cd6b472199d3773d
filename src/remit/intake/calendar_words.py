"""The words of a date in English, German, French, Polish and Spanish."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from remit.intake import cldr

# month -> its names; a word of three or more letters also counts as the beginning of a long one
_MONTHS = {
    1: "january jan januar jaenner janner janvier janv stycznia styczen sty enero ene",
    2: "february feb februar fevrier fevr lutego luty lut febrero",
    3: "march mar marz maerz mars marca marzec marzo mrz",
    4: "april apr avril avr kwietnia kwiecien kwi abril abr",
    5: "may mai maja maj mayo",
    6: "june jun juni juin czerwca czerwiec cze junio",
    7: "july jul juli juillet juil lipca lipiec julio",
    8: "august aug aout sierpnia sierpien sie agosto ago",
    9: "september sep sept septembre wrzesnia wrzesien wrz septiembre setiembre",
    10: "october oct oktober okt octobre pazdziernika pazdziernik paz octubre",
    11: "november nov novembre noviembre",
    12: "december dec dezember dez decembre grudnia grudzien gru diciembre dic",
}
# words that mean another month in another language (CLDR)
_SHARED_MONTHS: Mapping[str, Mapping[int, frozenset[str]]] = {
    "lip": {7: frozenset({"pl"}), 6: frozenset({"hr"})},
    "lis": {11: frozenset({"cs", "pl"}), 10: frozenset({"hr"})},
    "listopad": {11: frozenset({"cs", "pl"}), 10: frozenset({"hr"})},
    "listopada": {11: frozenset({"pl"}), 10: frozenset({"hr"})},
    "srp": {8: frozenset({"cs"}), 7: frozenset({"hr"})},
}
_WEEKDAYS = {
    0: "monday mon montag mo lundi lun poniedzialek pon lunes",
    1: "tuesday tue tues dienstag di mardi wtorek wto martes",
    2: "wednesday wed mittwoch mi mercredi mer sroda sro miercoles mie",
    3: "thursday thu thur thurs donnerstag do jeudi jeu czwartek czw jueves jue",
    4: "friday fri freitag fr vendredi ven piatek pia viernes vie",
    5: "saturday sat samstag sonnabend sa samedi sam sobota sob sabado sab",
    6: "sunday sun sonntag so dimanche dim niedziela nie domingo dom",
}
_RELATIVE = {
    "today": 0, "tomorrow": 1, "yesterday": -1, "heute": 0, "morgen": 1, "gestern": -1,
    "aujourd'hui": 0, "demain": 1, "hier": -1, "dzisiaj": 0, "dzis": 0, "jutro": 1,
    "wczoraj": -1, "hoy": 0, "manana": 1, "ayer": -1,
}  # fmt: skip
_FILLERS = frozenset(
    "of the de del den der am le on el r roku di a g г года год р року gada m d".split()
)
_MONTH_OF = {word: month for month, words in _MONTHS.items() for word in words.split()}
_WEEKDAY_OF = {word: day for day, words in _WEEKDAYS.items() for word in words.split()}
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|\.|º)?", re.IGNORECASE)
_QUARTER = re.compile(r"[qtk][1-4][ /-]?\d{4}|\d{4}[ /-]?[qtk][1-4]", re.IGNORECASE)
_FEIRA = re.compile(r"-feira\b")  # as in terça-feira
_SPLIT = re.compile(r"[\s,/-]+|\.(?=\s|$|[^\W\d])|(?<=[^\W\d])\.")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """What the words of a text say; `foreign` when one of them does not belong to a date.

    `months` says in which languages a word means which month, where that differs; `unknown` are
    words that may be a month in a language that this module does not know.
    """

    day: int | None = None
    month: int | None = None
    months: Mapping[int, frozenset[str]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    year: str | None = None
    weekdays: frozenset[int] = frozenset()
    relative_days: int | None = None
    quarter: bool = False
    foreign: bool = False
    bare: bool = False  # one word alone, which may be a name or a verb


def read(text: str) -> DateWords:
    """Return what each word of a written date says."""
    said = cldr.plain(text)
    if said in _RELATIVE:
        return DateWords(relative_days=_RELATIVE[said])
    if _QUARTER.fullmatch(said):
        return DateWords(quarter=True)
    spelt = _SPLIT.split(_FEIRA.sub("", said))
    pieces = [piece for piece in map(_bare, spelt) if piece and piece not in _FILLERS]
    day = month = None
    weekdays: frozenset[int] = frozenset()
    year: str | None = None
    months: Mapping[int, frozenset[str]] = {}
    unknown: list[str] = []
    foreign = False
    for piece in pieces:
        named = month is not None or bool(months)
        if piece in _MONTH_OF and not named:
            month = _MONTH_OF[piece]
        elif piece in _SHARED_MONTHS and not named:
            months = _SHARED_MONTHS[piece]
        elif piece in _WEEKDAY_OF and not weekdays:
            weekdays = frozenset({_WEEKDAY_OF[piece]})
        elif piece.isdecimal() and (len(piece) == 4 or (day is not None and len(piece) == 2)):
            foreign = foreign or year is not None
            year = piece
        elif (match := _DAY.fullmatch(piece)) and day is None:
            day = int(match[1])
        elif piece.isalpha() and len(piece) >= cldr.WORD_MIN:
            unknown.append(piece)
        else:
            foreign = True
    named = month is not None or bool(months) or bool(unknown)
    number_alone = not named and not any(_ordinal(piece) for piece in pieces)
    return DateWords(
        day=day,
        month=month,
        months=months,
        unknown=tuple(unknown),
        year=year,
        weekdays=weekdays,
        foreign=foreign or (number_alone and not weekdays),
        bare=len(pieces) == 1,
    )


def _bare(piece: str) -> str:
    """Return a word without the `d'` of Catalan and French before it."""
    return piece[2:] if piece.startswith(("d'", "d’")) else piece


def _ordinal(piece: str) -> bool:
    return not piece.isdecimal() and _DAY.fullmatch(piece) is not None
