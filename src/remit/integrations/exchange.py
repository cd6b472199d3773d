"""One request and its whole answer, unpacked under a cap and read as exact JSON."""

import json
import zlib
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NoReturn

from remit.domain.value import Json
from remit.errors import ResponseTooLargeError, ResultInvalidError

PACKINGS = "gzip, identity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request; `headers` may hold a credential and are never shown."""

    method: str
    url: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str]
    body: bytes | None = None

    def __repr__(self) -> str:
        return f"Asked({self.method})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A whole answer below the cap."""

    status: int
    media: str
    body: bytes


async def unpacked(pieces: AsyncIterable[bytes], *, packing: str, bytes_max: int) -> bytes:
    """Return the body, never holding more than `bytes_max` of it however well it was packed.

    Raises `ResponseTooLargeError`, and `ResultInvalidError` for a torn or unknown packing.
    """
    if packing not in PACKINGS.split(", "):
        raise ResultInvalidError("the answer is packed in a way that was not asked for")
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16) if packing == "gzip" else None
    body = bytearray()
    async for piece in pieces:
        room = bytes_max + 1 - len(body)
        try:
            body += unpacker.decompress(piece, room) if unpacker else piece[:room]
        except zlib.error as error:
            raise ResultInvalidError("the answer's packing is torn") from error
        if len(body) > bytes_max:
            raise ResponseTooLargeError(
                f"the answer is larger than {bytes_max} bytes; ask for less"
            )
    if unpacker is not None and not unpacker.eof:
        raise ResultInvalidError("the answer's packing is torn")
    return bytes(body)


def parsed(text: bytes) -> Any:
    """Return JSON as Python values, numbers with a fraction as `Decimal`.

    Raises `ResultInvalidError` for anything ambiguous: a field twice, NaN, another encoding.
    """
    try:
        return json.loads(
            text.decode("utf-8"),
            parse_float=Decimal,
            parse_constant=_refuse,
            object_pairs_hook=_record,
        )
    except (ValueError, RecursionError) as error:
        raise ResultInvalidError("the answer is not JSON that has one meaning") from error


def plain(value: Any) -> Json:
    """Return parsed JSON without a float: a number with a fraction becomes its text."""
    match value:
        case Decimal():
            return f"{value:f}"
        case list():
            return [plain(item) for item in value]
        case dict():
            return {name: plain(item) for name, item in value.items()}
        case None | bool() | int() | str():
            return value
        case _:
            raise ResultInvalidError(f"the answer holds a value of type `{type(value).__name__}`")


def _record(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a field stands twice")
    return record


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
