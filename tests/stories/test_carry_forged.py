"""A carry that is not as it says is found in the entries alone: its rows, its proof, its surge."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from remit.domain.autonomy import Level
from remit.domain.evidence_event import EvidenceCarried
from remit.governance import carrying, monitors, proven
from tests.projects import OLGA, Small
from tests.stories.test_carried import (
    BODY,
    CARRIED,
    CELL,
    GIVE,
    above,
    earned,
    gives,
    made,
    reverified,
    signed,
    told,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def alone(tmp_path: Any) -> Small:
    return made(tmp_path)


Change = Callable[[EvidenceCarried], EvidenceCarried]


def _one_more(one: EvidenceCarried) -> EvidenceCarried:
    return replace(one, gone=one.gone[:-1], dropped=one.dropped - 1)


FORGED: dict[str, tuple[Change, str]] = {
    "a wrong row is said to have been right": (
        lambda one: replace(one, dropped=one.dropped + 1, stayed=one.stayed - 1),
        "right rows dropped: it says 2",
    ),
    "a row goes on that would be held": (_one_more, "a row: it says goes on"),
    "other rows go on": (lambda one: replace(one, rows=one.rows + 1), "rows: it says 5"),
    "another attempt goes on": (lambda one: replace(one, attempt=3), "attempt: it says 3"),
    "code changed too": (lambda one: replace(one, rest="0" * 64), "a fingerprint"),
    "limits changed too": (lambda one: replace(one, limits_after="0" * 64), "a fingerprint"),
    "it rests on another proof": (lambda one: replace(one, proof="same"), "the proof: it says"),
    "the proof is of other rules": (lambda one: replace(one, proven="0" * 64), "what is proved"),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_carry_is_found(
    alone: Small, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    change, said = FORGED[name]
    events = carrying._events

    def forged(*args: Any, **kwargs: Any) -> Iterator[EvidenceCarried]:
        yield from map(change, events(*args, **kwargs))

    monkeypatch.setattr(carrying, "_events", forged)
    async with alone.open(BODY, more=GIVE, attacked=True) as remit:
        await gives(remit, alone, 50, 50, 20, 30, wrong=1)
        await signed(remit, alone, above(60) + above(45))
        report = reverified(remit)
        assert report.result == "different"
        assert any(said in line for line in report.lines), report.lines


async def test_a_row_that_still_runs_and_is_named_is_found(
    alone: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying.Carry, "gone", lambda _self, _connection, found: found)
    async with alone.open(BODY, more=GIVE, attacked=True) as remit:
        await gives(remit, alone, 50, 20)
        await signed(remit, alone, above(60) + above(45))
        assert "a row: it says gone" in reverified(remit).lines[0]


async def test_a_carry_to_wider_rules_is_found(
    alone: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alone.open(BODY, more=GIVE, attacked=True) as remit:
        await gives(remit, alone, 50, 20)
        with monkeypatch.context() as patched:
            patched.setattr(proven.Compared, "kind", lambda _self, _action: "analysis")
            await signed(remit, alone, above(80))
        assert len(told(remit, CARRIED)) == 1
        found = reverified(remit).lines[0]
        assert "the proof: it says analysis, and by the entries it is none" in found


async def test_a_carry_without_its_surge_is_found(
    alone: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with alone.open(BODY, more=GIVE, attacked=True) as remit:
        await earned(remit, alone, 10, 20, 30, 40, 50, 20, 10, 30)
        with monkeypatch.context() as patched:
            patched.setattr(monitors, "surge", lambda *_args, **_more: None)
            await signed(remit, alone, above(60) + above(45))
        assert "a surge after a carry" in reverified(remit).lines[0]
        alone.clock.advance(60)
        await remit.lower_grant(CELL, to=Level.APPROVE_EACH, person=OLGA, reason="as it went")
        found = reverified(remit).lines
        assert any("a surge after a carry" in line for line in found), "nothing later mends it"
