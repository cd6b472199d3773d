"""What each scope of a stop reaches."""

import pytest

from remit.domain.decision import Stop
from remit.policy import stop


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("everything", True),
        ("case:c1", True),
        ("case:c2", False),
        ("workflow:refund-desk", True),
        ("workflow:refund", False),
        ("action:issue_refund", True),
        ("action:refund-desk.issue_refund", True),
        ("action:triage.issue_refund", False),
        ("connector:shop", True),
        ("connector:bank", False),
        ("connector:shop:eu", False),
        ("case:a:c1", False),
        ("case:", True),
        ("something else", True),
        ("", True),
    ],
)
def test_a_stop_reaches_its_scope_and_an_unreadable_one_everything(
    scope: str, reached: bool
) -> None:
    switch = Stop(scope=scope, sentence="Stopped")

    assert reached is stop.applies(
        switch, case_id="c1", workflow="refund-desk", action="issue_refund", connector="shop"
    )


def test_an_action_without_a_connector_is_not_reached_by_a_connectors_stop() -> None:
    switch = Stop(scope="connector:shop", sentence="Stopped")

    assert not stop.applies(
        switch, case_id="c1", workflow="refund-desk", action="issue_refund", connector=None
    )


def test_a_scope_can_be_read_when_it_names_something_of_a_known_kind() -> None:
    named = ("everything", "case:c1", "action:a", "workflow:w", "connector:shop:eu")

    assert [stop.readable(scope) for scope in named] == [True] * 5
    assert not any(stop.readable(scope) for scope in ("everything:", "case:", "case", "desk:a"))
