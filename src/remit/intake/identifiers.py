"""Read IBANs, card numbers and the owner's own numbers: always text, zeros kept."""

import re
import unicodedata

from stdnum import iban as stdnum_iban
from stdnum import luhn
from stdnum.exceptions import ValidationError

from remit.intake import numberings
from remit.intake.context import NormaliseContext, territory
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

IDENTIFIER_CHARACTERS_MAX = 200
ANY_SCHEME = "*"
_LETTERED = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d+")
_LABEL = re.compile(r"^IBAN:?(?=[A-Z]{2}\d\d)")
_GAPS = re.compile(r"[\s\-.\u2010-\u2015\u00a0\u202f]+")


def normalise_iban(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the IBAN without spaces, or why it is none (ISO 13616, mod 97)."""
    compact = _GAPS.sub("", unicodedata.normalize("NFKC", digits_folded(text))).upper()
    compact = _LABEL.sub("", compact)
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
    context: NormaliseContext,
    *,
    pattern: str = r"[\w./-]+",
    length_max: int = IDENTIFIER_CHARACTERS_MAX,
    schemes: tuple[str, ...] = (),
) -> Field:
    """Return the number as text in the owner's pattern, or in the compact form of its scheme.

    A leading `#` is dropped. Of several schemes exactly one must fit, and the key or the country
    agree with it; `*` stands for all schemes of the table.
    """
    raw = digits_folded(text).strip().removeprefix("#").strip()
    if not raw:
        return refused(Kind.IDENTIFIER, Code.FIELD_MISSING)
    if len(raw) > length_max:
        return refused(Kind.IDENTIFIER, Code.FIELD_TOO_LONG)
    if schemes:
        return _of_scheme(raw, schemes, context)
    if re.fullmatch(pattern, raw):
        return found(Kind.IDENTIFIER, raw)
    if _LETTERED.fullmatch(raw):
        return refused(Kind.IDENTIFIER, Code.ID_DAMAGED, seen=raw)
    return refused(Kind.IDENTIFIER, Code.ID_LENGTH)


def fits(number: str, schemes: tuple[str, ...]) -> bool:
    """Return whether the number is the compact form of one of the schemes."""
    names = tuple(numberings.KNOWN) if ANY_SCHEME in schemes else schemes
    return number in numberings.fitting(names, number).values()


def _of_scheme(raw: str, schemes: tuple[str, ...], context: NormaliseContext) -> Field:
    if _LETTERED.fullmatch(raw):
        return refused(Kind.IDENTIFIER, Code.ID_DAMAGED)
    if len(schemes) == 1 and schemes[0] != ANY_SCHEME:
        value, code = numberings.check(schemes[0], raw)
        if value is None:
            return refused(Kind.IDENTIFIER, code or Code.ID_LENGTH)
        return found(Kind.IDENTIFIER, value)
    names = tuple(numberings.KNOWN) if ANY_SCHEME in schemes else schemes
    fitting = numberings.fitting(names, raw)
    if not fitting:
        return refused(Kind.IDENTIFIER, Code.ID_CHECKSUM)
    where = territory(context)
    grounds = {
        name: numberings.agrees(name, context.key, where[0] if where else None) for name in fitting
    }
    if len(fitting) == 1:
        ((name, value),) = fitting.items()
        if (ground := grounds[name]) and len(numberings.fitting(names, value)) == 1:
            told = Assumption(
                code=f"scheme_by_{ground}", sentence=f"read as {name}, which the {ground} says too"
            )
            return found(Kind.IDENTIFIER, value, (told,))
    candidates = (f"{name} {value}" for name, value in fitting.items())
    return refused(Kind.IDENTIFIER, Code.ID_SCHEME_AMBIGUOUS, candidates)


def digits_folded(text: str) -> str:
    """Return the text in NFC with every decimal digit in ASCII."""
    folded = unicodedata.normalize("NFC", text)
    if folded.isascii():
        return folded
    return "".join(str(unicodedata.decimal(char, char)) for char in folded)
