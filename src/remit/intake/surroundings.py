"""What the words around a number say it is: the nearest class of context wins."""

import re
from bisect import bisect_right
from functools import lru_cache

WINDOW = 40  # characters between a context word and the value
HEADER_COLUMNS_MAX = 64
LINE_CHARACTERS_MAX = 10_000
LABELS_CACHED_MAX = 1_024

_CLASSES = {
    "phone": (
        "tel telefon telefonu telefono teléfono téléphone telephone phone phones mobile mobil"
        " móvil movil cell cellphone handy fax call ring whatsapp sms komórka komórkowy"
        " komórki portable rufnummer festnetz anrufen zadzwoń llame appelez cellulare callback"
        " dial msisdn answering reach"
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
        "dni nie nif pesel steuer steuernummer steuerid ssn social passport pass ausweis"
        " fiscale nino tax taxid nir sécurité insee nip regon national nhs cpf curp"
    ),
    "birth": (
        "born birth birthday birthdate dob geboren geburtsdatum geburtstag nacimiento"
        " naissance né née urodzenia urodzony urodzona nascita nato nata nacido nacida"
    ),
    "version": ("version versions v release firmware kernel build wersja versión"),
}
_CLASS_OF = {word: name for name, words in _CLASSES.items() for word in words.split()}
_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_NAME = re.compile(r"[a-z_]{1,30}")
_HEADER = re.compile(r"[\w \"'./-]+(?:[,;\t|][\w \"'./-]+)+")


class Surroundings:
    """The context words of one text, found once and only when somebody asks."""

    __slots__ = ("_columns", "_ends", "_label", "_names", "_text")

    def __init__(self, text: str, label: str = "") -> None:
        self._text = text
        self._label = label
        self._ends: list[int] | None = None
        self._names: list[str] = []
        self._columns: tuple[str, list[str | None]] | None = None

    def nearest(self, start: int) -> str | None:
        """Return the class of the nearest context word before a place, else that of its key."""
        if self._ends is None:
            self._ends, self._names = _scan(self._text)
            self._columns = _columns(self._text)
        floor, column = self._cell(start)
        place = bisect_right(self._ends, start) - 1
        end = self._ends[place] if place >= 0 else -1
        if end > floor and start - end <= WINDOW and not self._spent(place, end, start):
            return self._names[place]
        return column or class_of(self._label)

    def _spent(self, place: int, end: int, start: int) -> bool:
        """Tell whether another number already took the word `order`: it explains only one."""
        return self._names[place] == "order" and _DIGIT.search(self._text, end, start) is not None

    def _cell(self, start: int) -> tuple[int, str | None]:
        """Return where the table cell of a place begins, and its column's class."""
        if self._columns is None:
            return -1, None
        line = self._text.rfind("\n", max(0, start - LINE_CHARACTERS_MAX), start) + 1
        if line == 0:  # the header itself, or a line that is too long for a table's
            return -1, None
        mark, classes = self._columns
        place = self._text.count(mark, line, start)
        begin = max(line, self._text.rfind(mark, line, start) + 1)
        return begin, classes[place] if place < len(classes) else None


def class_of(label: str) -> str | None:
    """Return the class that a key or a column names; all that a label says of a value."""
    return _named(label) if _NAME.fullmatch(label) else _class_of(label)


def _class_of(label: str) -> str | None:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", label)
    names = [_CLASS_OF.get(word.casefold()) for word in _WORD.findall(words)]
    known = [name for name in names if name]
    return known[-1] if known else None


# Of names only, since any other key of a record may be somebody's value.
_named = lru_cache(maxsize=LABELS_CACHED_MAX)(_class_of)


def _scan(text: str) -> tuple[list[int], list[str]]:
    ends: list[int] = []
    names: list[str] = []
    for match in _WORD.finditer(text):
        name = _CLASS_OF.get(match[0].casefold())
        if name:
            ends.append(match.end())
            names.append(name)
    return ends, names


def _columns(text: str) -> tuple[str, list[str | None]] | None:
    header, newline, _ = text.partition("\n")
    if not newline or len(header) > 2_000 or _HEADER.fullmatch(header.strip()) is None:
        return None
    mark = next(char for char in ",;\t|" if char in header)
    cells = header.split(mark)[:HEADER_COLUMNS_MAX]
    if any(char.isdigit() for char in header):
        return None
    classes = []
    for cell in cells:
        known = [_CLASS_OF.get(word.casefold()) for word in _WORD.findall(cell)]
        classes.append(next((name for name in reversed(known) if name), None))
    return mark, classes
