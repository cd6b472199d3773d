"""A share of closed cases is replayed in the background; a difference is a finding."""

import pytest

from remit.ledger import projections
from remit.orchestration import rehearsal
from tests.projects import Small, events, found, result, send

pytestmark = pytest.mark.anyio

BODY = """
await run.random()
COUNTER.append(1)
await run.derive(twice, number=len(COUNTER) if "odd" in case.message else 4)
return case.message
"""


def share(small: Small, body: str, given: float) -> None:
    """Write the desk with this share of closed cases to replay."""
    small.write(body, more="COUNTER = []\n")
    place = small.folder / "project" / "remit.toml"
    place.write_text(f"replay_check_share = {given}\n" + place.read_text())


async def test_code_that_is_not_repeatable_is_a_finding_before_an_open_case_meets_it(
    small: Small, caplog: pytest.LogCaptureFixture
) -> None:
    """An entry beside the closed case and a line of the log, with both calls; nothing is done."""
    share(small, BODY, 1)
    async with small.open(replays=False) as remit:
        small.clock.advance(1)
        good = await send(remit, message="even")
        bad = await send(remit, message="odd")
        small.clock.advance(1)
        calls = len(small.tape.calls)
        assert await remit.replay_check.tick() == 2
        assert (remit.replay_check.replayed, remit.replay_check.differed) == (2, 1)
        entry = found(remit, bad, "orchestration:replay:differed")[0]
        assert (entry.path, entry.body["why"], entry.body["recorded"]) == (
            "2", "arguments", "derive twice",
        )  # fmt: skip
        assert "orchestration:replay:differed" not in events(remit, good)
        assert f"case {bad}" in caplog.text
        assert "owner olga" in caplog.text
        assert result(remit, bad) == "odd", "the case is closed as it was"
        assert len(small.tape.calls) == calls
        assert await remit.replay_check.tick() == 0, "each once"
        assert projections.check(remit.database).result == "equal"
        assert remit.verify().result == "intact"


async def test_the_sweep_looks_and_only_at_what_this_code_ran(small: Small) -> None:
    """Cases that other code closed need not fit the code of now."""
    share(small, BODY, 1)
    async with small.open(replays=False) as remit:
        await send(remit, message="odd")
    share(small, BODY.replace("run.random()", "run.now()"), 1)
    async with small.open(replays=False) as remit:
        remit.replay_check.after = (0, "")
        small.clock.advance(1)
        await send(remit, message="even")
        await remit.timekeeper.sweep()
        assert remit._checking is not None
        assert await remit._checking == 1
        assert remit.replay_check.differed == 0


def test_a_share_is_drawn_by_the_cases_ids() -> None:
    """The same case is always drawn or never; one percent of many are."""
    ids = [f"{number:032x}" for number in range(20_000)]
    drawn = [one for one in ids if rehearsal.drawn(one, 0.01)]
    assert 120 < len(drawn) < 280
    assert all(rehearsal.drawn(one, 0.02) for one in drawn)
    assert not any(rehearsal.drawn(one, 0.0) for one in ids)
