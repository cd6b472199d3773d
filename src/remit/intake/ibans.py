"""IBANs, however they are spaced: a country's length and mod 97."""

import re
from collections.abc import Iterator

from remit.intake.hit import Hit

_GAP = r"[ .\-\r\n]{0,2}"
_IBAN = re.compile(
    rf"(?<![A-Za-z0-9])[A-Za-z]{{2}}(?:{_GAP}[\dOoIl]){{2}}(?:{_GAP}[A-Za-z0-9]){{11,32}}"
)
_MISREAD = str.maketrans("OIL", "011")
_JUNK = re.compile(r"[ .\r\n-]")

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


def iban_hits(text: str, places: list[int]) -> Iterator[Hit]:
    """Yield the IBANs of a text, cut at their country's length."""
    done = 0
    for place in places:
        length = _LENGTHS.get(text[place : place + 2].upper())
        match = _IBAN.match(text, place) if length and place >= done else None
        if match is None:
            continue
        kept = 0
        for offset, char in enumerate(match[0]):
            kept += char.isalnum()
            if kept == length:
                end = match.start() + offset + 1
                compact = _JUNK.sub("", text[match.start() : end]).upper()
                if not text[end : end + 1].isalnum() and (read := _read(compact)):
                    yield Hit(match.start(), end, "IBAN", 0.95, "IBAN", read)
                    done = end
                break


def _read(compact: str) -> str:
    """Return the IBAN, also where a scanner read its digits as letters; empty where it is none."""
    if is_iban(compact):
        return compact
    digits = compact[2:].translate(_MISREAD)
    read = compact[:2] + digits
    return read if read != compact and digits.isdigit() and is_iban(read) else ""


def is_iban(compact: str) -> bool:
    """Tell whether an IBAN without spaces has its country's length and check digits (mod 97)."""
    if len(compact) != _LENGTHS.get(compact[:2]) or not compact.isascii():
        return False
    if not compact[2:4].isdigit():
        return False
    turned = compact[4:] + compact[:4]
    return int("".join(str(int(char, 36)) for char in turned)) % 97 == 1
