"""The model of who stands behind an effect sees counting that is broken, in each of its parts."""

import contextlib
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from remit.domain.approval import Verdict
from remit.governance import approvals
from remit.orchestration import policy_facts
from remit.orchestration import votes as cast_votes
from remit.policy import gate
from tests.projects import OLGA, OTTO, ROSA
from tests.properties.test_who_stands_behind import Desk


def two_agree(desk: Desk) -> None:
    desk.bring()
    desk.answer(desk.waiting()[0], OLGA, Verdict.APPROVE)
    desk.answer(desk.waiting()[0], ROSA, Verdict.APPROVE)
    desk.wait(6)


def one_agrees_twice(desk: Desk) -> None:
    desk.lend(ROSA, OTTO)
    desk.bring()
    desk.answer(desk.waiting()[0], OTTO, Verdict.APPROVE)
    desk.answer(desk.waiting()[0], ROSA, Verdict.APPROVE)
    desk.wait(6)


def one_agrees_for_somebody_who_takes_it_back(desk: Desk) -> None:
    desk.lend(ROSA, OTTO)
    desk.bring()
    desk.answer(desk.waiting()[0], OTTO, Verdict.APPROVE)
    desk.answer(desk.waiting()[0], OLGA, Verdict.APPROVE)
    desk.end(desk.loans[0])
    desk.wait(6)


def one_agrees_and_loses_the_role(desk: Desk) -> None:
    desk.bring()
    desk.answer(desk.waiting()[0], ROSA, Verdict.APPROVE)
    desk.answer(desk.waiting()[0], OLGA, Verdict.APPROVE)
    desk.turn(ROSA, "payer")
    desk.wait(6)


def one_agrees_for_who_brought_it_in(desk: Desk) -> None:
    desk.lend(ROSA, OTTO)
    desk.bring(ROSA)
    desk.answer(desk.waiting()[0], OTTO, Verdict.APPROVE)
    desk.answer(desk.waiting()[0], OLGA, Verdict.APPROVE)
    desk.wait(6)


def test_what_two_agree_on_is_performed() -> None:
    desk = Desk()
    two_agree(desk)
    desk.teardown()
    assert desk.small.performed() == ["pay"]


def _each_for_themself(votes: Iterable[tuple[str, str]]) -> dict[str, str]:
    return {person: person for person, _ in votes}


def _anybody(run: Any, action: str, arguments: Any, votes: Any) -> Any:
    return votes


def _whoever_lent(connection: Any, run: Any, proposal: Any, votes: Any, **_: Any) -> Any:
    return votes


def _no_requester(row: Any, person: str, roles: Any, lent: Any, *, requester: str) -> Any:
    return ROLES_OF(row, person, roles, lent, requester="")


ROLES_OF = approvals._roles
BREAKS: dict[str, tuple[list[tuple[Any, str, Any]], Callable[[Desk], None]]] = {
    "delegator and delegate are two": (
        [(module, "behind", _each_for_themself) for module in (approvals, gate, policy_facts)],
        one_agrees_twice,
    ),
    "what was lent is not looked up again": (
        [(cast_votes, "not_lapsed", _whoever_lent)], one_agrees_for_somebody_who_takes_it_back,
    ),
    "roles are not looked up again": (
        [(cast_votes, "_held", _anybody)], one_agrees_and_loses_the_role,
    ),
    "a delegate acts for who brought it in": (
        [(approvals, "_roles", _no_requester), (cast_votes, "_held", _anybody)],
        one_agrees_for_who_brought_it_in,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_the_model_sees_counting_that_is_broken(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, story = BREAKS[name]
    desk = Desk()
    story(desk)  # as it should be: nothing is performed
    desk.teardown()
    assert desk.small.performed() == []
    for place, attribute, instead in broken:
        monkeypatch.setattr(place, attribute, instead)
    desk = Desk()
    with pytest.raises(AssertionError):
        story(desk)
    with contextlib.suppress(AssertionError):  # the verifier may see it too
        desk.teardown()
