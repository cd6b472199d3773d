"""The pages of the remit: the map, a cell with pictures and their tables, the grant to sign."""

import re
from datetime import timedelta

import pytest

from remit.console.remit_map import place
from remit.domain.autonomy import Cell
from tests.browser.desk import Desk

READY, SURGING = "/remit/refund-desk/issue_refund/small", "/remit/refund-desk/send_reply/all"
EMPTY, FALLEN = "/remit/refund-desk/issue_refund/other", "/remit/refund-desk/close_ticket/all"
TOP = "/remit/refund-desk/add_note/all"


def _page(desk: Desk, path: str) -> str:
    answer = desk.client.get(path)
    assert answer.status_code == 200, path
    return answer.text.replace("\u00a0", " ")


def _tables(page: str) -> list[list[list[str]]]:
    """Return the tables of a page as rows of text."""
    return [
        [
            [" ".join(re.sub("<[^>]+>", " ", cell).split()) for cell in re.findall(
                r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL
            )]
            for row in re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
        ]
        for table in re.findall(r"<table.*?</table>", page, re.DOTALL)
    ]  # fmt: skip


def test_the_map_shows_every_cell_and_says_the_same_in_a_table(desk: Desk) -> None:
    page = _page(desk, "/remit")
    for said in (
        "phase expand · A. Weber answers for it",
        "Its owner may sign it",
        "4 wrong labels in a row would lower it to approve-each.",
        "<strong>Surge</strong> after warn",
        "<strong>Lowered</strong>",
        "phase baseline allows at most shadow",
        "2 promotions cost 2 × 10 %",
        "together at most 10 % chance that one at the bar is ever let through",
    ):
        assert said in page, said
    cells = desk.client.get("/api/remit").json()["cells"]
    rows = [row for table in _tables(page) for row in table[1:]]
    assert len(rows) == len(cells) == page.count('class="ladder"') == 6
    for cell, row in zip(cells, rows, strict=True):
        assert row[1:5] == [
            cell["effective"], cell["level"], cell["ceiling"], cell["next"] or "–"
        ]  # fmt: skip
        if cell["evidence"]:
            told = [f"{cell['evidence'][name]:,}" for name in ("rows", "needed", "wrong")]
            assert row[5:8] == told
    for level in page.split('class="ladder"')[1:]:
        assert level.count("<rect") >= 5
    assert page.count("<title id=") == page.count('role="img"')


def test_the_map_can_begin_with_what_is_nearest_to_its_next_level(desk: Desk) -> None:
    ordered = _page(desk, "/remit?order=nearest")
    first = re.search(r'<article class="cell".*?<a href="([^"]*)"', ordered, re.DOTALL)
    assert first is not None
    assert first[1] == READY
    assert "drawn towards 2 cells of its action" in ordered
    assert "display only, it never decides" in ordered
    found = desk.client.get("/api/remit?order=nearest").json()["cells"]
    rows = [row for table in _tables(ordered) for row in table[1:]]
    told = ["–" if not c["near"] or c["near"]["labels"] is None else f"{c['near']['labels']:,}"
            for c in found]  # fmt: skip
    assert [row[9] for row in rows] == told
    assert desk.client.get("/remit?order=best").status_code == 422


@pytest.mark.parametrize("path", [READY, SURGING, TOP])
def test_the_chart_has_a_title_and_its_table_holds_the_same_numbers(desk: Desk, path: str) -> None:
    page = _page(desk, path)
    trail = desk.client.get(f"/api{path}").json()["path"]
    table = next(rows for rows in _tables(page) if rows[0][0] == "rows")
    assert len(table) - 1 == len(trail["buckets"])
    for row, one in zip(table[1:], trail["buckets"], strict=True):
        counts = [str(one[name]) for name in ("right", "wrong", "pending", "void", "audited")]
        assert row[2:-1] == counts
        assert float(row[-1]) == pytest.approx(one["log_evidence"], abs=0.0051)
    svg = page.split('aria-labelledby="e-t e-d"')[1].split("</figure>")[0]
    title = re.search(r'<title id="e-t">(.*?)</title>', svg)
    assert title is not None
    assert f"over {trail['rows']:,} rows" in title[1]
    assert f"It stands at {table[-1][-1]}; the bar is at" in svg
    points = re.search(r'class="path" points="([^"]*)"', svg)
    assert points is not None
    assert len(points[1].split()) == len(trail["buckets"]) + 1
    for name, shape in (("wrong", 'class="spot wrong"'), ("pending", 'class="spot pending"')):
        assert svg.count(shape) == sum(one[name] > 0 for one in trail["buckets"])
    watched = next(rows for rows in _tables(page) if rows[0][0] == "detector")
    steps = [step for one in trail["watches"] for step in one["steps"]]
    told = [float(row[3].replace(",", "")) for row in watched[1:]]
    assert told == pytest.approx([step["statistic"] for step in steps], abs=0.0051)


