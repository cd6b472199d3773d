"""Log lines are JSON, scrubbed whole, and one handler writes them."""

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from remit.observability import logging as structured


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    found = io.StringIO()
    root = logging.getLogger()
    level = root.level
    handler = structured.configure(lambda text: text.replace("4711", "[CARD]"), "info", found)
    yield found
    for one in list(root.handlers):
        if isinstance(one.formatter, structured.JsonLines):
            root.removeHandler(one)
    root.setLevel(level)
    handler.close()


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_with_its_members(stream: io.StringIO) -> None:
    logging.getLogger("remit.x").info("case %s\nopened", "c1", extra={"case": "c1", "count": 2})
    (found,) = _lines(stream)
    at = found.pop("at")
    assert at.endswith("Z")
    assert found == {
        "level": "info",
        "logger": "remit.x",
        "message": "case c1\nopened",
        "case": "c1",
        "count": 2,
    }


def test_message_arguments_extra_and_error_are_scrubbed(stream: io.StringIO) -> None:
    error = ValueError("card 4711")
    logging.getLogger("x").error(
        "saw %s", "4711", extra={"seen": {"card": "4711"}}, exc_info=error
    )
    (found,) = _lines(stream)
    assert found["message"] == "saw [CARD]"
    assert found["seen"] == "{'card': '[CARD]'}"
    assert found["error"].endswith("ValueError: card [CARD]")


def test_configuring_again_replaces_the_first(stream: io.StringIO) -> None:
    second = io.StringIO()
    structured.configure(str, "warning", second)
    logging.getLogger("x").info("quiet")
    logging.getLogger("x").warning("loud")
    assert stream.getvalue() == ""
    assert [line["message"] for line in _lines(second)] == ["loud"]


def test_a_record_of_any_length_is_cut(stream: io.StringIO) -> None:
    logging.getLogger("x").info("y" * 100_000)
    assert len(stream.getvalue()) < structured.RECORD_CHARACTERS_MAX + 300


@pytest.mark.parametrize(
    "configured", ["structured.configure(scrub, 'info', sys.stderr)", "structured.guard(scrub)"]
)
def test_what_nobody_catches_is_scrubbed_like_a_log(configured: str) -> None:
    """Python writes these to standard error by itself, with all that the exception says."""
    program = f"""
import gc, logging, sys, threading, warnings
from remit.intake.scrub import scrub
from remit.observability import logging as structured
{configured}
ADDRESS = "anna.lindqvist" + "@" + "example.org"
def failing(): raise ValueError(ADDRESS)
class Odd:
    def __del__(self): raise ValueError(ADDRESS)
thread = threading.Thread(target=failing); thread.start(); thread.join()
odd = Odd(); del odd; gc.collect()
warnings.warn(ADDRESS)
logging.getLogger("remit.x").warning("to %s", ADDRESS)
"""
    done = subprocess.run(
        [sys.executable, "-W", "default", "-c", program], capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    assert done.stderr.count("[EMAIL]") >= 3
    assert "nobody caught an exception in thread" in done.stderr
    assert "an exception could not be raised" in done.stderr
    assert "example.org" not in done.stdout + done.stderr
