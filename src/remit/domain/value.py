"""The canonical form of a value: what is compared, hashed and recorded.

Two values are equal exactly when their types and canonical forms are. Nothing is folded, trimmed
or looked up inside anything: a number never proves a text.
"""

import hashlib
import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from remit.domain import clock
from remit.domain.frozen import dataclass
from remit.domain.money import Money

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canonical:
    """A value's type word and its one JSON form (no float ever)."""

    type: str  # null boolean integer decimal text money date instant list record
    form: Json

    @property
    def digest(self) -> str:
        """SHA-256 of type and form, in hexadecimal."""
        return digest([self.type, self.form])


def canonical(value: object) -> Canonical:
    """Return the canonical form of a value that may travel through a case.

    Raises `TypeError` for a float or any type that has no exact form.
    """
    if type(value) is str:
        text = value if value.isascii() else unicodedata.normalize("NFC", value)
        return Canonical(type="text", form=text)
    match value:
        case None:
            return Canonical(type="null", form=None)
        case bool():
            return Canonical(type="boolean", form=value)
        case Enum():
            return canonical(value.value)
        case int():
            return Canonical(type="integer", form=value)
        case str():
            return Canonical(type="text", form=unicodedata.normalize("NFC", value))
        case Decimal():
            return Canonical(type="decimal", form=_plain(value))
        case Money():
            return Canonical(
                type="money", form={"amount": value.written, "currency": value.currency}
            )
        case datetime():
            return Canonical(type="instant", form=clock.text(value))
        case date():
            return Canonical(type="date", form=value.isoformat())
        case Mapping():
            return Canonical(
                type="record", form={str(key): canonical(item).form for key, item in value.items()}
            )
        case set() | frozenset():
            forms = [canonical(item).form for item in value]
            return Canonical(type="list", form=sorted(forms, key=encode))
        case Sequence() if not isinstance(value, bytes | bytearray | memoryview):
            return Canonical(type="list", form=[canonical(item).form for item in value])
        case _:
            raise TypeError(f"a value of type `{type(value).__name__}` has no exact form")


def encode(form: Json) -> bytes:
    """Return the canonical bytes of a JSON form: sorted keys, no spaces, UTF-8."""
    return _written(form)


def digest(form: Json) -> str:
    """Return SHA-256 of the canonical bytes, in hexadecimal."""
    return hashlib.sha256(encode(form)).hexdigest()


def _with_json(form: Json) -> bytes:
    return json.dumps(
        form, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


_written: Callable[[Json], bytes] = _with_json


def write_with(faster: Callable[[Json], bytes]) -> None:
    """Let a library write the canonical bytes; where it raises `TypeError`, JSON says why."""

    def written(form: Json) -> bytes:
        try:
            return faster(form)
        except TypeError:
            return _with_json(form)

    global _written  # noqa: PLW0603 - set once, where the library is imported
    _written = written


def _plain(number: Decimal) -> str:
    normal = number.normalize()
    return "0" if normal.is_zero() else f"{normal:f}"
