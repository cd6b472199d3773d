"""Everything that a desk wrote, showed or sent, unpacked for a search."""

import contextlib
import gzip
import io
import itertools
import sqlite3
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import psycopg

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"


def unpacked(where: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield a content, and what is packed in it, as it is when it is read."""
    yield where, content
    if content.startswith(_GZIP):
        with contextlib.suppress(OSError, EOFError, zlib.error):  # noise that begins like gzip
            yield from unpacked(f"{where} (gzip)", gzip.decompress(content))
    elif content.startswith(_ZIP):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            for name in archive.namelist():
                if name.endswith(".npy"):
                    array = np.load(io.BytesIO(archive.read(name)), allow_pickle=False)
                    text = "\n".join(map(str, array.ravel().tolist()))
                    yield f"{where}:{name} (values)", text.encode()
                yield from unpacked(f"{where}:{name}", archive.read(name))
    elif content[257:262] == b"ustar":
        with tarfile.open(fileobj=io.BytesIO(content)) as archive_:
            for member in archive_:
                file = archive_.extractfile(member)
                yield from unpacked(f"{where}:{member.name}", file.read() if file else b"")


def files(folder: Path, *, but: Iterable[str] = ("project",)) -> Iterator[tuple[str, bytes]]:
    """Yield every byte of every file, their names too, but for folders that its owner writes."""
    left_out = set(but)
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not left_out & set(name.parts):
            yield "names of files", str(name).encode()
            yield from unpacked(f"file {name}", path.read_bytes())


def tables(file: Path | None, url: str | None) -> Iterator[tuple[str, bytes]]:
    """Yield every row of every table, of a database in a file or on a server."""
    for name, rows in _of_server(url) if url is not None else _of_file(file):
        cells = [_bytes(one) for row in rows for one in row]
        yield f"table {name}", b"\n".join(cells)
        for cell in cells:
            yield from itertools.islice(unpacked(f"table {name}", cell), 1, None)


def _of_server(url: str) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    with psycopg.connect(url) as connection:
        names = connection.execute(
            "select tablename, format('%I.%I', schemaname, tablename) from pg_tables"
            " where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for name, quoted in names:
            yield name, connection.execute(f"select * from {quoted}")


def _of_file(file: Path | None) -> Iterator[tuple[str, Iterable[tuple[object, ...]]]]:
    if file is None or not file.exists():
        return
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        names = connection.execute("select name from sqlite_master where type = 'table'")
        for (name,) in names.fetchall():
            yield name, connection.execute(f'select * from "{name}"')
    finally:
        connection.close()


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
