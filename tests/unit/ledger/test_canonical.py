"""What the one encoding refuses."""

import math
from collections import OrderedDict
from decimal import Decimal
from enum import StrEnum

import pytest

from remit.errors import EntryRefusedError
from remit.ledger import canonical
from remit.ledger.canonical import Json


class Word(StrEnum):
    YES = "yes"


def nested(depth: int) -> Json:
    value: Json = "x"
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"a": None}, r"`\$\.a` is of type `NoneType`"),
        ({"a": 1.0}, r"`\$\.a` is of type `float`"),
        ({"a": math.nan}, "float"),
        ({"a": {"b": [1, 2**53]}}, r"`\$\.a\.b\[1\]` is an integer beyond"),
        ({"a": -(2**53)}, "beyond"),
        ({"A": 1}, "a key that is not"),
        ({"é": 1}, "a key that is not"),
        ({1: 1}, "a key that is not"),
        ({"a": (1, 2)}, "`tuple`"),
        ({"a": Word.YES}, "`Word`"),
        ({"a": Decimal(1)}, "`Decimal`"),
        (OrderedDict(a=1), "`OrderedDict`"),
        ({"a": "\ud800"}, "not valid Unicode"),
        (nested(17), "nested deeper than 16"),
    ],
)
def test_a_value_without_an_exact_form_is_refused_with_its_path(value: Json, says: str) -> None:
    with pytest.raises(EntryRefusedError, match=says):
        canonical.encode(value)


def test_the_deepest_and_the_largest_are_taken() -> None:
    assert canonical.encode(nested(16)) == b"[" * 16 + b'"x"' + b"]" * 16
    assert canonical.encode([2**53 - 1, -(2**53) + 1]) == b"[9007199254740991,-9007199254740991]"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf1",
        b"1 ",
        b'{"a":1,"a":1}',
        b'{"b":1,"a":1}',
        b"1.0",
        b"1e3",
        b"-0",
        b"01",
        b"null",
        b"NaN",
        b'"\\u0041"',
        b'"\\/"',
        b'"\\ud800"',
        b'"\xff"',
        b'\xff\xfe"\x00a\x00"\x00',
        b"9007199254740992",
        b"9" * 5000,
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("fast", [True, False])
def test_bytes_that_are_no_value_s_encoding_are_refused(
    data: bytes, fast: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not fast:
        write, read = canonical._with_json()
        monkeypatch.setattr(canonical, "_written", write)
        monkeypatch.setattr(canonical, "_read", read)
    with pytest.raises(EntryRefusedError):
        canonical.decode(data)


@pytest.mark.parametrize("value", [1.5, {"a": (1,)}, {1: "a"}, 2**63, b"bytes", {"a": Word.YES}])
def test_content_that_would_not_come_back_the_same_is_refused(value: Json) -> None:
    with pytest.raises(EntryRefusedError, match="content at"):
        canonical.encode_content(value)


def test_a_refusal_never_holds_the_value_or_a_key_of_content() -> None:
    with pytest.raises(EntryRefusedError) as caught:
        canonical.encode_content({"maria@example.com": {"card 4111": 2**70}})
    assert "maria" not in str(caught.value)
    assert "4111" not in str(caught.value)
