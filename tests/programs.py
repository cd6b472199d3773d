"""Random programs on a small desk: messages, verdicts, faults, time, restarts."""

import asyncio
import random
from pathlib import Path

from hypothesis import strategies as st

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.errors import RemitError
from remit.integrations.recorder import Fault
from tests.projects import NAME, OLGA, Small, waiting

HANDLER = """
order = await run.read(get_order, order_id=case.order_id)
if "late" in case.message:
    await run.sleep(600)
try:
    if "both" in case.message:
        await run.gather(
            run.act(pay, order_id=order.id, amount=order.total), run.act(note, text="both")
        )
    elif "pay" in case.message:
        await run.act(pay, order_id=order.id, amount=order.total)
    elif "note" in case.message:
        await run.act(note, text=case.message)
except StepRefused:
    await run.new_id()
if "person" in case.message:
    await run.escalate("a person must look")
return case.message
"""

WORDS = ("pay", "note", "both", "late note", "late both", "person", "pay person", "nothing")
MOVES = (
    *(("send", word) for word in WORDS),
    *(("decide", verdict) for verdict in ("approve", "reject", "edit", "escalate", "take back")),
    *(("time", seconds) for seconds in (61, 601, 400_000)),
    *(("fault", fault) for fault in Fault),
    ("doubtful", None),
    ("release", None),
    ("discard", None),
    ("close", None),
    ("hand back", None),
    ("undo", None),
    ("restart", None),
)
PROGRAMS = st.lists(st.sampled_from(MOVES), min_size=3, max_size=14)


def desk(folder: Path, database: str | None = None) -> Small:
    """Return a desk on which notes run alone and payments wait for a person."""
    small = Small(folder=folder, database=database, grace=30, granted=("note",))
    small.write(HANDLER)
    return small


async def played(small: Small, program: list[tuple[str, object]]) -> None:
    """Play a program; what the product refuses is part of it."""
    chance = random.Random(len(program))
    at = 0
    while at < len(program):
        async with small.open() as remit:
            while at < len(program):
                move, given = program[at]
                at += 1
                if move == "restart":
                    break
                try:
                    await _move(small, remit, move, given, chance)
                except RemitError:
                    continue
                await remit.settled()


def play(small: Small, program: list[tuple[str, object]]) -> None:
    """Play a program to its end and close everything."""
    asyncio.run(played(small, program))


async def _move(
    small: Small, remit: Remit, move: str, given: object, chance: random.Random
) -> None:
    cases = remit.cases().rows
    match move:
        case "send":
            words = {"order_id": f"{chance.randrange(3)}", "message": str(given)}
            name = f"{len(cases)}"
            await remit.receive(NAME, words, channel="test", external_id=name)
        case "doubtful":
            await remit.receive(
                NAME, {"order_id": "7", "amount": "twelve-ish"}, channel="test",
                external_id=f"doubtful {len(cases)}",
            )  # fmt: skip
        case "time":
            await testing.pass_time(remit, small.clock, float(str(given)))
        case "fault" if isinstance(given, Fault):
            small.tape.fail(chance.choice(("pay", "note")), given)
        case "decide":
            await _decide(remit, str(given), chance)
        case "release" | "discard":
            for row in [one for one in cases if one.status == "quarantined"][:1]:
                if move == "release":
                    await remit.release(
                        row.case_id, person=OLGA, corrections={"amount": "12.00 EUR"}
                    )
                else:
                    await remit.discard(row.case_id, person=OLGA, reason="no message")
        case "close" | "hand back":
            for row in [one for one in cases if one.status == "escalated"][:1]:
                work = remit.close_case if move == "close" else remit.hand_back
                await work(row.case_id, person=OLGA, note="done")
        case "undo":
            for row in cases:
                for effect in remit.case(row.case_id).effects:
                    if effect.can_undo:
                        await remit.undo(effect.action_id, person=OLGA, reason="not wanted")
                        return


async def _decide(remit: Remit, given: str, chance: random.Random) -> None:
    rows = waiting(remit)
    if given == "take back":
        for case in remit.cases().rows:
            for one in remit.case(case.case_id).approvals:
                if one.state.value == "approved":
                    await remit.take_back(one.approval_id, person=OLGA)
                    return
        return
    if not rows:
        return
    row = chance.choice(rows)
    await testing.decide(
        remit, row.approval_id, person=OLGA, verdict=Verdict(given),
        edits={"amount": "1.00 EUR"} if given == "edit" else None,
        reason=RejectReason.OTHER if given == "reject" else None,
    )  # fmt: skip
