"""Rows of a file, one at a time, with what is wrong by line; or the mails of a mailbox.

A file is `.jsonl` or `.csv`, gzip too, an `.eml`, an `.mbox`, or a folder of `.eml` files.
"""

import gzip
import json
import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from remit.authoring import separated
from remit.errors import InputFileError
from remit.intake import mailboxes
from remit.intake.mailboxes import RawMail
from remit.intake.values import EXACT_FLOAT_MAX

LINE_BYTES_MAX = 1024 * 1024
PASSED_BYTES_MAX = 256 * 1024 * 1024  # of a line that is too long
COUNTED_BYTES_MAX = 4 * 1024**3
DEPTH_MAX = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row, or why it is none."""

    line: int  # from 1; of a CSV file's record its last line
    fields: dict[str, Any] | None
    fault: str | None = None
    raw: str = ""  # the beginning of what stood there, where it is no row
    mail: RawMail | None = None  # a mail: no fields until it is read


def read(file: Path) -> Iterator[Row]:
    """Yield the rows of a file in order; a row that cannot be read says why and does not end it.

    Raises `InputFileError` for a file that is missing, empty, or of none of these kinds.
    """
    if mailboxes.is_mail(file):
        for number, mail in enumerate(mailboxes.read(file), 1):
            yield Row(line=number, fields=None, mail=mail)
        return
    name = file.name.removesuffix(".gz")
    if not name.endswith((".jsonl", ".ndjson", ".csv")):
        raise InputFileError(
            f"`{file}` is none of `.jsonl`, `.csv` (`.gz` too), `.eml` and `.mbox`; convert it"
        )
    try:
        with _opened(file) as stream:
            empty = True
            for row in _csv(stream, file) if name.endswith(".csv") else _jsonl(stream):
                empty = False
                yield row
    except FileNotFoundError as error:
        raise InputFileError(f"there is no file `{file}`; check the path") from error
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise InputFileError(f"`{file}` is damaged gzip; make it again") from error
    except OSError as error:
        raise InputFileError(f"`{file}` cannot be read: {error.strerror}") from error
    if empty:
        raise InputFileError(f"`{file}` is empty; there is nothing to run")


def count(file: Path) -> int:
    """Return the number of lines or mails, for a progress display; not of a huge file's end."""
    if mailboxes.is_mail(file):
        return mailboxes.count(file)
    lines = size = 0
    with _opened(file) as stream:
        while size < COUNTED_BYTES_MAX and (piece := stream.read(LINE_BYTES_MAX)):
            lines += piece.count(b"\n")
            size += len(piece)
            ended = piece.endswith(b"\n")
    return lines if not size or ended else lines + 1


def _opened(file: Path) -> BinaryIO | gzip.GzipFile:
    if file.name.endswith(".gz"):
        return gzip.open(file, "rb")
    return file.open("rb")


def _lines(stream: BinaryIO | gzip.GzipFile) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (number, line, too long); the rest of a line that is too long is passed over."""
    number = 0
    while True:
        line = stream.readline(LINE_BYTES_MAX + 1)
        if not line:
            return
        number += 1
        long = len(line) > LINE_BYTES_MAX and not line.endswith(b"\n")
        passed = 0
        while long and (more := stream.readline(LINE_BYTES_MAX)):
            passed += len(more)
            if passed > PASSED_BYTES_MAX:
                raise InputFileError(
                    f"line {number} goes on for over {PASSED_BYTES_MAX} bytes; "
                    "this is no file of rows"
                )
            if more.endswith(b"\n"):
                break
        yield number, line, long


def _csv(stream: BinaryIO | gzip.GzipFile, file: Path) -> Iterator[Row]:
    for line, fields, fault, raw in separated.read(_lines(stream), file):
        yield Row(line=line, fields=fields, fault=fault or None, raw=raw)


def _jsonl(stream: BinaryIO | gzip.GzipFile) -> Iterator[Row]:
    for number, line, long in _lines(stream):
        if long:
            yield _bad(number, line, f"the line is longer than {LINE_BYTES_MAX} bytes")
            continue
        if not line.strip():
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            yield _bad(number, line, "the line is not UTF-8")
            continue
        try:
            value = json.loads(
                text,
                object_pairs_hook=_unique,
                parse_constant=_refuse,
                parse_float=_fraction,
            )
        except (ValueError, RecursionError) as error:
            yield _bad(number, line, f"the line is not one JSON object: {_short(error)}")
            continue
        if not isinstance(value, dict):
            yield _bad(number, line, "the line is not one JSON object")
        elif _depth(value) > DEPTH_MAX:
            yield _bad(number, line, f"the object nests deeper than {DEPTH_MAX} levels")
        else:
            yield Row(line=number, fields=value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _fraction(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    if number.is_integer() and abs(number) >= EXACT_FLOAT_MAX:
        raise ValueError(
            "a whole number above 2^53 is written as a fraction, so digits may be lost"
        )
    return number


def _depth(value: Any) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        item, level = waiting.pop()
        deepest = max(deepest, level)
        if level > DEPTH_MAX:
            return level
        inner = item.values() if isinstance(item, dict) else item if isinstance(item, list) else ()
        waiting += [(one, level + 1) for one in inner if isinstance(one, dict | list)]
    return deepest


def _short(error: BaseException) -> str:
    return str(error)[:80] or type(error).__name__


def _bad(number: int, line: bytes, fault: str) -> Row:
    return Row(line=number, fields=None, fault=fault, raw=line[:200].decode("utf-8", "replace"))
