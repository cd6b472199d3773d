"""Incidents on pages: declared, held, put right, closed; and said where they matter."""

import pytest

from tests.browser.desk import Desk
from tests.browser.sample_duties import rollback_id
from tests.browser.sample_incidents import incident_id

ONE = f"/incidents/{incident_id(1)}"

PAGES = ["/incidents", "/incidents?tab=closed",
         *(f"/incidents/{incident_id(number)}" for number in range(1, 7))]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_a_page_keeps_text_from_outside_inert(desk: Desk, path: str) -> None:
    answer = desk.client.get(path)
    assert answer.status_code == 200
    for made in ("<script>document.title", "<img", "\u202e", " style="):
        assert made not in answer.text


def test_the_list_leads_to_each_and_a_form_declares_one(desk: Desk) -> None:
    page = desk.client.get("/incidents").text
    for number in (1, 2, 3, 6):
        assert f"/incidents/{incident_id(number)}" in page
    assert "not contained" in page
    assert "cell:refund-desk." in page
    assert incident_id(4) in desk.client.get("/incidents?tab=closed").text
    said = {"sentence": "answers promise what is not true", "severity": "sev2"}
    given = {**said, "scope": "workflow:refund-desk", "contain": "yes"}
    done = desk.send("/incidents", **given)
    assert done.headers["location"] == f"/incidents/{incident_id(7)}?told=declared"
    page = desk.client.get(done.headers["location"]).text
    assert "answers promise what is not true" in page
    for wrong in ({"severity": "bad"}, {"scope": ""}, {"sentence": ""}, {"occurred": "yesterday"}):
        assert desk.send("/incidents", **(given | wrong)).status_code == 422


def test_its_effects_are_found_about_and_then_it_is_resolved_and_reviewed(desk: Desk) -> None:
    page = desk.client.get(ONE).text
    for said in (
        "2 to check", "1 undone", "1 no harm", "1 corrected by hand", "1 cannot be corrected",
        f"/rollbacks?incident_id={incident_id(1)}", f"/rollbacks/{rollback_id(1)}",
        'href="/remit/refund-desk/send_reply/all"', "nothing of the cell runs alone",
        "2 effects are still to check: take them back",
    ):  # fmt: skip
        assert said in page, said
    assert desk.send(f"{ONE}/resolve").status_code == 409
    assert desk.send(f"{ONE}/findings", finding="no_harm", which="picked").status_code == 422
    assert desk.send(f"{ONE}/findings", finding="maybe", which="all").status_code == 422
    picked = {f"effect:{'1' * 32}": "yes"}
    desk.send(f"{ONE}/findings", finding="cannot", which="picked", **picked)
    assert "1 to check" in desk.client.get(ONE).text
    assert "Noted. 1 effect is left to check." in desk.client.get(f"{ONE}?told=noted").text
    noted = desk.send(f"{ONE}/findings", finding="no_harm", which="all")
    assert noted.headers["location"] == f"{ONE}?told=noted"
    assert "Nothing is left to check" in desk.client.get(ONE).text
    assert desk.send(f"{ONE}/resolve").headers["location"] == f"{ONE}?told=resolved"
    assert desk.send(f"{ONE}/review").status_code == 422
    done = desk.send(f"{ONE}/review", found="the audits were too few")
    assert done.headers["location"] == f"{ONE}?told=reviewed"
    assert "the audits were too few" in desk.client.get(ONE).text


def test_what_nothing_holds_says_so_and_one_person_holds_it(desk: Desk) -> None:
    path = f"/incidents/{incident_id(2)}"
    assert "Nothing holds it" in desk.client.get(path).text
    assert desk.send(f"{path}/contain").headers["location"] == f"{path}?told=contained"
    assert "a stop stands on" in desk.client.get(path).text
    done = desk.send(f"{path}/dismiss", reason="a rehearsal")
    assert done.headers["location"] == f"{path}?told=dismissed"
    assert desk.send(f"{path}/dismiss", reason="again").status_code == 409


def test_one_whose_stop_was_lifted_raises_the_alarm_and_is_held_again(desk: Desk) -> None:
    path = f"/incidents/{incident_id(6)}"
    page = desk.client.get(path).text
    assert "Nothing holds it any more" in page
    assert "Contain it now" in page
    assert '<span class="status">not contained</span>' in page
    assert "It is resolved" not in page
    assert desk.send(f"{path}/contain").headers["location"] == f"{path}?told=contained"
    page = desk.client.get(f"{path}?told=contained").text
    assert "Contained. Nothing more of it is begun; what is under way finishes" in page
    assert "Nothing holds it" not in page
    assert "Contain it now" not in page


def test_of_a_cell_it_says_that_what_people_approve_still_goes_out(desk: Desk) -> None:
    page = desk.client.get(f"{ONE}?told=contained").text
    assert "Nothing of the cell runs alone any more; what people approve still goes out." in page


def test_what_it_may_be_declared_on_is_told_without_folding_any_evidence(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folded: list[str] = []
    monkeypatch.setattr(type(desk.remit), "remit_map", lambda *_: folded.append("map") or ())
    page = desk.client.get("/incidents").text
    assert "<option>cell:refund-desk.send_reply/all</option>" in page
    assert "<option>" not in desk.client.get("/incidents?tab=closed").text
    assert folded == []


@pytest.mark.parametrize("path", [f"/incidents/{'9' * 32}", f"/rollbacks?incident_id={'9' * 32}"])
def test_one_that_there_is_not_is_not_found(desk: Desk, path: str) -> None:
    assert desk.client.get(path).status_code == 404


def test_it_is_said_on_the_page_of_its_cell_and_of_its_rollback(desk: Desk) -> None:
    page = desk.client.get("/remit/refund-desk/send_reply/all").text
    assert f'<a href="{ONE}">Incident 1</a>' in page
    assert ONE in desk.client.get(f"/rollbacks/{rollback_id(1)}").text
    plan = desk.client.get(f"/rollbacks?incident_id={incident_id(1)}").text
    assert f'name="incident_id" value="{incident_id(1)}"' in plan
