"""Rows of a file, one at a time, with what is wrong by line; or the mails of a mailbox.

A file is `.jsonl` or `.csv`, gzip too, an `.eml`, an `.mbox`, or a folder of `.eml` files.
"""

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from remit.errors import InputFileError
from remit.intake import mailboxes
from remit.intake.mailboxes import RawMail

LINE_BYTES_MAX = 1024 * 1024
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
    """Return the number of lines or mails, for a progress display."""
    if mailboxes.is_mail(file):
        return mailboxes.count(file)
    with _opened(file) as stream:
        return sum(1 for _ in stream)


def _opened(file: Path) -> io.BufferedIOBase:
    if file.name.endswith(".gz"):
        return gzip.open(file, "rb")
    return file.open("rb")


def _lines(stream: io.BufferedIOBase) -> Iterator[tuple[int, bytes, bool]]:
    """Yield (number, line, too long); the rest of a line that is too long is passed over."""
    number = 0
    while True:
        line = stream.readline(LINE_BYTES_MAX + 1)
        if not line:
            return
        number += 1
        long = len(line) > LINE_BYTES_MAX and not line.endswith(b"\n")
        while long and (more := stream.readline(LINE_BYTES_MAX)):
            if more.endswith(b"\n"):
                break
        yield number, line, long


def _jsonl(stream: io.BufferedIOBase) -> Iterator[Row]:
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
            value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            yield _bad(number, line, f"the line is not one JSON object: {_short(error)}")
            continue
        if not isinstance(value, dict):
            yield _bad(number, line, "the line is not one JSON object")
        elif _depth(value) > DEPTH_MAX:
            yield _bad(number, line, f"the object nests deeper than {DEPTH_MAX} levels")
        else:
            yield Row(line=number, fields=value)


def _csv(stream: io.BufferedIOBase, file: Path) -> Iterator[Row]:
    def texts() -> Iterator[str]:
        for number, line, long in _lines(stream):
            if long:
                raise InputFileError(
                    f"line {number} of `{file}` is longer than {LINE_BYTES_MAX} bytes"
                )
            try:
                yield line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                raise InputFileError(
                    f"line {number} of `{file}` is not UTF-8; convert the file, "
                    "for example with `iconv -f WINDOWS-1252 -t UTF-8`"
                ) from error

    reader = csv.reader(texts(), strict=True)
    try:
        header = next(reader, None)
        if header is None:
            return
        if len(set(header)) != len(header):
            raise InputFileError(f"`{file}` has two columns of one name; rename one")
        for values in reader:
            if not values:
                continue
            if len(values) != len(header):
                yield Row(
                    line=reader.line_num,
                    fields=None,
                    fault=f"the row has {len(values)} values for {len(header)} columns",
                    raw=",".join(values)[:200],
                )
            else:
                yield Row(line=reader.line_num, fields=dict(zip(header, values, strict=True)))
    except csv.Error as error:
        raise InputFileError(f"line {reader.line_num} of `{file}`: {error}") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key stands twice")
    return made


def _refuse(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


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
