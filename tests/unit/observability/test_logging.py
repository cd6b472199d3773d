"""Log lines are JSON, scrubbed whole, and one handler writes them."""

import io
import json
import logging
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
