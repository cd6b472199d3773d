"""Calls side by side, each in a thread that nobody has to wait for."""

import threading
import time
from collections.abc import Callable, Sequence

from remit.errors import AnchorUnavailableError


def at_once(calls: Sequence[Callable[[], None]], *, seconds: float) -> list[BaseException | None]:
    """Make calls side by side; return what each raised. One that takes too long goes on alone."""
    found: list[BaseException | None] = [
        AnchorUnavailableError(f"no answer within {seconds:g} seconds") for _ in calls
    ]

    def one(number: int, call: Callable[[], None]) -> None:
        try:
            call()
        except Exception as error:  # noqa: BLE001 - it is judged by who asked
            found[number] = error
        else:
            found[number] = None

    threads = [
        threading.Thread(target=one, args=pair, name="remit-anchor", daemon=True)
        for pair in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    until = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(until - time.monotonic(), 0))
    return found
