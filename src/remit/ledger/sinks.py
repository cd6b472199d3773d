"""Anchor sinks that keep checkpoints as files: an append-only file and a write-once directory."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from remit.domain.clock import Clock
from remit.errors import AnchorUnavailableError
from remit.ledger import anchor
from remit.ledger.anchor import LOCAL, SUFFIX, AnchorReceipt
from remit.ledger.held import Held

SIZE_DIGITS: Final = 12
COPIES_MAX: Final = 9


class Sink(Protocol):
    """A place outside the data directory that keeps checkpoints."""

    @property
    def operator(self) -> str:
        """Who keeps it: independence is counted by this name."""

    @property
    def kind(self) -> str:
        """Which kind of sink this is."""

    @property
    def place(self) -> str:
        """Where it is, for sentences."""

    def publish(self, held: Held) -> AnchorReceipt:
        """Compare, then hand over the checkpoint; return once the sink keeps it.

        Raises `LedgerForkError` where the sink knows another ledger, `AnchorUnavailableError`
        where it cannot be asked now.
        """

    def compare(self, held: Held) -> None:
        """Raise what `publish` would raise, before anything is appended at a start."""

    def kept(self) -> Sequence[AnchorReceipt]:
        """Read back what it keeps, for whoever judges; empty where receipts are ours to keep."""

    def vouches(self, receipt: AnchorReceipt) -> bool:
        """Return whether a receipt that we kept proves by itself that this sink gave it."""


class FileSink:
    """One line for each checkpoint in an append-only file."""

    kind = "file"

    def __init__(self, path: Path, *, clock: Clock, operator: str = LOCAL) -> None:
        self.path = path
        self.operator = operator
        self.place = f"the anchor `{path}`"
        self._clock = clock

    def publish(self, held: Held) -> AnchorReceipt:
        """Append a line, unless it is the last one already."""
        with _said(self.place):
            last = self.newest(held)
            held.compare(last, place=self.place)
            if last is not None and last.size == held.size:
                return last
            made = AnchorReceipt(
                note=held.note, operator=self.operator, kind=self.kind, at=self._clock()
            )
            anchor.append_line(self.path, anchor.line_of(made))
            return made

    def compare(self, held: Held) -> None:
        """Compare the last line that this log signed."""
        with _said(self.place):
            held.compare(self.newest(held), place=self.place)

    def kept(self) -> Sequence[AnchorReceipt]:
        """Return all lines."""
        with _said(self.place):
            return anchor.receipts(self.path, operator=self.operator, kind=self.kind)

    def vouches(self, receipt: AnchorReceipt) -> bool:
        """Say no: only what is read back from it counts."""
        del receipt
        return False

    def newest(self, held: Held) -> AnchorReceipt | None:
        """Return the last line that this log signed; reads no more than the end."""
        signed = (one for one in anchor.newest(self.path) if held.signed(one))
        last = next(signed, None)
        return None if last is None else replace(last, operator=self.operator, kind=self.kind)


class DirectorySink:
    """One file for each checkpoint, created and never opened for writing again.

    For a folder whose server refuses to overwrite or delete: an object store with a lock, or a
    share of another team.
    """

    kind = "directory"

    def __init__(self, folder: Path, *, clock: Clock, operator: str) -> None:
        self.folder = folder
        self.operator = operator
        self.place = f"the anchor `{folder}`"
        self._clock = clock

    def publish(self, held: Held) -> AnchorReceipt:
        """Create the file of this size, unless it is there."""
        with _said(self.place):
            last = self._last(held)
            held.compare(last, place=self.place)
            if last is not None and last.size == held.size:
                return last
            made = AnchorReceipt(
                note=held.note, operator=self.operator, kind=self.kind, at=self._clock()
            )
            self._create(held.size, anchor.line_of(made))
            return made

    def compare(self, held: Held) -> None:
        """Compare the file of the largest size that this log signed."""
        with _said(self.place):
            held.compare(self._last(held), place=self.place)

    def kept(self) -> Sequence[AnchorReceipt]:
        """Return all files."""
        with _said(self.place):
            return anchor.receipts(self.folder, operator=self.operator, kind=self.kind)

    def vouches(self, receipt: AnchorReceipt) -> bool:
        """Say no: only what is read back from it counts."""
        del receipt
        return False

    def _last(self, held: Held) -> AnchorReceipt | None:
        if not self.folder.is_dir():
            raise AnchorUnavailableError(f"{self.place} is not there; mount or make the folder")
        found = map(self._read, _newest(self.folder))
        return next((one for one in found if held.signed(one)), None)

    def _read(self, file: Path) -> AnchorReceipt:
        found = anchor.receipts(file, operator=self.operator, kind=self.kind)
        return found[0] if found else AnchorReceipt(note=b"")

    def _create(self, size: int, line: bytes) -> None:
        file = self.folder / name_of(size)
        file.parent.mkdir(parents=True, exist_ok=True)
        for copy in range(COPIES_MAX):
            # A name that is taken holds what a crash cut short: it stays, the next one is whole.
            name = file if not copy else file.with_name(f"{file.stem}-{copy}{SUFFIX}")
            with suppress(FileExistsError):
                handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
                try:
                    os.write(handle, line)
                    os.fsync(handle)
                finally:
                    os.close(handle)
                anchor.sync_folder(file.parent)
                return
        raise AnchorUnavailableError(f"{self.place} has {COPIES_MAX} broken files for {size}")


def name_of(size: int) -> str:
    """Return the file of a checkpoint: `000/000/012/345.anchor`, so that names sort by size."""
    digits = f"{size:0{SIZE_DIGITS}d}"
    head = len(digits) % 3
    groups = [digits[:head]] * bool(head)
    groups += [digits[place : place + 3] for place in range(head, len(digits), 3)]
    return "/".join(groups) + SUFFIX


@contextmanager
def _said(place: str) -> Iterator[None]:
    """Turn what the operating system says of a sink into its error."""
    try:
        yield
    except OSError as error:
        raise AnchorUnavailableError(
            f"{place} cannot be used ({(error.strerror or 'no answer').lower()}); "
            "set another place"
        ) from error


def _newest(folder: Path) -> Iterator[Path]:
    """Yield a folder's files, the largest name first; reads no more folders than it must."""
    for one in sorted(folder.iterdir(), reverse=True):
        if one.is_dir():
            yield from _newest(one)
        elif one.suffix == SUFFIX:
            yield one
