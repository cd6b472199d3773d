"""What the words around a number say it is: the nearest class of context wins."""

import re
from bisect import bisect_right
from functools import lru_cache

from remit.domain.frozen import dataclass
from remit.intake.schemes import HEALTH, SCHEMES

WINDOW = 40  # characters between a context word and the value
BEHIND = 16  # and where the name of a scheme stands behind it
WORD_MAX = 24
TABLE_ROWS_MAX = 10_000
HEADER_COLUMNS_MAX = 64
LINE_CHARACTERS_MAX = 10_000
LABELS_CACHED_MAX = 1_024

_CLASSES = {
    "phone": (
        "tel telefon telefonu telefono teléfono téléphone telephone phone phones mobile mobil"
        " móvil movil cell cellphone handy fax call ring whatsapp sms komórka komórkowy"
        " komórki portable rufnummer festnetz anrufen zadzwoń llame appelez cellulare callback"
        " dial msisdn answering reach reached reachable contact hotline toll"
    ),
    "card": (
        "card cards karte kreditkarte kartennummer carte bancaire tarjeta karta karty kartę"
        " carta visa mastercard amex maestro pan cc creditcard cardnumber"
    ),
    "bank": (
        "iban konto kontonummer account bank rachunek rachunku konta cuenta compte nrb conto"
    ),
    "order": (
        "order orders bestellung bestellnummer auftrag purchase invoice rechnung"
        " rechnungsnummer commande facture pedido factura zamówienie zamówienia zamowienie"
        " zamowienia faktura faktury ordine fattura ticket tickets case tracking shipment"
        " sendung parcel package ean gtin upc sku item article artikel ref reference referenz"
        " epoch timestamp ts trace req request build quantity qty amount isbn serial"
        " transaction customer kunde kundennummer id nr digest commit token hash size bytes"
        " pid created updated shipped due port total price betrag"
    ),
    "natid": (
        "steuer social ausweis fiscale fiscal tax taxid national identity"
        " documento document identificación identificacion tożsamości personalausweis insurance"
        " citizen"
    ),
    "document": (
        "licence license driving driver jazdy passport paszport paszportu pass reisepass"
        " führerschein permis permiso patente pasaporte passeport"
    ),
    "birth": (
        "born birth birthday birthdate dob geboren geburtsdatum geburtstag nacimiento"
        " naissance né née urodzenia urodzony urodzona urodzonym urodzonej ur"
        " nascita nato nata nacido nacida"
    ),
    "version": ("version versions v release firmware kernel build wersja versión"),
}
_CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words.split()}
# Words that say what the word before them says, and little by themselves.
_WEAK = frozenset("id nr no number num numero número numer nummer code kod n ids".split())
_SPENT = frozenset({"order", "natid", "health", "document"})
_PHRASES = {("id", "number"): "natid", ("id", "no"): "natid", ("id", "nr"): "natid"}
_NAMES: dict[str, list[tuple[tuple[str, ...], str]]] = {}
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_NAME = re.compile(r"[a-z_]{1,30}")
_HEADER = re.compile(r"[\w \"'./-]+(?:[,;\t|][\w \"'./-]+)+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")

for _scheme in SCHEMES:
    for _name in _scheme.names:
        _words = tuple(_WORD.findall(_name))
        _NAMES.setdefault(_words[-1], []).append((_words[:-1], _scheme.label))


@dataclass(frozen=True, slots=True)
class Said:
    """What the nearest context says: a class of value, and the scheme that it names."""

    kind: str | None = None
    label: str | None = None


_NOTHING = Said()
_SAID = {kind: Said(kind) for kind in _CLASSES}


class Surroundings:
    """The context words of one text, looked at only around the places that somebody asks about."""

    __slots__ = ("_label", "_named", "_places", "_said_of_label", "_table", "_text")

    def __init__(self, text: str, label: str = "", *, named: bool = True) -> None:
        self._text = text
        self._label = label
        self._named = named  # whether the text holds the name of a scheme at all
        self._places: dict[int, Said] = {}
        self._table: Table | None = None
        self._said_of_label: Said | None = None

    def nearest(self, start: int) -> str | None:
        """Return the class of the nearest context word before a place, else that of its key."""
        return self._said(start).kind

    def scheme(self, start: int) -> str | None:
        """Return the scheme of identity numbers that the nearest context names."""
        return self._said(start).label

    def joined(self, start: int) -> str | None:
        """Return the class of the word that a hyphen joins to a place: `card` in *Visa-4111…*."""
        end = start - 1
        begin = end
        least = max(0, end - WORD_MAX)
        while begin > least and self._text[begin - 1].isalpha():
            begin -= 1
        return _said_by([self._text[begin:end].casefold()], 0).kind

    def columned(self, kind: str) -> bool:
        """Tell whether the text's key, or a column of a table in it, is of a class."""
        return _said_of(self._label).kind == kind or self._tables().says(kind)

    def _said(self, start: int) -> Said:
        said = self._places.get(start)
        if said is None:
            said = self._places[start] = self._look(start)
        return said

    def _tables(self) -> "Table":
        if self._table is None:
            self._table = Table(self._text)
        return self._table

    def _look(self, start: int) -> Said:
        text = self._text
        floor, column = self._tables().cell(start)
        begin = max(floor, start - WINDOW, 0)
        least = max(floor, begin - WORD_MAX, 0)
        while begin > least and text[begin - 1].isalpha() and text[begin].isalpha():
            begin -= 1
        found = list(_WORD.finditer(text, begin, start))
        words = [one[0].casefold() for one in found]
        for place in range(len(words) - 1, -1, -1):
            said = _said_by(words, place)
            if said.kind is None:
                continue
            if said.kind in _SPENT and _DIGIT.search(text, found[place].end(), start):
                break  # another number already took the word: it explains only one
            return said
        if column is not None and column.kind is not None:
            return column
        if self._said_of_label is None:
            self._said_of_label = _said_of(self._label)
        if self._said_of_label.kind is not None:
            return self._said_of_label
        return self._behind(start) if self._named else _NOTHING

    def _behind(self, start: int) -> Said:
        """Return the scheme that is named right behind a value: *123456782 is my TFN*."""
        end = start
        text = self._text
        while (
            end < len(text)
            and end - start < WORD_MAX
            and (text[end].isalnum() or text[end] in "-. /")
        ):
            if text[end] == " " and text[end + 1 : end + 2].isalpha():
                break
            end += 1
        words = [one[0].casefold() for one in _WORD.finditer(text, end, end + BEHIND)]
        for place in range(len(words)):
            said = _said_by(words, place)
            if said.label is not None:
                return said
        return _NOTHING