def test_the_line_rises_with_what_is_right_and_falls_with_what_is_wrong(desk: Desk) -> None:
    page = _page(desk, SURGING)
    trail = desk.client.get(f"/api{SURGING}").json()["path"]
    points = re.search(r'class="path" points="([^"]*)"', page)
    assert points is not None
    heights = [-float(one.split(",")[1]) for one in points[1].split()]
    for one, before, after in zip(trail["buckets"], heights, heights[1:], strict=False):
        worse = one["wrong"] + one["pending"]
        assert (after < before) is (worse > 0), one


def test_a_cell_says_its_conditions_its_table_and_what_was_tried(desk: Desk) -> None:
    page = _page(desk, READY)
    for said in (
        "Met: the 98.1 % bar at 0.4 % asks 348 labels with 0 wrong, and there are 450.",
        "Of cells where 1.88 % or more is wrong, at most 0.4 % would ever pass.",
        "Made stricter, since reviewers find at least 93.8 % of errors.",
        "<dt>Certified as enough</dt><dd>0.6517</dd>",
        "91.7 % of the cases of two weeks",
        "2 of 2 stable review cycles in a row",
        'href="/cases/c000000000000000000000000000000',
    ):
        assert said in page, said
    assert page.count("<strong>met</strong>") == 12


def test_an_empty_cell_and_one_that_fell_say_what_is_missing(desk: Desk) -> None:
    empty = _page(desk, EMPTY)
    assert "No row counts here yet." in empty
    assert "No proposal yet." in empty
    assert "335 more right in a row would do" in empty
    assert 'class="chart"' not in empty
    fallen = _page(desk, FALLEN)
    assert "The next one may come from" in fallen
    assert "lowered to approve-each: breach" in fallen
    assert "the breach detector fired after 240 of its rows" in fallen
    assert "The 90 % bar at 6.08 % asks 34 labels" in fallen  # of the second attempt


def test_rows_are_paged_by_links(desk: Desk) -> None:
    seen: list[str] = []
    path = SURGING
    while path:
        page = _page(desk, path)
        rows = next(table for table in _tables(page) if table[0][1] == "case")[1:]
        seen += [row[0] + row[3] for row in rows]
        older = re.search(r'href="([^"]*)#rows">Older rows', page)
        path = older[1] if older else ""
    assert len(seen) == 538


def test_its_owner_signs_the_grant_that_was_shown(desk: Desk) -> None:
    page = _page(desk, f"{READY}/grant")
    for said in (
        "25 % of that is drawn and looked at afterwards",
        "whose confidence is at least 0.6517",
        "0 wrong of 450 reviewed; of cells at or above 1.88 %, at most 1 in 250 would ever pass",
        "630 proposals would have run at once; 1 of the 630 that we can judge",
        "money at stake 22.36 EUR; 7 hours of review and 52 days of waiting",
        "limits of money and number, daily ones too, are not counted",
        "Every condition is met",
        "Measured on the 222 proposals of the last 28 days. A forecast",
        "<dt>Audits a week</dt>",
        "40 seconds",
        "the record keeps the tokens of a model&#39;s answers, and no prices are set",
        "a.weber answers for what the workflow cannot do",
        "no audit is overdue",
    ):
        assert said in page, said
    digest = re.search(r'name="digest" value="(\w{64})"', page)
    assert digest is not None
    unticked = desk.send(f"{READY}/grant", to="sampled", digest=digest[1])
    assert unticked.status_code == 409
    assert "Nothing was signed" in unticked.text
    boxes = re.findall(r'type="checkbox" name="(tick-\w+)"', page)
    assert boxes == ["tick-ledger", "tick-rollback", "tick-stop", "tick-told"]
    ticks = dict.fromkeys(boxes, "yes")
    answer = desk.send(f"{READY}/grant", to="sampled", digest=digest[1], **ticks)
    assert answer.headers["location"] == f"{READY}?told=signed"
    assert [one[1:] for one in desk.remit.granted] == [("sampled", "a.weber")]
    assert "It holds from the next gate call on" in _page(desk, f"{READY}?told=signed")
    assert desk.send(f"{READY}/grant", to="sampled", digest="0" * 64).status_code == 409
    assert desk.send(f"{READY}/grant", to="upwards", digest=digest[1]).status_code == 422


