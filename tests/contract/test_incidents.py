"""Incidents on either database: their rows, what they touch, and the same when made anew."""

from pathlib import Path

import pytest

from remit.domain.incident import Correction, Severity
from remit.errors import IllegalMoveError
from remit.ledger import projections
from remit.store import affected, incidents
from tests.projects import NAME, OLGA, OTTO, PAUL, Small, send
from tests.stories.test_earned import ASSUMED, BODY
from tests.stories.test_incident import CELL, alone, only, taken_back, wrong

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    sqlite = request.param == "sqlite"
    database = None if sqlite else request.getfixturevalue("postgres_url")
    return Small(folder=tmp_path, database=database, granted=(), settings=ASSUMED)


async def test_what_one_touches_is_asked_anew_until_it_is_resolved(small: Small) -> None:
    async with small.open(BODY) as remit:
        done = await alone(remit, small, cases=4)
        await wrong(remit, done[0], severity="critical")
        incident = only(remit)
        row = remit.database.read(lambda c: incidents.find(c, incident.incident_id))
        assert row is not None
        assert remit.database.read(lambda c: incidents.blocking(c, CELL)) == [row]
        assert remit.database.read(incidents.count_open) == 1
        assert remit.database.read(lambda c: incidents.count_open(c, "another")) == 0
        assert remit.database.read(lambda c: incidents.found_on(c, done[0])) == row.incident_id
        await remit.note_finding(
            row.incident_id, person=OLGA, finding=Correction.NO_HARM, actions=done[:1]
        )
        await remit.undo(done[1], person=OLGA, reason="wrong")
        await taken_back(remit, incident)
        counted = remit.database.read(lambda c: affected.counts(c, row))
        assert counted == {"no_harm": 1, "undone": 3}
        undone = remit.database.read(
            lambda c: affected.effects(c, row, limit=9, finding=Correction.UNDONE)
        )
        assert [one.action_id for one in undone] == done[:0:-1]
        await remit.resolve_incident(row.incident_id, person=OLGA)
        assert remit.database.read(lambda c: incidents.blocking(c, CELL)) == []
        assert projections.check(remit.database).result == "equal"


async def test_each_scope_keeps_its_own_cells_from_being_raised(small: Small) -> None:
    async with small.open(BODY) as remit:
        case_id = await send(remit, message="hello")
        blocks = {}
        for scope in (f"workflow:{NAME}", f"action:{NAME}.note", f"action:{NAME}.pay",
                      f"case:{case_id}"):  # fmt: skip
            for severity in (Severity.SEV3, Severity.SEV1):
                made = await remit.declare_incident(
                    scope, person=OTTO, severity=severity, sentence="wrong", contain=True
                )
                found = remit.database.read(lambda c: incidents.blocking(c, CELL))
                blocks[(scope.partition(":")[2], severity.value)] = bool(found)
                await remit.dismiss_incident(made.incident_id, person=OLGA, reason="a rehearsal")
        assert blocks == {
            (NAME, "sev3"): True, (NAME, "sev1"): True,
            (f"{NAME}.note", "sev3"): True, (f"{NAME}.note", "sev1"): True,
            (f"{NAME}.pay", "sev3"): False, (f"{NAME}.pay", "sev1"): False,
            (case_id, "sev3"): False, (case_id, "sev1"): True,
        }  # fmt: skip


async def test_they_are_listed_newest_first_page_by_page_and_move_as_the_table_says(
    small: Small,
) -> None:
    async with small.open(BODY) as remit:
        for number in range(3):
            small.clock.advance(1)
            await remit.declare_incident(
                f"action:{NAME}.{('note', 'pay', 'take_back')[number]}", person=PAUL,
                severity=Severity.SEV4, sentence=f"number {number}",
            )  # fmt: skip
        first = remit.incidents(limit=2)
        assert [one.number for one in first.rows] == [3, 2]
        rest = remit.incidents(limit=2, after=first.after)
        assert ([one.number for one in rest.rows], rest.after) == ([1], None)
        wanted = rest.rows[0].incident_id
        await remit.dismiss_incident(wanted, person=OLGA, reason="it was none")
        assert [one.number for one in remit.incidents().rows] == [3, 2]
        assert [one.number for one in remit.incidents(closed=True).rows] == [1]
        with pytest.raises(IllegalMoveError):
            await remit.dismiss_incident(wanted, person=OLGA, reason="again")
        with pytest.raises(IllegalMoveError):
            await remit.note_finding(wanted, person=OLGA, finding=Correction.NO_HARM)
        assert projections.check(remit.database).result == "equal"
