"""The leaf as a verifier reads it: one form for each member, whichever library reads the JSON."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from remit.ledger import leaf
from remit.ledger.leaf import Leaf, LeafError, NewerLeafError, read_leaf

VALUE: dict[str, Any] = {
    "actor": {"kind": "workflow", "ref": "desk"},
    "at": "2026-11-24T10:15:00.123456Z",
    "body": {
        "amount": {"amount": "19.00", "currency": "EUR"},
        "count": -3,
        "kept": True,
        "steps": [{"name": "lookup", "of": [1, 2]}],
        "word": 'an "é"',
    },
    "case": {"id": "c", "path": "6", "run": 3, "seq": 17},
    "causes": ["a", "b"],
    "event": "orchestration:tool:read",
    "fingerprint": "9c1e",
    "id": "e",
    "on_behalf_of": {"kind": "person", "ref": "s_7"},
    "payloads": [{"cipher": "00", "commitment": "11", "key": "case-1", "role": "result"}],
    "tenant": "t",
    "version": 1,
    "workflow": "desk",
    "writer": {"id": "w", "number": 812, "previous": "ff", "signature": "s"},
}
SOMETIMES = [
    ("causes",), ("fingerprint",), ("on_behalf_of",), ("case", "path"), ("case", "run"),
    ("writer", "signature"),
]  # fmt: skip
OTHERS: tuple[Any, ...] = (None, True, 1, 1.5, "x", [], {}, {"a": 1}, [None], 2**53)

Place = tuple[str | int, ...]


@pytest.fixture(autouse=True, params=["orjson", "json"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, dumps = leaf._with_json() if request.param == "json" else leaf._with_orjson()
    monkeypatch.setattr(leaf, "_loads", loads)
    monkeypatch.setattr(leaf, "_dumps", dumps)


def written(value: object, *, ordered: bool = True) -> bytes:
    text = json.dumps(value, sort_keys=ordered, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    yield at
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*at, key))


def changed(at: Place, change: Callable[[Any], Any]) -> dict[str, Any]:
    made = copy.deepcopy(VALUE)
    inside: Any = made
    for key in at[:-1]:
        inside = inside[key]
    inside[at[-1]] = change(inside[at[-1]])
    return made


def read(value: object, *, ordered: bool = True) -> Leaf | None:
    try:
        return read_leaf(written(value, ordered=ordered))
    except LeafError:
        return None


def test_a_leaf_is_read_whole_and_what_need_not_be_there_may_be_left_out() -> None:
    found = read(VALUE)
    assert found is not None
    assert found == Leaf(
        VALUE, "e", "orchestration:tool:read", "2026-11-24T10:15:00.123456Z", "c", 17, "w", 812,
        "ff", VALUE["payloads"],
    )  # fmt: skip
    assert found.body == VALUE["body"]
    for at in [at for at in places(VALUE) if isinstance(at[-1:] and at[-1], str)]:
        less = copy.deepcopy(VALUE)
        inside: Any = less
        for key in at[:-1]:
            inside = inside[key]
        del inside[at[-1]]
        assert (read(less) is not None) is (at in SOMETIMES or at[0] == "body" != at[-1]), at


def test_a_member_of_another_type_is_refused() -> None:
    for at in places(VALUE):
        for other in OTHERS if at else ():
            before = copy.deepcopy(VALUE)
            inside: Any = before
            for key in at:
                inside = inside[key]
            free = at[0] == "body" and len(at) > 1
            same = type(other) is type(inside) and other not in ({"a": 1}, [None], 2**53)
            sound = other not in (None, 1.5, [None], 2**53)
            fits = sound if free else same and at not in OF_FORM
            if at == ("body",):
                fits = isinstance(other, dict)
            if at[-1] == "causes" or at == ("payloads",):
                fits = other == []
            assert (read(changed(at, lambda _, o=other: o)) is not None) is fits, (at, other)


OF_FORM: set[Place] = {
    ("actor",),
    ("at",),
    ("case",),
    ("on_behalf_of",),
    ("payloads", 0),
    ("writer",),
}


def test_a_record_in_another_order_or_with_one_member_more_is_refused() -> None:
    for at in places(VALUE):
        found: Any = VALUE
        for key in at:
            found = found[key]
        if not isinstance(found, dict):
            continue
        turned = dict(reversed(found.items()))
        other = turned if not at else changed(at, lambda _, t=turned: t)
        assert read(other, ordered=False) is None, at
        for name, sound in (("more", at[:1] == ("body",)), ("More", False), ("", False)):
            bigger = {**found, name: "x"}
            more = bigger if not at else changed(at, lambda _, b=bigger: b)
            assert (read(more) is not None) is sound, (at, name)


@pytest.mark.parametrize(
    "change",
    [
        (b'"seq":17', b'"seq":17,"seq":17'),
        (b'"seq":17', b'"seq": 17'),
        (b'"seq":17', b'"seq":017'),
        (b'"seq":17', b'"seq":17e0'),
        (b'"seq":17', b'"seq":-0'),
        (b'"seq":17', b'"seq":NaN'),
        (b'"seq":17', b'"seq":9007199254740992'),
        (b'"count":-3', b'"count":-9007199254740992'),
        (b'"count":-3', b'"count":99999999999999999999999'),
        (b'"version":1', b'"version":true'),
        (b'"version":1', b'"version":0'),
        (b'"version":1', b'"version":"1"'),
        (b'"desk"', b'"\\u0064esk"'),
        (b'"desk"', b'"\\ud800"'),
        (b'"desk"', b'"\xff"'),
        (b"10:15:00.123456Z", b"24:15:00.123456Z"),
        (b"10:15:00.123456Z", b"10:15:60.123456Z"),
        (b"10:15:00.123456Z", b"10:15:00.12345Z"),
        (b"2026-11-24", b"2026-02-30"),
    ],
)
def test_another_spelling_is_refused(change: tuple[bytes, bytes]) -> None:
    assert change[0] in written(VALUE)
    with pytest.raises(LeafError):
        read_leaf(written(VALUE).replace(*change))
    assert (
        read_leaf(written(VALUE).replace(b'"seq":17', b'"seq":9007199254740991')).seq == 2**53 - 1
    )


def test_what_is_no_record_too_long_too_deep_or_newer_is_refused() -> None:
    for data in (
        b"",
        b"1",
        b"[]",
        b'"x"',
        b"null",
        b"\xef\xbb\xbf" + written(VALUE),
        b"[" * 5_000,
    ):
        with pytest.raises(LeafError):
            read_leaf(data)
    with pytest.raises(LeafError, match="over 16384 bytes"):
        read_leaf(written(changed(("body", "word"), lambda _: "x" * 16_384)))
    deep: Any = "x"
    for _ in range(14):
        deep = [deep]
    assert read(changed(("body", "word"), lambda _: deep)) is not None
    with pytest.raises(LeafError, match="nested too deep"):
        read_leaf(written(changed(("body", "word"), lambda _: [deep])))
    with pytest.raises(NewerLeafError, match="format 2"):
        read_leaf(written(VALUE | {"version": 2, "zone": "EU"}))
