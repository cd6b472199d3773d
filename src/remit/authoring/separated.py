"""Records of a CSV file: the header names the columns, a faulty record ends only itself.

The file says how it is separated, by its header and first records; two ways that both fit are
none.
"""

import csv
import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from remit.errors import InputFileError

DELIMITERS = (",", ";", "\t", "|")
LOOKED_AT_MAX = 20
SHOWN_MAX = 200

Line = tuple[int, bytes, bool]  # number, bytes, whether it is too long
Record = tuple[int, dict[str, Any] | None, str, str]  # last line, fields, fault, its beginning

_TOO_LONG = "\ud800"  # stands where a line was; no text in UTF-8 holds it


def read(lines: Iterator[Line], file: Path) -> Iterator[Record]:
    """Yield the records below the header, each with what is wrong with it.

    Raises `InputFileError` for a header without certain columns, and for a file that is as a whole
    in another character set.
    """
    texts = _texts(lines, file)
    first = list(itertools.islice(texts, LOOKED_AT_MAX))
    if not first:
        return
    reader = csv.reader(
        itertools.chain(first, texts), strict=True, delimiter=_delimiter(first, file)
    )
    try:
        header = next(reader)
    except csv.Error as error:
        raise InputFileError(f"line {reader.line_num} of `{file}`: {error}") from error
    if len(set(header)) != len(header):
        raise InputFileError(f"`{file}` has two columns of one name; rename one")
    yield from _records(reader, header)


# -- parts ---------------------------------------------------------------------------------------


def _records(reader: Any, header: Sequence[str]) -> Iterator[Record]:
    while True:
        began = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            lines = f"lines {began} to {reader.line_num}" if reader.line_num > began else "line"
            yield reader.line_num, None, f"the {lines} cannot be taken apart: {error}", ""
            continue
        if values is None:
            return
        if not values:
            continue
        fault = _fault(values, header)
        if fault:
            shown = ",".join(values)[:SHOWN_MAX].encode("utf-8", "replace").decode()
            yield reader.line_num, None, fault, shown
        else:
            yield reader.line_num, dict(zip(header, values, strict=True)), "", ""


def _fault(values: Sequence[str], header: Sequence[str]) -> str:
    if any(_TOO_LONG in value for value in values):
        return "the line is longer than is read"
    if any("\udc80" <= one <= "\udcff" for value in values for one in value):
        return "the row is not UTF-8, as rows before it are"
    if len(values) != len(header):
        return f"the row has {len(values)} values for {len(header)} columns"
    return ""


def _texts(lines: Iterator[Line], file: Path) -> Iterator[str]:
    mixed = False  # whether a letter beyond ASCII was read as UTF-8
    for number, line, long in lines:
        if long:
            yield f"{_TOO_LONG}\n"
            continue
        try:
            text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            mixed = mixed or not line.isascii()
        except UnicodeDecodeError as error:
            if not mixed:
                raise InputFileError(
                    f"line {number} of `{file}` is not UTF-8; convert the file, "
                    "for example with `iconv -f WINDOWS-1252 -t UTF-8`"
                ) from error
            text = line.decode("utf-8", "surrogateescape")
        yield text


def _delimiter(first: Sequence[str], file: Path) -> str:
    """Return what separates columns: the one sign that gives all records as many as the header."""
    there = [one for one in DELIMITERS if one in first[0]]
    if there in ([], there[:1]):
        return there[0] if there else DELIMITERS[0]
    fit = [one for one in there if _fits(first, one)]
    if len(fit) == 1:
        return fit[0]
    if DELIMITERS[0] in there and not fit:
        return DELIMITERS[0]
    named = " and ".join(f"`{one}`" for one in (fit or there))
    raise InputFileError(
        f"the columns of `{file}` could be separated by {named}; write the file with one of them, "
        "and names without the other"
    )


def _fits(first: Sequence[str], delimiter: str) -> bool:
    try:
        counts = {len(one) for one in csv.reader(first, strict=True, delimiter=delimiter) if one}
    except csv.Error:
        return False
    return len(counts) == 1 and counts != {1}
