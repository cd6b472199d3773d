"""Files of mails: one `.eml`, a folder of them, or an `.mbox`; each mail's bytes as they came."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from remit.domain.frozen import dataclass
from remit.errors import InputFileError
from remit.intake.mime import MAIL_BYTES_MAX

KEPT_BYTES = 65_536  # of a mail that is larger than is read
PIECE_BYTES = 65_536
FILES_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class RawMail:
    """The bytes of one mail; of one that is too large only its beginning, and a digest."""

    data: bytes
    size: int
    digest: bytes = b""  # SHA-256 of the whole, where `data` is not

    @property
    def cut(self) -> bool:
        """Is only the beginning here?"""
        return self.size > len(self.data)


def is_mail(path: Path) -> bool:
    """Whether a path is one of the sources that hold mails."""
    return path.is_dir() or path.suffix.lower() in (".eml", ".mbox")


def read(path: Path) -> Iterator[RawMail]:
    """Yield the mails of a file, or of the `.eml` files of a folder in the order of their names.

    Raises `InputFileError` for what is missing, empty, or no mailbox.
    """
    try:
        if path.is_dir():
            yield from (_file(one) for one in _files(path))
        elif path.suffix.lower() == ".mbox":
            yield from _mbox(path)
        else:
            yield _file(path)
    except FileNotFoundError as error:
        raise InputFileError(f"there is no file `{path}`; check the path") from error
    except OSError as error:
        raise InputFileError(f"`{path}` cannot be read: {error.strerror}") from error


def count(path: Path) -> int:
    """Return how many mails there are, for a progress display."""
    if path.is_dir():
        return len(_files(path))
    if path.suffix.lower() != ".mbox":
        return 1
    with path.open("rb") as stream:
        return sum(line.startswith(b"From ") for line in _lines(stream))


# -- parts ---------------------------------------------------------------------------------------


class _Gathering:
    """Gathers the pieces of one mail, as many as are kept."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._hash = hashlib.sha256()

    def add(self, piece: bytes) -> None:
        if self._size <= MAIL_BYTES_MAX:
            self._pieces.append(piece)
        self._size += len(piece)
        self._hash.update(piece)

    def mail(self) -> RawMail:
        data = b"".join(self._pieces)
        if self._size <= MAIL_BYTES_MAX:
            return RawMail(data=data, size=self._size)
        return RawMail(data=data[:KEPT_BYTES], size=self._size, digest=self._hash.digest())


def _files(folder: Path) -> list[Path]:
    found = sorted(
        one for one in folder.iterdir() if one.suffix.lower() == ".eml" and one.is_file()
    )
    if not found:
        raise InputFileError(f"there is no `.eml` file in `{folder}`; name another folder")
    if len(found) > FILES_MAX:
        raise InputFileError(f"`{folder}` holds over {FILES_MAX} mails; split it")
    return found


def _file(path: Path) -> RawMail:
    gathering = _Gathering()
    with path.open("rb") as stream:
        while piece := stream.read(PIECE_BYTES):
            gathering.add(piece)
    return gathering.mail()


def _mbox(path: Path) -> Iterator[RawMail]:
    """Yield what stands between lines that begin with `From `, each after an empty line."""
    gathering: _Gathering | None = None
    blank, begins = b"", True
    with path.open("rb") as stream:
        for line in _lines(stream):
            if begins and line.startswith(b"From "):
                if gathering is not None:
                    yield gathering.mail()
                gathering, blank, begins = _Gathering(), b"", False
                continue
            if gathering is None:
                raise InputFileError(
                    f"`{path}` does not begin with a `From ` line, so it is no mailbox; "
                    "a single mail is read from an `.eml` file"
                )
            if blank:
                gathering.add(blank)
            # The empty line before the next mail belongs to the mailbox.
            begins = line in (b"\n", b"\r\n")
            blank = line if begins else b""
            if not begins:
                gathering.add(line)
    if gathering is None:
        raise InputFileError(f"`{path}` is empty; there is nothing to run")
    yield gathering.mail()


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield lines; of a line longer than is read at once, its pieces."""
    while line := stream.readline(PIECE_BYTES):
        yield line
