"""What workflow code may not touch while it runs, kept by an audit hook of the test kit.

A tool or an action may open sockets and files; the code between two steps may not, for it runs
again whenever its case does.
"""

import sys
import threading
from typing import Final

from remit.errors import WorkflowCodeError
from remit.orchestration.driving import Inside

# Events of CPython's audit table.
REFUSED: Final = {
    "open": "a file",
    "os.exec": "a process",
    "os.fork": "a process",
    "os.listdir": "a folder",
    "os.mkdir": "a folder",
    "os.posix_spawn": "a process",
    "os.remove": "a file",
    "os.rename": "a file",
    "os.scandir": "a folder",
    "os.system": "a process",
    "socket.__new__": "a socket",
    "socket.connect": "a socket",
    "socket.getaddrinfo": "a look-up of a host",
    "sqlite3.connect": "a database",
    "subprocess.Popen": "a process",
    "time.sleep": "a pause",  # told since Python 3.13; `remit check` finds it in every one
}

_installed = threading.Event()


def install() -> None:
    """Keep watch from now on, once in each process; a hook cannot be taken out again."""
    if not _installed.is_set():
        _installed.set()
        sys.addaudithook(_refuse)


def _refuse(event: str, _arguments: tuple[object, ...]) -> None:
    if Inside.thread == 0 or event not in REFUSED:
        return
    if Inside.thread != threading.get_ident() or _imports():
        return
    raise WorkflowCodeError(
        f"workflow code asked for {REFUSED[event]} (`{event}`) between two steps; "
        "do it in a tool and call `run.read`, or use `run.sleep`"
    )


def _imports() -> bool:
    """Is Python importing a module, which reads files of its own?"""
    frame = sys._getframe(1)  # noqa: SLF001 - the way to look at who calls
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back  # type: ignore[assignment]  # None ends the loop
    return False
