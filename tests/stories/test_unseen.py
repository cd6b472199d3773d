"""Nobody who is measured can tell a check from a case: on no page, at no endpoint, in no list."""

import json
import re
from typing import Any

import pytest

from remit.domain.entry import Entry
from remit.errors import NotFoundError
from remit.governance.access import ASKING
from remit.orchestration.seeding import stream_of
from tests.facing import Face, served
from tests.projects import NAME, PAUL, Small, send, waiting
from tests.stories.test_seeded import PAY, dealt, decided, later

pytestmark = pytest.mark.anyio


@pytest.fixture
def small(tmp_path: Any) -> Small:
    return Small(folder=tmp_path, granted=())


NORMAL = (
    (re.compile(r"[0-9a-f]{32,64}"), "ID"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}"), "ID"),
    (re.compile(r'"(number|at_us|seq)": ?\[?[0-9, ]+\]?'), "NUMBER"),
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z?"), "TIME"),
    (re.compile(r"\b\w{3} \d{1,2} \w{3}, \d\d:\d\d"), "DAY"),
    (re.compile(r"\d\d:\d\d(:\d\d)?"), "CLOCK"),
    (re.compile(r"\d+(\.\d+)? EUR"), "AMOUNT"),
    (re.compile(r"\d+\.\d\d"), "AMOUNT"),
    (re.compile(r"[A-Z]+_[0-9A-Z]{8}"), "TOKEN"),
    (re.compile(r"[0-9a-f]{7,31}"), "SHORT"),
    (re.compile(r"\b[0-9a-f]{4}( [0-9a-f]{4})+"), "SHORT"),
    (re.compile(r"\bemail [0-9A-Z]{4}"), "TOKEN"),
    # Which row of the list is open, and what its keys do there.
    (re.compile(r' data-key="[^"]+" aria-keyshortcuts="[^"]+"( data-extend="-?1")?'), ""),
    (re.compile(r' aria-current="true"'), ""),
    (re.compile(r"case \d+ of"), "case N of"),
    (re.compile(r"ORD\d+"), "ORDER"),
    (re.compile(r'value="\w{43}"'), "CSRF"),
    (re.compile(r"\b\d{12,}\b"), "NUMBER"),
)


def shape(text: str) -> str:
    """Return a text without what differs between any two items."""
    for pattern, word in NORMAL:
        text = pattern.sub(word, text)
    return text


async def pages(face: Face, headers: dict[str, str], case_id: str, approval_id: str) -> list[str]:
    found = []
    for path in (
        f"/inbox/{approval_id}",
        f"/inbox/{approval_id}?act=reject",
        f"/inbox/{approval_id}?act=edit",
        f"/cases/{case_id}",
        f"/cases/{case_id}?view=technical",
        f"/cases/{case_id}/masked",
        f"/api/approvals/{approval_id}",
        f"/api/cases/{case_id}",
        f"/api/cases/{case_id}/trace",
        f"/api/cases/{case_id}/masked",
        f"/cases?search={case_id}",
    ):
        answer = await face.client.get(path, headers=headers)
        found.append(f"{path}\n{answer.status_code}\n{sorted(answer.headers)}\n{answer.text}")
    return found


async def test_on_every_page_and_endpoint_it_looks_like_a_real_one(small: Small) -> None:
    async with served(small, body=PAY) as face:
        remit = face.remit
        await decided(remit, cases=4)
        await later(remit, small)
        (row,) = dealt(remit)
        real_case = await send(remit, order_id="ORD99", message="case 9 of maria.k@example.com")
        (real,) = [one for one in waiting(remit) if one.case_id == real_case]
        headers = face.session(PAUL)
        mine = await pages(face, headers, row.case_id, row.approval_id)
        theirs = await pages(face, headers, real_case, real.approval_id)
        for one, other in zip(mine, theirs, strict=True):
            assert shape(one) == shape(other)
        listed = (await face.client.get("/api/approvals", headers=headers)).json()["rows"]
        shapes = {shape(json.dumps(one, sort_keys=True)) for one in listed}
        assert len(listed) == 2
        assert len(shapes) == 1
        token = ASKING.set(PAUL)
        try:
            told: list[list[Entry]] = [remit.entries(one) for one in (row.case_id, real_case)]
            assert {one.tenant for entries in told for one in entries} == {"default"}
            seen = [
                [(one.event, sorted(one.body), sorted(one.payloads)) for one in entries]
                for entries in told
            ]
            assert seen[0] == seen[1]
            with pytest.raises(NotFoundError):
                remit.case(stream_of(NAME))
            assert remit.entries(stream_of(NAME)) == []
        finally:
            ASKING.reset(token)
