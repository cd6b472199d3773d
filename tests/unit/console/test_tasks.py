"""Tasks and rollbacks on pages."""

from remit.domain.task import TaskKind
from tests.browser.desk import Desk
from tests.browser.sample_duties import DIGEST, rollback_id, task_id


def test_a_task_is_settled_from_its_page(desk: Desk) -> None:
    page = desk.client.get(f"/tasks/{task_id(0)}").text
    assert "It happened" in page
    assert "2 people must say the same" in page
    one = desk.send(f"/tasks/{task_id(0)}/settle", finding="absent", evidence="not in their list")
    assert one.headers["location"] == f"/tasks/{task_id(0)}?said=one"
    done = desk.send(
        f"/tasks/{task_id(0)}/settle", finding="happened", evidence="seen", reference="re_8812"
    )
    assert done.headers["location"] == "/tasks?said=settled"
    assert "closed" in desk.client.get("/tasks?tab=closed").text


def test_a_form_that_says_nothing_is_refused(desk: Desk) -> None:
    path = f"/tasks/{task_id(0)}/settle"
    assert desk.send(path, finding="maybe", evidence="x").status_code == 422
    assert desk.send(path, finding="absent").status_code == 422
    assert desk.send(path, finding="happened", evidence="x", receipt="{").status_code == 422


def test_a_note_closes_what_no_effect_settles(desk: Desk) -> None:
    done = desk.send(f"/tasks/{task_id(3)}/close", note="looked at it")
    assert done.headers["location"] == "/tasks?said=closed"
    assert desk.send(f"/tasks/{task_id(1)}/close", note="x").status_code == 409


def test_a_plan_is_looked_at_before_it_is_started(desk: Desk) -> None:
    page = desk.client.get("/rollbacks?workflow=refund-desk&hours=4").text
    assert DIGEST in page
    assert "Undo all of these" in page
    given = {
        "workflow": "refund-desk", "since": "2026-11-24T00:00:00+00:00",
        "until": "2026-11-24T12:00:00+00:00", "reason": "wrong rate",
    }  # fmt: skip
    assert desk.send("/rollbacks", **given, digest="x").status_code == 409
    done = desk.send("/rollbacks", **given, digest=DIGEST)
    assert done.headers["location"] == f"/rollbacks/{rollback_id(1)}"
    assert "left to people" in desk.client.get(done.headers["location"]).text
    assert desk.send("/rollbacks", **(given | {"since": "x"}), digest=DIGEST).status_code == 422


def test_what_is_about_no_case_leads_to_where_it_is_seen(desk: Desk) -> None:
    """The level of a cell fell, or a reviewer is under alarm: no case has that number."""
    for kind, place in (("lowered", "/remit"), ("reviewer", "/reviewers")):
        page = desk.client.get(f"/tasks/{task_id(list(TaskKind).index(TaskKind(kind)))}").text
        shown = page.partition("<main")[2]
        assert f'<a href="{place}">' in shown
        assert "/cases/" not in shown
