"""The words of a date in English, German, French, Polish and Spanish."""

import re
import unicodedata
from dataclasses import dataclass

# month -> its names; a word of three or more letters also counts as the beginning of a long one
_MONTHS = {
    1: "january jan januar jaenner janner janvier janv stycznia styczen sty enero ene",
    2: "february feb februar fevrier fevr lutego luty lut febrero",
    3: "march mar marz maerz mars marca marzec marzo mrz",
    4: "april apr avril avr kwietnia kwiecien kwi abril abr",
    5: "may mai maja maj mayo",
    6: "june jun juni juin czerwca czerwiec cze junio",
    7: "july jul juli juillet juil lipca lipiec lip julio",
    8: "august aug aout sierpnia sierpien sie agosto ago",
    9: "september sep sept septembre wrzesnia wrzesien wrz septiembre setiembre",
    10: "october oct oktober okt octobre pazdziernika pazdziernik paz octubre",
    11: "november nov novembre listopada listopad lis noviembre",
    12: "december dec dezember dez decembre grudnia grudzien gru diciembre dic",
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
_FILLERS = frozenset("of the de del den am le on el r roku".split())
_MONTH_OF = {word: month for month, words in _MONTHS.items() for word in words.split()}
_WEEKDAY_OF = {word: day for day, words in _WEEKDAYS.items() for word in words.split()}
_DAY = re.compile(r"(\d{1,2})(?:st|nd|rd|th|er|\.|º)?", re.IGNORECASE)
_QUARTER = re.compile(r"[qtk][1-4][ /-]?\d{4}|\d{4}[ /-]?[qtk][1-4]", re.IGNORECASE)
_SPLIT = re.compile(r"[\s,/-]+|\.(?=\s|$|[^\W\d])")


@dataclass(frozen=True, slots=True, kw_only=True)
class DateWords:
    """What the words of a text say; `foreign` when one of them does not belong to a date."""

    day: int | None = None
    month: int | None = None
    year: str | None = None
    weekday: int | None = None
    relative_days: int | None = None
    quarter: bool = False
    foreign: bool = False
    bare: bool = False  # one word alone, which may be a name or a verb


def read(text: str) -> DateWords:
    """Return what each word of a written date says."""
    plain = _plain(text)
    if plain in _RELATIVE:
        return DateWords(relative_days=_RELATIVE[plain])
    if _QUARTER.fullmatch(plain):
        return DateWords(quarter=True)
    pieces = [piece for piece in _SPLIT.split(plain) if piece and piece not in _FILLERS]
    day = month = weekday = None
    year: str | None = None
    foreign = False
    for piece in pieces:
        if piece in _MONTH_OF and month is None:
            month = _MONTH_OF[piece]
        elif piece in _WEEKDAY_OF and weekday is None:
            weekday = _WEEKDAY_OF[piece]
        elif piece.isdigit() and (len(piece) == 4 or (day is not None and len(piece) == 2)):
            foreign = foreign or year is not None
            year = piece
        elif (match := _DAY.fullmatch(piece)) and day is None:
            day = int(match[1])
        else:
            foreign = True
    number_alone = month is None and not any(_ordinal(piece) for piece in pieces)
    return DateWords(
        day=day,
        month=month,
        year=year,
        weekday=weekday,
        foreign=foreign or (number_alone and weekday is None),
        bare=len(pieces) == 1,
    )


def _ordinal(piece: str) -> bool:
    return not piece.isdigit() and _DAY.fullmatch(piece) is not None


def _plain(text: str) -> str:
    spread = unicodedata.normalize("NFD", text.casefold())
    return "".join(char for char in spread if not unicodedata.combining(char)).strip()
