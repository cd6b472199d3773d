"""Cases over the API: brought in once, read, traced; bad bodies are named."""

from collections.abc import Iterator

import pytest

from remit.api.headers import BODY_BYTES_MAX
from tests.browser.desk import Desk
from tests.browser.samples import case_id

PATH = "/api/cases/refund-desk"


def _headers(desk: Desk, **more: str) -> dict[str, str]:
    return {"x-csrf-token": desk.token(), "content-type": "application/json"} | more


def test_the_same_key_and_body_is_the_same_case(desk: Desk) -> None:
    headers = _headers(desk, **{"idempotency-key": "mail-1"})
    first = desk.client.post(PATH, json={"message": "hello"}, headers=headers)
    again = desk.client.post(PATH, json={"message": "hello"}, headers=headers)
    other = desk.client.post(PATH, json={"message": "other"}, headers=headers)
    assert (first.status_code, first.json()["duplicate"]) == (201, False)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert again.json()["case_id"] == first.json()["case_id"]
    assert (other.status_code, other.json()["code"]) == (409, "intake.conflict")


def test_a_fraction_arrives_as_it_was_written(desk: Desk) -> None:
    body = b'{"amount": 19.90, "count": 2}'
    desk.client.post(PATH, content=body, headers=_headers(desk, **{"idempotency-key": "k"}))
    assert desk.remit.received["k"] == {"amount": "19.90", "count": 2}


def test_cancelling_asks_for_a_reason_and_says_whether_it_is_closed(desk: Desk) -> None:
    path = f"/api/cases/{case_id(2)}/cancel"
    done = desk.client.post(path, json={"reason": "asked for twice"}, headers=_headers(desk))
    bare = desk.client.post(path, json={}, headers=_headers(desk))
    none = desk.client.post("/api/cases/none/cancel", json={"reason": "x"}, headers=_headers(desk))
    assert (done.status_code, done.json()) == (200, {"case_id": case_id(2), "closed": True})
    assert desk.remit.cancelled == [(case_id(2), "a.weber", "asked for twice")]
    assert (bare.status_code, bare.json()["code"]) == (422, "request.invalid")
    assert none.status_code == 404


def test_a_class_is_taken_and_an_unknown_one_refused_by_name(desk: Desk) -> None:
    bulk = desk.client.post(f"{PATH}?class=bulk", json={"a": "b"}, headers=_headers(desk))
    soon = desk.client.post(f"{PATH}?class=soon", json={"a": "c"}, headers=_headers(desk))
    assert (bulk.status_code, desk.remit.classes) == (201, ["bulk"])
    assert (soon.status_code, soon.json()["code"]) == (422, "request.invalid")
    assert "`soon`" in soon.json()["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b'{"a": "\xff"}',
        b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", b'{"a":' + b"[" * 200_000,
        b'{"a": ' + b"9" * 5_000 + b"}", b'{"a": "\\ud800"}',
    ],
    ids=range(11),
)  # fmt: skip
def test_a_bad_body_is_refused_by_name_and_nothing_comes_in(desk: Desk, body: bytes) -> None:
    answer = desk.client.post(PATH, content=body, headers=_headers(desk))
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert desk.remit.received == {}


def test_a_body_of_more_than_a_mebibyte_is_413_whatever_it_announces(desk: Desk) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 1):
            yield b" " * 65_536

    for content in (b" " * (BODY_BYTES_MAX + 1), chunks()):
        answer = desk.client.post(PATH, content=content, headers=_headers(desk))
        assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


def test_other_media_and_unknown_workflows_are_refused(desk: Desk) -> None:
    plain = _headers(desk) | {"content-type": "text/plain"}
    assert desk.client.post(PATH, content=b"{}", headers=plain).status_code == 422
    unknown = desk.client.post("/api/cases/nobody", json={}, headers=_headers(desk))
    assert (unknown.status_code, unknown.json()["code"]) == (422, "workflow.unknown")


def test_a_case_is_read_with_its_timeline(desk: Desk) -> None:
    found = desk.client.get(f"/api/cases/{case_id(1)}").json()
    assert found["row"]["number"] == 20_041
    assert found["timeline"]["lines"][0]["kind"] == "received"
    assert desk.client.get("/api/cases/none").status_code == 404


def test_a_trace_has_one_array_for_each_column(desk: Desk) -> None:
    found = desk.client.get(f"/api/cases/{case_id(1)}/trace").json()
    columns = {len(found[name]) for name in ("kind", "seq", "at_us", "took_ms", "path", "text")}
    assert columns == {16}
    assert found["kinds"][found["kind"][0]] == "received"


def test_a_list_is_filtered_by_status(desk: Desk) -> None:
    rows = desk.client.get("/api/cases?status=escalated").json()["rows"]
    assert {row["status"] for row in rows} == {"escalated"}


def test_what_was_masked_in_a_case_is_told_by_type_and_token(desk: Desk) -> None:
    found = desk.client.get(f"/api/cases/{case_id(1)}/masked").json()
    emails = next(one for one in found["types"] if one["type"] == "EMAIL")
    assert [value["attribute"] for value in emails["values"]] == ["at nordlicht.example", ""]
    assert {one["destination"] for one in emails["may"]} == {
        "the system that it calls", "mail:case.sender",
    }  # fmt: skip
    assert desk.client.get("/api/cases/none/masked").status_code == 404
