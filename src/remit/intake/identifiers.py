"""Read IBANs, card numbers and the owner's own numbers: always text, zeros kept."""

import re
import unicodedata

from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.exceptions import ValidationError

from remit.intake.context import NormaliseContext
from remit.intake.outcome import Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

IDENTIFIER_CHARACTERS_MAX = 200
_LETTERED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_GAPS = re.compile(r"[\s\-.\u2010-\u2015\u00a0\u202f]+")


def normalise_iban(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the IBAN without spaces, or why it is none (ISO 13616, mod 97)."""
    compact = _GAPS.sub("", digits_folded(text)).upper()
    if not compact:
        return refused(Kind.IBAN, Code.FIELD_MISSING)
    if not re.fullmatch(r"[A-Z]{2}\d\d[A-Z0-9]{10,30}", compact):
        return refused(Kind.IBAN, Code.ID_LENGTH)
    try:
        return found(Kind.IBAN, stdnum_iban.validate(compact, check_country=False))
    except ValidationError as error:
        checksum = type(error).__name__ == "InvalidChecksum"
        return refused(Kind.IBAN, Code.ID_CHECKSUM if checksum else Code.ID_LENGTH)


def normalise_card(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the card number as digits, or why it is none (ISO/IEC 7812-1, Luhn)."""
    compact = _GAPS.sub("", digits_folded(text))
    if not compact:
        return refused(Kind.CARD, Code.FIELD_MISSING)
    if _LETTERED.fullmatch(text.strip()):
        return refused(Kind.CARD, Code.ID_DAMAGED)
    if not re.fullmatch(r"\d{12,19}", compact):
        return refused(Kind.CARD, Code.ID_LENGTH)
    if not luhn.is_valid(compact):
        return refused(Kind.CARD, Code.ID_CHECKSUM)
    return found(Kind.CARD, compact)


def normalise_identifier(
    text: str,
    context: NormaliseContext,  # noqa: ARG001 - one signature for all kinds
    *,
    pattern: str = r"[\w./-]+",
    length_max: int = IDENTIFIER_CHARACTERS_MAX,
) -> Field:
    """Return the number as text in the owner's pattern; a leading `#` is dropped."""
    raw = digits_folded(text).strip().removeprefix("#").strip()
    if not raw:
        return refused(Kind.IDENTIFIER, Code.FIELD_MISSING)
    if len(raw) > length_max:
        return refused(Kind.IDENTIFIER, Code.FIELD_TOO_LONG)
    if re.fullmatch(pattern, raw):
        return found(Kind.IDENTIFIER, raw)
    if _LETTERED.fullmatch(raw):
        return refused(Kind.IDENTIFIER, Code.ID_DAMAGED, seen=raw)
    return refused(Kind.IDENTIFIER, Code.ID_LENGTH)


def digits_folded(text: str) -> str:
    """Return the text in NFC with every decimal digit in ASCII."""
    folded = unicodedata.normalize("NFC", text)
    if folded.isascii():
        return folded
    return "".join(str(unicodedata.decimal(char, char)) for char in folded)
