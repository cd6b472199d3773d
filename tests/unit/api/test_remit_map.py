"""The remit over the API: looked at by anybody of the desk, signed and lowered by its owner."""

import math
from typing import Any

from remit.domain.autonomy import Cell
from tests.browser import sample_remit
from tests.browser.desk import Desk

READY, SURGING = sample_remit.READY, sample_remit.SURGING


def _at(cell: Cell, more: str = "") -> str:
    return f"/api/remit/{cell.workflow}/{cell.action}/{cell.segment}{more}"


def test_every_cell_is_listed_with_its_evidence_and_what_would_lower_it(desk: Desk) -> None:
    found = {one["cell"]: one for one in desk.client.get("/api/remit").json()["cells"]}
    assert len(found) == 6
    surging = found["refund-desk.send_reply/all"]
    assert (surging["level"], surging["next"], surging["met"]) == ("sampled", "autonomous", False)
    assert surging["surge"]["code"] == "warn"
    assert [one["detector"] for one in surging["falls"]] == ["breach", "warn"]
    assert surging["falls"][0]["to"] == "approve-each"
    fallen = found["refund-desk.close_ticket/all"]
    assert (fallen["level"], fallen["lowered"], fallen["attempt"]) == ("approve-each", "breach", 1)
    only = desk.client.get("/api/remit?workflow=triage").json()["cells"]
    assert [one["cell"] for one in only] == ["triage.label/all"]


def test_the_nearest_to_its_next_level_comes_first_where_that_is_asked(desk: Desk) -> None:
    cells = desk.client.get("/api/remit?order=nearest&workflow=refund-desk").json()["cells"]
    assert cells[0]["cell"] == "refund-desk.issue_refund/small"
    assert cells[0]["near"]["labels"] == 0
    assert cells[-1]["near"] is None  # nothing is above it
    assert desk.client.get("/api/remit?order=best").status_code == 422


def test_a_cell_tells_its_path_and_what_its_grant_would_have_done(desk: Desk) -> None:
    found = desk.client.get(_at(READY)).json()
    evidence, path = found["cell"]["evidence"], found["path"]
    assert found["cell"]["met"]
    here = [row for row in evidence["table"] if row["here"]]
    assert [row["wrong"] for row in here] == [evidence["wrong"]]
    assert path["rows"] == evidence["rows"]
    assert path["buckets"][-1]["last"] == path["rows"]
    assert len(path["buckets"]) <= 120
    last = path["buckets"][-1]["log_evidence"]
    assert math.isclose(last, evidence["log_evidence"], abs_tol=1e-5)
    assert last >= evidence["bound"]
    told = found["counterfactual"]
    assert told["judged"] == told["runs"] > told["wrong"] > 0
    assert told["money"][0]["currency"] == "EUR"
    assert desk.client.get(_at(Cell(workflow="x", action="y", segment="z"))).status_code == 404


def test_rows_come_in_pages_that_miss_none(desk: Desk) -> None:
    seen: list[str] = []
    after = ""
    while True:
        page = desk.client.get(_at(SURGING, f"/rows?limit=100{after}")).json()
        seen += [row["action_id"] for row in page["rows"]]
        if page["after"] is None:
            break
        after = f"&after={page['after']}"
    assert len(seen) == len(set(seen)) == 538
    for wrong in ("x", "12", "1.%00", f"{'9' * 30}.a"):
        assert desk.client.get(_at(SURGING, f"/rows?after={wrong}")).status_code == 422


def test_its_owner_signs_what_was_shown_and_nobody_else_does(desk: Desk) -> None:
    digest = desk.client.get(_at(READY)).json()["cell"]["digest"]
    given: dict[str, Any] = {"to": "sampled", "digest": digest}
    headers = {"x-csrf-token": desk.token()}
    for wrong, status in (
        ({"digest": "0" * 64}, 409), ({"digest": "x"}, 422), ({"to": "higher"}, 422),
        ({"to": "autonomous"}, 409), ({"by": "me"}, 422),
    ):  # fmt: skip
        answer = desk.client.post(_at(READY, "/sign"), json=given | wrong, headers=headers)
        assert answer.status_code == status, wrong
    unticked = desk.client.post(_at(READY, "/sign"), json=given, headers=headers)
    assert unticked.status_code == 409
    assert "checklist, told: its signer has to tick `told`" in unticked.json()["message"]
    listed = desk.client.get(_at(READY)).json()["checklist"]["items"]
    given["attested"] = [one["name"] for one in listed if one["met"] is None]
    signed = desk.client.post(_at(READY, "/sign"), json=given, headers=headers)
    assert signed.json()["cell"]["cell"] == "refund-desk.issue_refund/small"
    digest = desk.client.get(_at(SURGING)).json()["cell"]["digest"]
    refused = desk.client.post(
        _at(SURGING, "/sign"), json={"to": "autonomous", "digest": digest}, headers=headers
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "grant.unmet")
    assert "a surge after `warn` goes on" in refused.json()["message"]
    desk.enter("l.costa")
    headers = {"x-csrf-token": desk.token()}
    assert desk.client.post(_at(READY, "/sign"), json=given, headers=headers).status_code == 403


def test_it_is_lowered_at_once_with_a_reason(desk: Desk) -> None:
    headers = {"x-csrf-token": desk.token()}
    given = {"to": "draft", "reason": "a new supplier"}
    for wrong in ({"reason": ""}, {"to": "nowhere"}):
        answer = desk.client.post(_at(SURGING, "/lower"), json=given | wrong, headers=headers)
        assert answer.status_code == 422
    assert desk.client.post(_at(SURGING, "/lower"), json=given, headers=headers).status_code == 200
    up = desk.client.post(_at(SURGING, "/lower"), json=given | {"to": "sampled"}, headers=headers)
    assert up.status_code == 409
