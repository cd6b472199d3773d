"""`remit mask`: what would be masked in a file, and why, with nothing stored."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from remit.cli.main import remit as command
from remit.cli.new import scaffold
from remit.intake.plugins import PLUGINS
from remit.intake.public_values import PUBLIC

TEXT = (
    "Call +49 30 901820 or write to anna.lindqvist@example.org.\n"
    "ANNA.LINDQVIST@EXAMPLE.ORG, as I said. EMAIL_7K3QX2MD is what I pasted.\n"
)
TOKEN = r"[A-Z]+_[0-9A-Z]{8}"


def ran(*arguments: str, given: bytes | None = None) -> Result:
    return CliRunner().invoke(command, ["mask", *arguments], input=given)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "message.txt"
    made.write_text(TEXT)
    return made


def test_the_text_is_shown_with_tokens_and_each_is_explained(file: Path) -> None:
    done = ran(str(file))

    assert done.exit_code == 0
    assert "example.org" not in done.output.lower()
    assert "901820" not in done.output
    assert "7K3QX2MD" not in done.output
    assert re.search(r"^1:6 +PHONE_\S{8} +reads as PHONE, 0\.\d\d", done.output, re.MULTILINE)
    assert re.search(rf"^2:40 +{TOKEN} +looks like a token", done.output, re.MULTILINE)
    assert "4 found: 2 EMAIL, 1 PHONE, 1 TEXT" in done.output
    first, second = re.findall(r"EMAIL_\S{8}", done.output)[:2]
    assert first == second


def test_what_was_found_is_shown_to_who_asks(file: Path) -> None:
    found = json.loads(ran(str(file), "--values", "--json").output)

    assert [one["written"] for one in found["found"]] == [
        "+49 30 901820", "anna.lindqvist@example.org", "ANNA.LINDQVIST@EXAMPLE.ORG",
        "EMAIL_7K3QX2MD",
    ]  # fmt: skip
    assert all(one["token"] in found["masked"] for one in found["found"])
    hidden = json.loads(ran(str(file), "--json").output)
    assert {one["written"] for one in hidden["found"]} == {None}


def test_a_second_run_draws_other_tokens(file: Path) -> None:
    one, other = ran(str(file)).output, ran(str(file)).output
    assert not set(re.findall(TOKEN, one)) & set(re.findall(TOKEN, other))


def test_records_say_the_path_and_keys_are_context() -> None:
    rows = b'{"customer": {"tel": "030 901820"}, "note": "fine"}\n{"order": "030 901820"}\n'
    done = ran("-", "--records", "--region", "de", given=rows)

    assert done.exit_code == 0
    assert re.search(r"1: customer\.tel +PHONE_\S{8} +reads as PHONE.*`phone`", done.output)
    assert '{"order": "030 901820"}' in done.output
    assert "1 found: 1 PHONE" in done.output


def test_a_value_that_is_known_from_elsewhere_says_so() -> None:
    done = ran("-", given=b"tel 030 9018201234\norder 0309018201234\n")
    assert "the same value stands elsewhere" in done.output


def test_plain_text_says_that_nothing_was_found() -> None:
    done = ran("-", given=b"nothing to see here\n")
    assert "nothing was found" in done.output


@pytest.mark.parametrize(
    ("given", "options", "said"),
    [
        (b"\xff\xfe\xfa", (), "is no UTF-8: byte 0"),
        (b'{"a": 1}\n{"a"', ("--records",), "line 2: this is no JSON"),
        (b"[" * 100_000, ("--records",), "line 1: this is no JSON"),
    ],
)
def test_what_cannot_be_read_says_where(given: bytes, options: tuple[str, ...], said: str) -> None:
    done = ran("-", *options, given=given)
    assert done.exit_code != 0
    assert said in f"{done.output}{done.exception}"


@pytest.mark.parametrize("inner", [True, False])
def test_what_the_project_switches_on_is_used(tmp_path: Path, *, inner: bool) -> None:
    """Whether it is asked for the folder of the workflow, or for one that lists it."""
    folder = tmp_path / "p" if inner else tmp_path
    scaffold("help-desk", tmp_path / "p", today="2026-11-24")
    (tmp_path / "remit.toml").write_text('workflows = ["p"]\n')
    place = tmp_path / "p" / "remit.toml"
    said = b"My name is Katarzyna Lewandowska, I wrote to help@shop.example.\n"

    def shown() -> str:
        done = CliRunner().invoke(command, ["--project", str(folder), "mask", "-"], input=said)
        assert done.exit_code == 0, done.output
        return done.output

    try:
        assert "Lewandowska" in shown()
        place.write_text('recognisers = ["names"]\n' + place.read_text())
        assert "PERSON_" in shown()
        assert "Lewandowska" not in shown()
        assert "help@shop.example" not in shown()
        place.write_text('public = ["help@shop.example"]\n' + place.read_text())
        assert "help@shop.example" in shown()
    finally:
        PLUGINS.use(())
        PUBLIC.say()
