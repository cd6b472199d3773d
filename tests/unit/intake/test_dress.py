"""Known values in every dress: 480 of them, and none may stay readable."""

import base64
import os

import pytest

from remit.intake.detect import Known, find
from remit.intake.mask import Masker
from remit.intake.vault import ScopeVault
from tests.dressed import DRESSES, values


def readable(text: str, start: int, end: int, kind: str, value: str) -> bool:
    """Tell whether half or more of the letters and digits of a dressed value are uncovered."""
    covered = bytearray(len(text))
    for one in find(text, known=[Known.of(kind, value)]):
        covered[one.start : one.end] = b"1" * (one.end - one.start)
    letters = [place for place in range(start, end) if text[place].isalnum()]
    return 2 * sum(not covered[place] for place in letters) >= len(letters)


@pytest.mark.parametrize("dress", DRESSES)
def test_no_known_value_stays_readable(dress: str) -> None:
    left = []
    for kind, value in values():
        dressed = DRESSES[dress](value)
        before = "they wrote: "
        text = f"{before}{dressed} and no more of it"
        if readable(text, len(before), len(before) + len(dressed), kind, value):
            left.append(dressed)

    assert left == []


def test_there_are_480_values() -> None:
    assert len(set(values())) >= 470
    assert len(values()) == 480


def test_what_is_encoded_and_says_no_known_value_stays() -> None:
    blob = base64.b64encode(b"nothing that anybody knows, at length").decode()
    known = [Known.of(kind, value) for kind, value in values()]

    assert find(f"see {blob} and {b'nothing'.hex()}", known=known) == ()


def test_a_value_in_a_blob_is_given_back_exactly() -> None:
    vault = ScopeVault(
        "case", root_key=b"k" * 32, check_key=b"k" * 32, rows=(), random_bytes=os.urandom
    )
    mine = Masker(vault)
    token = mine.mask_value("EMAIL", "anna@example.org")
    text = f"blob {base64.b64encode(b'to: anna@example.org').decode()} end"
    masked = mine.mask_text(text)

    assert masked.text == f"blob {token} end"
    assert mine.restore_text(masked) == text
