"""The checklist before a cell acts alone: what is verified, and what its signer has to tick."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remit.domain import clock
from remit.domain.autonomy import Level
from remit.domain.plan import DAY_US
from remit.governance import cell_words, checklist
from remit.governance.checklist import ATTESTED, VERIFIED, Checklist, Item, Ticked
from remit.ledger import verified
from remit.ledger.verified import Verified
from remit.store import projections
from remit.store.connection import Connection
from remit.store.database import Database, open_database
from tests.browser import sample_remit
from tests.browser.sample_remit import FALLEN, NOW_BEHAVIOUR
from tests.browser.samples import NOW

NOW_US = clock.microseconds(NOW)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path / 'cells.db'}", schema=projections.SCHEMA)
    yield made
    made.close()


def put(opened: Database, work: Callable[[Connection], None]) -> None:
    connection = opened.writer()
    connection.begin(write=True)
    work(connection)
    connection.commit()
    connection.close()


def listed(
    opened: Database, *, to: Level = Level.SAMPLED, undo: str = "take_back", asked: str = "olga"
) -> Checklist | None:
    return opened.read(
        lambda c: checklist.of(
            c, FALLEN, fingerprint=NOW_BEHAVIOUR, to=to, undo=undo, escalation=asked, now_us=NOW_US
        )
    )


def item(opened: Database, name: str, *, undo: str = "take_back", asked: str = "olga") -> Item:
    found = listed(opened, undo=undo, asked=asked)
    assert found is not None
    return next(one for one in found.items if one.name == name)


def test_nothing_is_asked_of_a_level_at_which_nothing_runs_alone(opened: Database) -> None:
    assert listed(opened, to=Level.APPROVE_EACH) is None
    found = listed(opened, to=Level.AUTONOMOUS)
    assert found is not None
    assert [one.name for one in found.items] == [*VERIFIED, *ATTESTED]


def test_what_cannot_be_verified_is_for_the_signer_to_tick(opened: Database) -> None:
    found = listed(opened)
    assert found is not None
    assert found.ready
    assert found.asked == ("labels", "ledger", *ATTESTED)  # nothing came in yet
    assert [one.name for one in found.unmet(("labels", "stop"))] == [
        "checklist, ledger", "checklist, rollback", "checklist, told",
    ]  # fmt: skip
    assert found.unmet(found.asked) == ()
    made = found.ticked((*found.asked, "escalation", "anything"))
    assert made == Ticked(checked=("undo", "escalation", "audits"), attested=found.asked)
    assert made.missing == ()
    assert Ticked(checked=(*VERIFIED, *ATTESTED), attested=()).missing == tuple(ATTESTED)


@pytest.mark.parametrize(
    ("at", "passed", "met", "said"),
    [
        (1, True, True, "`take_back` takes it back; rehearsed 2026-11-23"),
        (91, True, True, "it was not rehearsed in the last 90 days"),
        (1, False, False, "its last rehearsal failed: differs"),
    ],
)
def test_an_undo_is_declared_and_its_last_rehearsal_did_not_fail(
    opened: Database, at: int, passed: bool, met: bool, said: str
) -> None:
    assert item(opened, "undo").met is True
    assert item(opened, "undo", undo="").met is False
    drill = {
        "workflow": FALLEN.workflow, "action": FALLEN.action, "passed": int(passed),
        "code": "" if passed else "differs", "at_us": NOW_US - at * DAY_US,
    }  # fmt: skip
    put(opened, lambda c: sample_remit._put(c, "drills", [drill]))
    found = item(opened, "undo")
    assert found.met is met
    assert said in found.said
    if not met:
        assert "What to do: mend the undo" in cell_words.item(found)


def test_somebody_active_is_asked_when_the_workflow_cannot_go_on(opened: Database) -> None:
    assert item(opened, "escalation").met is True
    found = item(opened, "escalation", asked="")
    assert found.met is False
    assert "`[workflow.owners]`" in found.then


@pytest.mark.parametrize(("judged", "met"), [(10, True), (5, True), (4, False), (0, False)])
def test_half_of_what_was_due_has_been_judged(opened: Database, judged: int, met: bool) -> None:
    put(
        opened,
        lambda c: sample_remit._rows(
            c, FALLEN, since_us=NOW_US - 20 * DAY_US, every_us=DAY_US, count=10, wrong=set(),
            pending=frozenset(range(judged, 10)),
        ),
    )  # fmt: skip
    assert item(opened, "labels").met is met


@pytest.mark.parametrize(("due", "met"), [(NOW_US - 1, False), (NOW_US, True)])
def test_no_audit_of_the_workflow_is_overdue(opened: Database, due: int, met: bool) -> None:
    def work(connection: Connection) -> None:
        sample_remit._rows(
            connection, FALLEN, since_us=NOW_US - DAY_US, every_us=1, count=1, wrong=set(),
            pending=frozenset({0}), alone=True,
        )  # fmt: skip
        connection.execute("update evidence set asks = 'audit', due_us = ?", (due,))

    put(opened, work)
    found = item(opened, "audits")
    assert found.met is met
    assert met or found.said == "1 audits of the workflow are overdue"


@pytest.mark.parametrize(
    ("days", "result", "met"),
    [(6, "intact", True), (8, "intact", False), (1, "tampered", False), (0, "", None)],
)
def test_the_ledger_was_verified_lately(
    opened: Database, monkeypatch: pytest.MonkeyPatch, days: int, result: str, met: bool | None
) -> None:
    last = Verified(at=clock.instant(NOW_US - days * DAY_US), size=9, result=result)
    monkeypatch.setattr(verified, "last", lambda _connection: last if result else None)
    assert item(opened, "ledger").met is met