def test_what_is_unmet_is_shown_and_offers_no_signature(desk: Desk) -> None:
    page = _page(desk, f"{SURGING}/grant")
    assert "What stands against it" in page
    assert "It cannot be signed yet." in page
    assert "nothing yet: 4 wrong of 178 reviewed do not meet the bar" in page
    assert 'name="digest"' not in page
    digest = desk.client.get(f"/api{SURGING}").json()["cell"]["digest"]
    refused = desk.send(f"{SURGING}/grant", to="autonomous", digest=digest)
    assert refused.status_code == 409
    assert "Nothing was signed" in refused.text
    assert "Nothing is higher than autonomous." in _page(desk, f"{TOP}/grant")


def test_nobody_but_the_owner_signs_or_lowers(desk: Desk) -> None:
    assert 'action="/remit/refund-desk/send_reply/all/lower"' in _page(desk, SURGING)
    desk.enter("l.costa")
    assert "/lower" not in _page(desk, SURGING)
    page = _page(desk, f"{READY}/grant")
    assert "Only its owner signs it." in page
    assert "checkbox" not in page
    refused = desk.send(f"{SURGING}/lower", to="draft", reason="no")
    assert refused.status_code == 403


def test_it_is_lowered_with_a_reason(desk: Desk) -> None:
    assert desk.send(f"{SURGING}/lower", to="draft", reason="").status_code == 422
    answer = desk.send(f"{SURGING}/lower", to="draft", reason="a new supplier")
    assert answer.headers["location"] == f"{SURGING}?told=lowered"
    assert [one[1:] for one in desk.remit.lowered] == [("draft", "a.weber", "a new supplier")]


def test_signing_needs_a_sign_in_of_the_last_minutes(desk: Desk) -> None:
    digest = desk.client.get(f"/api{READY}").json()["cell"]["digest"]
    token = desk.token()
    desk.remit.now += timedelta(minutes=20)
    answer = desk.client.post(
        f"{READY}/grant", data={"csrf": token, "to": "sampled", "digest": digest}
    )
    assert "sign-in/again" in answer.headers.get("location", "")
    lowered = desk.client.post(
        f"{SURGING}/lower", data={"csrf": token, "to": "draft", "reason": "x"}
    )
    assert lowered.headers["location"].startswith(SURGING)


def test_a_segment_may_have_any_name_but_a_slash(desk: Desk) -> None:
    cell = Cell(workflow="refund-desk", action="issue_refund", segment="up to 50 €?")
    answer = desk.client.get(place(cell))
    assert answer.status_code == 404
    assert "refund-desk.issue_refund/up to 50 €?" in answer.text


def test_a_cell_that_does_not_exist_has_no_page(desk: Desk) -> None:
    for path in ("/remit/refund-desk/issue_refund/none", "/remit/x/y/z", "/remit/x/y/z/grant"):
        assert desk.client.get(path).status_code == 404
    assert desk.client.get(f"{READY}?after=nonsense").status_code == 422


def test_a_changed_behaviour_is_offered_to_be_tried_and_its_owner_asks_for_it(desk: Desk) -> None:
    page = _page(desk, SURGING)
    for said in (
        "The behaviour changed. What runs now can be tried in shadow on 50 cases",
        "It proves nothing for the next level and counts for nothing: a forecast only.",
        "Of 47 cases in which both can be compared it would be wrong in 4, with 1 of which",
        "close_ticket would be proposed in its place",
        "reads came from the record, or were asked where it had none.",
    ):
        assert said in page, said
    (table,) = [one for one in _tables(page) if one[0] == ["came out", "cases", "meaning"]]
    assert [row[:2] for row in table[1:4]] == [["same", "42"], ["fixed", "1"], ["broken", "3"]]
    (cases,) = [one for one in _tables(page) if one[0][:3] == ["now", "before", "case"]]
    assert len(cases) == 1 + 8
    assert [row[0] for row in cases[1:4]] == ["broken"] * 3
    answer = desk.send(f"{SURGING}/compare", cases="25")
    assert answer.headers["location"] == f"{SURGING}?told=comparing"
    assert "Under way: 12 of 25 cases looked at." in _page(desk, SURGING)
    answer = desk.send(f"{SURGING}/compare/cancel")
    assert answer.headers["location"] == f"{SURGING}?told=cancelled"
    for bad in ("", "0", "201", "many"):
        assert desk.send(f"{SURGING}/compare", cases=bad).status_code == 422
    assert 'id="compared"' not in _page(desk, TOP)  # no other behaviour had cases
    desk.enter("l.costa")
    assert "/compare" not in _page(desk, SURGING)
    assert desk.send(f"{SURGING}/compare", cases="25").status_code == 403
