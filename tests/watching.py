"""What opens a file to write, a socket or a program while tests run, by Remit's function."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from tests.sinks import RUNNING, listed

SOURCE = str(Path(__file__).parents[1] / "src" / "remit") + os.sep
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
SENDING = {
    "socket.connect": "socket", "socket.bind": "socket", "socket.sendto": "socket",
    "socket.sendmsg": "socket", "subprocess.Popen": "program", "os.posix_spawn": "program",
    "os.exec": "program", "os.system": "program",
}  # fmt: skip
# What Python reports of a call -> the kinds in the table that it may be an instance of.
ALIKE = {"file": {"file"}, "socket": {"socket", "request"}, "program": {"program"}}


@dataclass(slots=True)
class Watch:
    """What was seen; `places` are (what, module:function) of Remit, `hosts` where sockets went."""

    places: set[tuple[str, str]] = field(default_factory=set)
    hosts: set[str] = field(default_factory=set)

    def unknown(self) -> list[str]:
        """Return what is not in the table of sinks, said as one looks for it."""
        known = {
            *listed(),
            *((kind, place) for kind, places in RUNNING.items() for place in places),
        }
        return sorted(
            f"{what} by {place}"
            for what, place in self.places
            if not any((kind, place) in known for kind in ALIKE[what])
        )


class _Hook:
    installed = False
    watches: list[Watch] = []  # noqa: RUF012 - a hook cannot be taken out, so it is told what to do
    lock = threading.Lock()


@contextmanager
def watching() -> Iterator[Watch]:
    """See what this process opens until the block ends."""
    with _Hook.lock:
        if not _Hook.installed:
            _Hook.installed = True
            sys.addaudithook(_heard)
    watch = Watch()
    _Hook.watches.append(watch)
    try:
        yield watch
    finally:
        _Hook.watches.remove(watch)


def _heard(event: str, arguments: tuple[object, ...]) -> None:
    if not _Hook.watches or (event != "open" and event not in SENDING):
        return
    what = SENDING.get(event, "file")
    if event == "open" and not _writes(arguments):
        return
    place = _place(sys._getframe(1))
    for watch in _Hook.watches:
        if event == "socket.connect":
            watch.hosts.add(_host(arguments))
        if place is not None:
            watch.places.add((what, place))


def _writes(arguments: tuple[object, ...]) -> bool:
    path, mode, flags = arguments
    if "__pycache__" in str(path) or str(path) == os.devnull:
        return False
    if isinstance(mode, str):
        return bool(set(mode) & set("wax+"))
    return isinstance(flags, int) and bool(flags & WRITING)


def _host(arguments: tuple[object, ...]) -> str:
    address = arguments[1]
    family = getattr(arguments[0], "family", None)
    return "a file" if family == socket.AF_UNIX else str(next(iter(address)))  # type: ignore[arg-type]  # host and port


def _place(frame: FrameType | None) -> str | None:
    """Return the innermost function of Remit's that the call came through."""
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(SOURCE):
            module = name.removeprefix(SOURCE).removesuffix(".py").replace(os.sep, ".")
            parts = frame.f_code.co_qualname.split(".")
            function = ".".join(one for one in parts if not one.startswith("<"))
            return f"{module}:{function or '<module>'}"
        frame = frame.f_back
    return None
