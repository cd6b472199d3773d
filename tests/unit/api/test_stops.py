"""Stops over the API: listed, set with a sentence, lifted by two."""

import pytest

from tests.browser.desk import Desk


def _post(desk: Desk, path: str, **body: object) -> tuple[int, dict[str, object]]:
    answer = desk.client.post(path, json=body, headers={"x-csrf-token": desk.token()})
    return answer.status_code, answer.json()


def test_the_list_says_what_each_stop_holds(desk: Desk) -> None:
    (first, second) = desk.client.get("/api/stops").json()["stops"]
    assert (first["scope"], first["waiting"], first["stop_ms"]) == ("connector:shop", 1204, None)
    assert second["stop_ms"] == 412


def test_a_stop_is_set_once_and_lifted_by_two(desk: Desk) -> None:
    given = {"scope": "everything", "sentence": "wait"}
    assert _post(desk, "/api/stops", **given) == (200, {"scope": "everything", "set": True})
    assert _post(desk, "/api/stops", **given) == (200, {"scope": "everything", "set": False})
    lift = {"scope": "everything", "reason": "over"}
    assert _post(desk, "/api/stops/lift", **lift)[1]["lifted"] is False
    desk.enter("l.costa")
    assert _post(desk, "/api/stops/lift", **lift)[1]["lifted"] is True


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/stops", {"scope": "everythin", "sentence": "wait"}, 404),
        ("/api/stops", {"scope": "everything"}, 422),
        ("/api/stops", {"scope": "everything", "sentence": ""}, 422),
        ("/api/stops", {"scope": "everything", "sentence": "x", "by": "somebody"}, 422),
        ("/api/stops/lift", {"scope": "everything", "reason": "over"}, 404),
    ],
)
def test_bad_input_is_refused_with_a_status(
    desk: Desk, path: str, body: dict[str, object], status: int
) -> None:
    assert _post(desk, path, **body)[0] == status


def test_who_may_read_only_sets_none(desk: Desk) -> None:
    desk.enter("i.auditor")
    assert _post(desk, "/api/stops", scope="everything", sentence="wait")[0] == 403
