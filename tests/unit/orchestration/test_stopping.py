"""Somebody stops effects: nothing goes out, reading goes on, and two people let it go again."""

import asyncio

import pytest

from remit import testing
from remit.domain.approval import ApprovalState
from remit.errors import NotEntitledError, NotFoundError, RequestInvalidError
from tests.projects import (
    NAME,
    ODA,
    OLGA,
    OTTO,
    PAUL,
    Small,
    events,
    found,
    result,
    send,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
READS = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(note, text=order.id)
return done.receipt.id
"""
FLOW = f"workflow:{NAME}"


async def test_one_operator_stops_and_two_let_it_go_and_what_waited_runs(small: Small) -> None:
    """No approval is opened, nobody is asked: lifting alone lets it go, gated with fresh facts."""
    async with small.open(READS) as remit:
        assert await remit.set_stop(FLOW, person=OTTO, sentence="the shop pays twice")
        first = await send(remit, message="first")
        small.clock.advance(1)
        second = await send(remit, message="second")

        assert small.performed() == []
        assert standing(remit, first) == ("parked", "lift")
        assert states(remit, first) == [("note", "held")]
        assert waiting(remit) == ()
        (stop,) = remit.stops()
        assert (stop.scope, stop.set_by, stop.waiting) == (FLOW, OTTO, 2)
        assert [one.case_id for one in stop.waiting_first] == [first, second]
        assert stop.sentence == "the shop pays twice"
        assert stop.stop_ms == 0  # nothing was under way

        assert not await remit.lift_stop(FLOW, person=OTTO, reason="the shop says it is mended")
        assert not await remit.lift_stop(FLOW, person=OTTO, reason="I say so again")
        await testing.pass_time(remit, small.clock, 60)
        assert small.performed() == []
        assert remit.stops()[0].asked_by == OTTO

        assert await remit.lift_stop(FLOW, person=ODA, reason="tried one by hand")
        await testing.pass_time(remit, small.clock, 1)
        assert small.performed() == ["note", "note"]
        assert remit.stops() == ()
        assert [result(remit, one) for one in (first, second)] == ["tape-1", "tape-2"]
        assert events(remit, first).count("policy:action:decided") == 2
        assert "governance:approval:requested" not in events(remit, first)
        decided = found(remit, first, "policy:action:decided")[0]
        assert "the shop pays twice (set by otto" in str(decided.payloads["words"])


async def test_a_stop_halts_effects_and_neither_intake_nor_reads(small: Small) -> None:
    """Messages are taken in, records are read, and the model would be asked."""
    async with small.open(READS) as remit:
        await remit.set_stop("everything", person=OTTO, sentence="halt")
        case_id = await send(remit)
        assert "orchestration:tool:read" in events(remit, case_id)
        assert "orchestration:effect:intended" not in events(remit, case_id)
    assert [call.operation for call, _ in small.tape.calls] == ["getOrder"]


async def test_what_waited_longest_goes_first(small: Small) -> None:
    """The order in which they are gated again is that in which they began to wait."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(FLOW, person=OTTO, sentence="halt")
        cases = []
        for number in range(4):
            cases.append(await send(remit, message=str(number)))
            small.clock.advance(60)
        for person in (OTTO, ODA):
            await remit.lift_stop(FLOW, person=person, reason="go")
        await testing.pass_time(remit, small.clock, 1)
        ended = [
            entry.at_us for one in cases for entry in found(remit, one, "orchestration:wait:ended")
        ]
        assert len(ended) == 4
        woken = remit.database.read(
            lambda c: [
                str(row[0])
                for row in c.rows(
                    "select e.case_id from entries e join entry_order o on o.case_id = e.case_id"
                    " and o.seq = e.seq where e.event = 'orchestration:wait:ended'"
                    " order by o.position"
                )
            ]
        )
        assert woken == cases


async def test_two_stops_are_waited_for_one_after_the_other(small: Small) -> None:
    """Lifting one of two lets nothing go."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(FLOW, person=OTTO, sentence="one")
        await remit.set_stop("connector:tape", person=OTTO, sentence="two")
        case_id = await send(remit)
        for scope in ("connector:tape", FLOW):
            assert small.performed() == []
            for person in (OTTO, ODA):
                await remit.lift_stop(scope, person=person, reason="go")
            await testing.pass_time(remit, small.clock, 1)
        assert small.performed() == ["note"], states(remit, case_id)


async def test_a_yes_under_a_stop_is_void_and_asked_for_again(small: Small) -> None:
    """Who said yes did not know why it was stopped: after the lift a person is asked anew."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        (row,) = waiting(remit)
        await remit.set_stop(FLOW, person=OTTO, sentence="halt")
        await testing.decide(remit, row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert standing(remit, case_id) == ("parked", "lift")
        assert remit.approval(row.approval_id, person=OLGA).state is ApprovalState.VOID
        assert waiting(remit) == ()
        for person in (OTTO, ODA):
            await remit.lift_stop(FLOW, person=person, reason="go")
        await testing.pass_time(remit, small.clock, 1)
        (again,) = waiting(remit)
        await testing.decide(remit, again.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert small.performed() == ["note"]


async def test_a_lift_that_races_the_park_wakes_the_case(small: Small) -> None:
    """Lifted between the gate's answer and the write of the wait: the case looks again at once."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(FLOW, person=OTTO, sentence="halt")
        await remit.lift_stop(FLOW, person=OTTO, reason="go")
        lifted = asyncio.Event()
        read = remit.engine.proposals.intending.read

        async def slow(work: object) -> object:
            gathered = await read(work)  # type: ignore[arg-type]  # handed on as it is
            if not lifted.is_set():
                lifted.set()
                await remit.lift_stop(FLOW, person=ODA, reason="go")
            return gathered

        object.__setattr__(remit.engine.proposals.intending, "read", slow)
        case_id = await send(remit)
        assert lifted.is_set()
        assert small.performed() == ["note"], (standing(remit, case_id), states(remit, case_id))


async def test_a_case_that_waits_for_a_lift_can_be_cancelled(small: Small) -> None:
    """What is held is withdrawn, and lifting wakes nothing."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(FLOW, person=OTTO, sentence="halt")
        case_id = await send(remit)
        assert await remit.cancel(case_id, person=OLGA, reason="not wanted any more")
        assert states(remit, case_id) == [("note", "withdrawn")]
        for person in (OTTO, ODA):
            await remit.lift_stop(FLOW, person=person, reason="go")
        await testing.pass_time(remit, small.clock, 1)
    assert small.performed() == []


async def test_a_stop_of_one_case_is_lifted_by_one_owner(small: Small) -> None:
    """Other cases go on meanwhile."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit, message="one")
        other = await send(remit, message="other")
        await remit.set_stop(f"case:{case_id}", person=OTTO, sentence="look at this one")
        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 1)
        assert standing(remit, other)[0] == "closed"
        assert standing(remit, case_id) == ("parked", "lift")
        with pytest.raises(NotEntitledError, match="owner"):
            await remit.lift_stop(f"case:{case_id}", person=OTTO, reason="go")
        assert await remit.lift_stop(f"case:{case_id}", person=OLGA, reason="looked at it")


async def test_setting_twice_keeps_the_first_and_may_make_it_hard(small: Small) -> None:
    """The first sentence stays; a hard one hardens it, and a lift asked for before is void."""
    async with small.open(NOTE) as remit:
        assert await remit.set_stop(FLOW, person=OTTO, sentence="first")
        assert not await remit.set_stop(FLOW, person=ODA, sentence="second")
        await remit.lift_stop(FLOW, person=ODA, reason="go")
        assert await remit.set_stop(FLOW, person=ODA, sentence="hard now", hard=True)
        (stop,) = remit.stops()
        assert (stop.sentence, stop.set_by, stop.hard) == ("first", OTTO, True)
        assert stop.asked_by == ""


async def test_a_first_word_for_lifting_lasts_a_day_and_as_long_as_its_right(small: Small) -> None:
    """Two people within a day, both with the role at that moment."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(FLOW, person=OTTO, sentence="halt")
        await remit.lift_stop(FLOW, person=ODA, reason="go")
        small.clock.advance(86_401)
        assert not await remit.lift_stop(FLOW, person=OTTO, reason="go")
        (stop,) = remit.stops()
        assert stop.asked_by == OTTO
        remit._people = {handle: one for handle, one in remit._people.items() if handle != OTTO}
        assert not await remit.lift_stop(FLOW, person=ODA, reason="go")
        assert remit.stops()[0].asked_by == ODA


@pytest.mark.parametrize(
    ("scope", "near"),
    [
        ("workflow:smal-desk", "`workflow:small-desk`"),
        ("connector:tap", "`connector:tape`"),
        ("action:small-desk.pya", "`action:small-desk.pay`"),
        ("everythin", "`everything`"),
        ("case:nobody", "a scope is"),
        ("", "a scope is"),
    ],
)
async def test_an_unknown_scope_is_refused_with_the_nearest_names(
    small: Small, scope: str, near: str
) -> None:
    async with small.open(NOTE) as remit:
        with pytest.raises(NotFoundError, match=near):
            await remit.set_stop(scope, person=OTTO, sentence="halt")
        assert remit.stops() == ()


async def test_only_operators_and_owners_stop_and_only_with_a_sentence(small: Small) -> None:
    """A role, a sentence; and values in it are taken out."""
    async with small.open(NOTE) as remit:
        with pytest.raises(NotEntitledError, match="operator or owner"):
            await remit.set_stop(FLOW, person=PAUL, sentence="halt")
        with pytest.raises(NotEntitledError):
            await remit.lift_stop(FLOW, person=PAUL, reason="go")
        with pytest.raises(RequestInvalidError):
            await remit.set_stop(FLOW, person=OTTO, sentence="  \n ")
        await remit.set_stop(FLOW, person=OTTO, sentence="anna@example.org was paid twice")
        assert remit.stops()[0].sentence == "[EMAIL] was paid twice"
        with pytest.raises(NotFoundError, match="`workflow:small-desk`"):
            await remit.lift_stop("everything", person=OTTO, reason="go")


async def test_a_stop_survives_a_restart_with_its_sentence(small: Small) -> None:
    """Rows and sealed words: a new process holds what the old one stopped."""
    async with small.open(NOTE) as remit:
        await remit.set_stop(FLOW, person=OTTO, sentence="halt")
        case_id = await send(remit)
    async with small.open() as remit:
        assert remit.stops()[0].sentence == "halt"
        await send(remit, message="second")
        assert small.performed() == []
        for person in (OTTO, ODA):
            await remit.lift_stop(FLOW, person=person, reason="go")
        await testing.pass_time(remit, small.clock, 1)
        assert standing(remit, case_id)[0] == "closed"


async def test_a_row_that_nobody_can_read_stops_everything(small: Small) -> None:
    """It was set for a reason, and nobody can tell any more for which."""
    async with small.open(NOTE, attacked=True) as remit:
        await remit.set_stop("action:pay", person=OTTO, sentence="halt")
        await remit.write(
            lambda uow: uow.connection.execute("update stops set scope = 'atcion:pay'")
        )
        case_id = await send(remit)
        assert standing(remit, case_id) == ("parked", "lift")
        assert not remit.stops()[0].readable
    assert small.performed() == []


async def test_rows_that_are_not_there_let_nothing_out(small: Small) -> None:
    """Without the table nobody knows what stands: no effect is intended."""
    async with small.open(NOTE, attacked=True, replays=False) as remit:
        await remit.write(
            lambda uow: uow.connection.execute("alter table stops rename to elsewhere")
        )
        case_id = await send(remit)
        assert "orchestration:effect:intended" not in events(remit, case_id)
        await remit.write(
            lambda uow: uow.connection.execute("alter table elsewhere rename to stops")
        )
    assert small.performed() == []


async def test_a_drill_stops_measures_and_lets_go(small: Small) -> None:
    """It is recorded with what it showed; nothing was intended after its commit."""
    async with small.open(NOTE) as remit:
        drill = await remit.drill_stop(FLOW, person=OTTO)
        assert (drill.under_way, drill.intended_after, drill.unfinished) == (0, 0, 0)
        assert remit.stops() == ()
        await send(remit)
        assert small.performed() == ["note"]


async def test_a_stop_in_earnest_outlasts_the_drill_that_it_came_into(small: Small) -> None:
    """Somebody stops in earnest while it is drilled: the end of the drill does not lift that."""
    async with small.open(NOTE) as remit:
        set_now = asyncio.Event()

        async def listen() -> None:
            async for _, event, _ in remit.subscribe():
                if event == "policy:stop:set":
                    set_now.set()
                    return

        listening = asyncio.create_task(listen())
        await asyncio.sleep(0)
        drilled = asyncio.create_task(remit.drill_stop(FLOW, person=OTTO))
        await set_now.wait()
        await listening
        assert await remit.set_stop(FLOW, person=ODA, sentence="in earnest")
        await drilled
        (stop,) = remit.stops()
        assert not stop.drill
