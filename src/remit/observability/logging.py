"""Structured logs: one JSON object a line, scrubbed before it is written."""

import json
import logging
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TextIO

Scrub = Callable[[str], str]

RECORD_CHARACTERS_MAX = 16_384

_log = logging.getLogger("remit")
_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", None, None).__dict__) | {"message", "asctime"}


def configure(scrub: Scrub, level: str, stream: TextIO) -> logging.Handler:
    """Send every log record of the process to `stream` as scrubbed JSON lines.

    `scrub` masks what must not be written and is given each whole line's text members; a second
    call replaces the first. What nobody catches in a thread or while something is collected, and
    what Python warns of, goes the same way instead of to standard error as it is. Returns the
    handler, which the caller may remove.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines(scrub))
    root = logging.getLogger()
    for old in list(root.handlers):
        if isinstance(old.formatter, JsonLines):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    _hooked()
    return handler


def guard(scrub: Scrub) -> None:
    """Scrub what a command logs where nobody has configured it: warnings, on standard error."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Plain(scrub))
    _hooked()


def _hooked() -> None:
    logging.captureWarnings(True)  # noqa: FBT003 - the library's own signature
    if threading.excepthook is threading.__excepthook__:  # else somebody watches already
        threading.excepthook = _in_a_thread
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _while_collecting


def _in_a_thread(uncaught: threading.ExceptHookArgs) -> None:
    if uncaught.exc_type is SystemExit:
        return
    name = "a thread" if uncaught.thread is None else f"thread {uncaught.thread.name}"
    told = (uncaught.exc_type, uncaught.exc_value or uncaught.exc_type(), uncaught.exc_traceback)
    _log.error("nobody caught an exception in %s", name, exc_info=told)


def _while_collecting(uncaught: "sys.UnraisableHookArgs") -> None:
    error = uncaught.exc_value or uncaught.exc_type()
    told = (uncaught.exc_type, error, uncaught.exc_traceback)
    _log.error("an exception could not be raised: %s", uncaught.err_msg, exc_info=told)


class Plain(logging.Formatter):
    """Write a record as one scrubbed line, and below it where an exception came from."""

    def __init__(self, scrub: Scrub) -> None:
        super().__init__("%(levelname)s: %(message)s")
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        return self._scrub(super().format(record))


class JsonLines(logging.Formatter):
    """Write a record as one JSON object: at, level, logger, message, extra members, error."""

    def __init__(self, scrub: Scrub) -> None:
        super().__init__()
        self._scrub = scrub

    def format(self, record: logging.LogRecord) -> str:
        at = datetime.fromtimestamp(record.created, UTC)
        members: dict[str, object] = {
            "at": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._clean(record.getMessage()),
        }
        for key, value in record.__dict__.items():
            if key not in _OWN and not key.startswith("_"):
                plain = value if isinstance(value, bool | int | None) else self._clean(str(value))
                members[key] = plain
        if record.exc_info:
            members["error"] = self._clean(self.formatException(record.exc_info))
        if record.stack_info:
            members["stack"] = self._clean(record.stack_info)
        return json.dumps(members, ensure_ascii=False)

    def _clean(self, text: str) -> str:
        scrubbed = self._scrub(text)
        if len(scrubbed) <= RECORD_CHARACTERS_MAX:
            return scrubbed
        return f"{scrubbed[:RECORD_CHARACTERS_MAX]}… ({len(scrubbed)} characters)"
