"""Which nouns look at which event: none leaves out an entry that it would project."""

from types import ModuleType

import pytest

import remit.app  # noqa: F401 - every event is known once the parts are imported
from remit.domain.actor import service
from remit.domain.entry import EVENTS, Entry
from remit.store import approvals, authority, proposals, timers, waits
from remit.store.tally import Tally
from remit.store.unread import NO_ROWS, RowsNeeded


@pytest.mark.parametrize("noun", [approvals, authority, timers, waits, proposals])
def test_an_event_that_a_noun_does_not_name_changes_none_of_its_rows(noun: ModuleType) -> None:
    assert EVENTS.keys() >= noun.EVENTS
    for name in EVENTS.keys() - noun.EVENTS:
        given = (Tally(),) if noun in {proposals, approvals} else ()
        noun.project(NO_ROWS, _entry(name), *given)


@pytest.mark.parametrize("noun", [authority, waits])
def test_an_event_that_a_noun_names_changes_its_rows(noun: ModuleType) -> None:
    for name in noun.EVENTS - {"governance:grant:given", "policy:stop:set"}:
        with pytest.raises(RowsNeeded):
            noun.project(NO_ROWS, _entry(name))


def _entry(event: str) -> Entry:
    return Entry(
        id="", case_id="c", seq=5, event=event, body={}, actor=service("test"), at_us=1,
        workflow="desk",
    )  # fmt: skip