def _said_by(words: list[str], place: int) -> Said:
    """Return what one of some words says, with those before it."""
    word = words[place]
    for before, label in _NAMES.get(word, ()):
        first = place - len(before)
        if not before or (first >= 0 and tuple(words[first:place]) == before):
            return Said("health" if label in HEALTH else "natid", label)
    if word in _WEAK and place:
        previous = words[place - 1]
        phrase = _PHRASES.get((previous, word)) or _CLASS_OF.get(previous)
        if phrase is not None:
            return _SAID[phrase]
        if previous in _NAMES:
            return _said_by(words, place - 1)
    kind = _CLASS_OF.get(word)
    return _NOTHING if kind is None else _SAID[kind]


class Table:
    """The columns of the tables in a text: of one whose first line is a header, or of bars."""

    __slots__ = ("_first", "_headers", "_starts", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._first = _columns(text)
        self._starts: list[int] = []
        self._headers: list[tuple[Said, ...]] = []
        if "|" in text:
            self._bars()

    def _bars(self) -> None:
        """Note where each table of bars begins and what the cells of its first line say."""
        start = rows = 0
        count = -1
        for line in self._text.split("\n"):
            bars = line.count("|")
            if bars >= 2 and bars != count:
                said = () if _DIGIT.search(line) else tuple(map(_said_of, line.split("|")))
                self._starts.append(start)
                self._headers.append(said)
                rows += 1
            elif bars < 2 and count >= 2 and line.strip("-=+ "):
                self._starts.append(start)
                self._headers.append(())
                bars = -1
            elif bars < 2:
                bars = count
            count = bars
            start += len(line) + 1
            if rows > TABLE_ROWS_MAX:
                return

    def says(self, kind: str) -> bool:
        """Tell whether some column is of a class."""
        headers = [*self._headers, *([self._first[1]] if self._first else [])]
        return any(said.kind == kind for header in headers for said in header)

    def cell(self, start: int) -> tuple[int, Said | None]:
        """Return where the table cell of a place begins, and what its column says."""
        line = self._text.rfind("\n", max(0, start - LINE_CHARACTERS_MAX), start) + 1
        place = bisect_right(self._starts, start) - 1
        if place >= 0 and self._headers[place] and line > self._starts[place]:
            return self._column(start, line, "|", self._headers[place])
        if self._first is None or line == 0:
            return -1, None  # the header itself, or a line that is too long for a table's
        return self._column(start, line, *self._first)

    def _column(
        self, start: int, line: int, mark: str, said: tuple[Said, ...]
    ) -> tuple[int, Said | None]:
        place = self._text.count(mark, line, start)
        begin = max(line, self._text.rfind(mark, line, start) + 1)
        return begin, said[place] if place < len(said) else None


def class_of(label: str) -> str | None:
    """Return the class that a key or a column names; all that a label says of a value."""
    said = _said_of(label)
    return said.label or said.kind


def _said_of(label: str) -> Said:
    return _named(label) if _NAME.fullmatch(label) else _read(label)


def _read(label: str) -> Said:
    words = [word.casefold() for word in _WORD.findall(_CAMEL.sub(" ", label))]
    for place in range(len(words) - 1, -1, -1):
        said = _said_by(words, place)
        if said.kind is not None:
            return said
    return _NOTHING


# Of names only, since any other key of a record may be somebody's value.
_named = lru_cache(maxsize=LABELS_CACHED_MAX)(_read)


def _columns(text: str) -> tuple[str, tuple[Said, ...]] | None:
    header, newline, _ = text.partition("\n")
    if not newline or len(header) > 2_000 or _HEADER.fullmatch(header.strip()) is None:
        return None
    if any(char.isdigit() for char in header):
        return None
    mark = next(char for char in ",;\t|" if char in header)
    return mark, tuple(_said_of(cell) for cell in header.split(mark)[:HEADER_COLUMNS_MAX])
