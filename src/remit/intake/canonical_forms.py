"""The canonical form of a private value, so that one value has one token however it is written."""

import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from remit.intake.contacts import normalise_email, normalise_phone
from remit.intake.context import NormaliseContext
from remit.intake.identifiers import normalise_card, normalise_iban
from remit.intake.outcome import Field

_READERS: Mapping[str, Callable[[str, NormaliseContext], Field]] = {
    "EMAIL": normalise_email,
    "PHONE": normalise_phone,
    "IBAN": normalise_iban,
    "CARD": normalise_card,
}


def canonical_form(type: str, value: str, regions: tuple[str, ...] = ()) -> str:
    """Return the canonical form of a value of a token type, or its plain text in NFC."""
    read = _READERS.get(type)
    if read is not None:
        formats = {"phone": regions[0]} if len(regions) == 1 else {}
        context = NormaliseContext(received_at=datetime(1970, 1, 1, tzinfo=UTC), formats=formats)
        field = read(value, context)
        if isinstance(field.value, str):
            return field.value
    return unicodedata.normalize("NFC", value).strip() or value
