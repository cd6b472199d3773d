"""The tables of legal moves are whole, and `move` follows them."""

from collections.abc import Callable
from enum import StrEnum
from types import ModuleType

import pytest

from remit.domain import approval, case, effect, incident
from remit.errors import IllegalMoveError

LIVES = [
    pytest.param(case, case.CaseStatus, id="case"),
    pytest.param(approval, approval.ApprovalState, id="approval"),
    pytest.param(effect, effect.EffectState, id="effect"),
    pytest.param(incident, incident.IncidentState, id="incident"),
]


@pytest.mark.parametrize(("life", "states"), LIVES)
def test_every_state_has_a_row_and_can_be_reached(life: ModuleType, states: type[StrEnum]) -> None:
    reached, frontier = set(), [None]
    while frontier:
        state = frontier.pop()
        new = set(life.MOVES[state]) - reached
        reached |= new
        frontier.extend(new)
    assert reached == set(states)
    assert set(life.MOVES) == {None, *states}


@pytest.mark.parametrize(("life", "states"), LIVES)
def test_a_move_is_allowed_exactly_when_the_table_says_so(
    life: ModuleType, states: type[StrEnum]
) -> None:
    allowed = {(current, to) for current, row in life.MOVES.items() for to in row}
    for current in (None, *states):
        for to in states:
            assert _moves(life.move, current, to) == ((current, to) in allowed)


@pytest.mark.parametrize(("life", "states"), LIVES)
def test_every_move_says_who_makes_it_and_when(life: ModuleType, states: type[StrEnum]) -> None:
    assert all(words.strip() for row in life.MOVES.values() for words in row.values())


def test_an_illegal_move_names_both_states() -> None:
    with pytest.raises(IllegalMoveError, match="cannot move from `closed` to `running`"):
        case.move(case.CaseStatus.CLOSED, case.CaseStatus.RUNNING)


def test_nothing_but_the_clock_and_the_undecided_leaves_an_expired_or_denied_approval() -> None:
    ended = [approval.ApprovalState.DENIED, approval.ApprovalState.EXPIRED]
    assert [approval.MOVES[state] for state in ended] == [{}, {}]


def test_an_effect_is_intended_before_any_outcome() -> None:
    outcomes = {
        effect.EffectState.CONFIRMED,
        effect.EffectState.FAILED,
        effect.EffectState.AMBIGUOUS,
        effect.EffectState.DISPATCHED,
    }
    after = {effect.EffectState.INTENDED, effect.EffectState.DISPATCHED}
    from_elsewhere = {
        current
        for current, row in effect.MOVES.items()
        if outcomes & set(row) and current not in after | {effect.EffectState.AMBIGUOUS}
    }
    assert from_elsewhere == set()


def test_an_effect_that_may_have_happened_is_not_settled() -> None:
    assert effect.EffectState.AMBIGUOUS in effect.UNSETTLED


def _moves(move: Callable[..., object], current: StrEnum | None, to: StrEnum) -> bool:
    try:
        return move(current, to) == to
    except IllegalMoveError:
        return False
