"""The leaf: its exact bytes, and what is refused."""

import pytest

from remit.domain.actor import person, workflow
from remit.domain.entry import Draft
from remit.domain.event import CaseEscalated
from remit.errors import EntryRefusedError, NewerEntryError
from remit.ledger.entry import Link, build, parse

AT = "2026-11-22T10:15:00.123456Z"
DRAFT = Draft(
    event=CaseEscalated(code="unsure"),
    case_id="c1",
    workflow="refund-desk",
    actor=workflow("refund-desk"),
    path="6",
    run=3,
    causes=("e0",),
    on_behalf_of=person("s_7q"),
    fingerprint="9c1e",
)
NAMED = {"cipher": "c", "commitment": "d", "key": "k", "role": "note"}


def leaf(draft: Draft = DRAFT) -> bytes:
    return build(
        draft, id="e1", seq=17, at=AT, payloads=[NAMED],
        link=Link("w1", 812, "ff"),
    )  # fmt: skip


def test_a_leaf_is_these_bytes() -> None:
    assert leaf().decode() == (
        '{"actor":{"kind":"workflow","ref":"refund-desk"},"at":"2026-11-22T10:15:00.123456Z",'
        '"body":{"arguments":"","code":"unsure","kind":"","name":""},'
        '"case":{"id":"c1","path":"6","run":3,"seq":17},"causes":["e0"],'
        '"event":"orchestration:case:escalated","fingerprint":"9c1e","id":"e1",'
        '"on_behalf_of":{"kind":"person","ref":"s_7q"},'
        '"payloads":[{"cipher":"c","commitment":"d","key":"k","role":"note"}],'
        '"tenant":"default","version":1,"workflow":"refund-desk",'
        '"writer":{"id":"w1","number":812,"previous":"ff"}}'
    )


def test_a_leaf_is_read_back_whole() -> None:
    read = parse(leaf(), strict=True)
    assert (read.entry.case_id, read.entry.seq, read.entry.run) == ("c1", 17, 3)
    assert read.entry.on_behalf_of == person("s_7q")
    assert read.causes == ("e0",)
    assert read.link == Link("w1", 812, "ff")
    assert read.payloads[0].commitment == "d"


def test_no_member_sorts_after_the_writer() -> None:
    assert leaf().endswith(b',"writer":{"id":"w1","number":812,"previous":"ff"}}')


def test_an_entry_over_the_limit_names_its_largest_member() -> None:
    large = Draft(
        event=CaseEscalated(code="x" * 20_000),
        case_id="c1",
        workflow="refund-desk",
        actor=workflow("refund-desk"),
    )
    with pytest.raises(EntryRefusedError, match="`body` is its largest member"):
        leaf(large)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"seq":17', b'"seq":"17"'),
        (b'"seq":17', b'"seq":true'),
        (b'"tenant":"default",', b""),
        (b'"tenant":"default"', b'"tenanted":"default"'),
        (b'"kind":"workflow"', b'"kind":"nobody"'),
        (b"10:15:00.123456Z", b"10:15:00Z"),
        (b"2026-11-22T10:15:00.123456Z", b"yesterday"),
        (b"2026-11-22T10:15:00.123456Z", b"2026-11-22T10:15:00.123456"),
        (b'"payloads":[{', b'"payloads":[[],{'),
        (b'{"actor"', b' {"actor"'),
    ],
)
def test_a_leaf_that_is_not_an_entry_is_refused(old: bytes, new: bytes) -> None:
    changed = leaf().replace(old, new)
    assert changed != leaf()
    with pytest.raises(EntryRefusedError):
        parse(changed, strict=True)


def test_what_a_newer_remit_wrote_is_told_apart() -> None:
    for old, new in ((b'"version":1', b'"version":2'), (b"case:escalated", b"case:evaporated")):
        with pytest.raises(NewerEntryError, match="install the Remit"):
            parse(leaf().replace(old, new))
    assert parse(leaf().replace(b"case:escalated", b"case:evaporated"), newer=True).entry.seq == 17
