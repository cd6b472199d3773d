"""Requirements 44 to 50: what the record holds, and what can be shown from it."""

import re
import sqlite3
from pathlib import Path

import pytest

from remit import testing
from remit.domain.approval import Verdict
from remit.errors import NotEntitledError
from remit.governance import decided, legal_holds
from remit.governance.decided import Decided
from remit.orchestration.erasure import Subject
from remit.policy import gate
from remit.policy.book import ask
from remit.store import legal_holds as legal_hold_rows
from tests.projects import (
    NAME,
    OLGA,
    OTTO,
    PAUL,
    PERMIT,
    Small,
    events,
    only_waiting,
    send,
    standing,
    states,
    waiting,
)

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).state'
SOURCE = Path(__file__).parents[2] / "src" / "remit"
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
REFUSES = """
create trigger no_intent before insert on entries
when new.event = 'orchestration:effect:intended'
begin select raise(abort, 'this disk keeps no intents'); end
"""


async def test_44_what_is_recorded_comes_before_the_effect(small: Small) -> None:
    """Decision, intent and outcome, in this order, for each effect."""
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        said = events(remit, case_id)
        order = [
            said.index(name)
            for name in (
                "orchestration:action:proposed", "policy:action:decided",
                "orchestration:effect:intended", "orchestration:effect:confirmed",
            )
        ]  # fmt: skip
        assert order == sorted(order)
    assert small.performed() == ["note"]


async def test_44_no_record_means_no_effect(small: Small) -> None:
    """The database refuses the intent: nothing reaches the other system."""
    async with small.open(NOTE, replays=False, attacked=True) as remit:
        with sqlite3.connect(small.folder / "data" / "remit.db", timeout=5) as connection:
            connection.executescript(REFUSES)
        admission = await remit.receive("small-desk", {"order_id": "7"}, channel="test")
        await remit.settled()
        assert "confirmed" not in dict(states(remit, admission.case_id)).values()
    assert small.performed() == []


async def test_44_a_changed_byte_is_found_in_whichever_column_it_lies(small: Small) -> None:
    """Each column of one entry is changed and put back; tests/faults/ goes through all bytes."""
    where = "where case_id = ? and event = 'orchestration:effect:intended'"
    async with small.open(NOTE, attacked=True) as remit:
        case_id = await send(remit)
        remit.keeper.drain()
        assert remit.verify().result == "intact"
        with sqlite3.connect(small.folder / "data" / "remit.db", timeout=5) as connection:
            found = connection.execute(f"select * from entries {where}", (case_id,))
            columns = [one[0] for one in found.description]
            row = dict(zip(columns, found.fetchone(), strict=True))
            for name in sorted(set(columns) - {"case_id", "seq", "event"}):
                if row[name] is None:
                    continue
                change = f"update entries set {name} = ? {where}"
                connection.execute(change, (_changed(row[name]), case_id))
                connection.commit()
                assert remit.verify().result != "intact", name
                connection.execute(change, (row[name], case_id))
                connection.commit()
        assert remit.verify().result == "intact"


def _changed(value: object) -> object:
    match value:
        case bytes():
            return value[:-1] + bytes([value[-1] ^ 1])
        case str():
            return value + "x"
        case int():
            return value + 1
        case _:
            raise AssertionError(f"no column holds a {type(value)}")


async def test_45_every_decision_is_made_again_from_its_entry(small: Small) -> None:
    """Allowed, held, approved and denied: the same verdict with the same reasons, to the word.

    Every story of this suite ends by doing so with its whole record (tests/sounding.py).
    """
    body = """
order = await run.read(get_order, order_id=case.order_id)
await run.act(note, text=case.message)
await run.act(pay, order_id=order.id, amount=Money.of("20 EUR"))
await run.act(pay, order_id=order.id, amount=Money.of("40 EUR"))
"""
    small.granted = ("note",)
    async with small.open(body) as remit:
        await send(remit, message="hello")
        for _ in range(3):
            for row in waiting(remit):
                await testing.decide(remit, row.approval_id, person=OLGA)
            await testing.pass_time(remit, small.clock, 1)
        found = remit.database.read(lambda c: list(decided.every(c, remit.keys)))
        verdicts = {one.decision.verdict.value for one in found if isinstance(one, Decided)}
        assert verdicts >= {"allow", "hold", "deny"}
        for one in found:
            assert isinstance(one, Decided)
            assert gate.decide(one.facts) == one.decision
            assert one.request is not None
            assert ask(remit.equipment["small-desk"].book, one.request) == one.facts.policy


async def test_46_a_case_under_legal_hold_is_not_erased_and_an_erased_one_verifies(
    small: Small,
) -> None:
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        remit.keeper.drain()
        held = remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind="case", ref=case_id, ground="suit-7",
                review_at=small.clock().replace(year=2030), person=OLGA,
                origin=remit.erasure.rotation.origin,
            )
        ).value  # fmt: skip
        subject = Subject(case_id=case_id)
        done = await remit.erasure.erase(subject, by=PAUL, ground="request")
        assert done.state == "refused"
        with pytest.raises(NotEntitledError):
            remit.writer.run(
                lambda uow: legal_holds.release(
                    uow, held.hold_id, ground="settled", person=OLGA,
                    origin=remit.erasure.rotation.origin,
                )
            )  # fmt: skip
        remit.writer.run(
            lambda uow: legal_holds.release(
                uow, held.hold_id, ground="settled", person=PAUL,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        assert (await remit.erasure.erase(subject, by=PAUL, ground="request")).state == "completed"
        assert remit.case(case_id).erased_at is not None
        assert remit.verify().result == "intact"


async def test_50_a_leap_of_the_clock_extends_no_approval(small: Small) -> None:
    """Back a day, an approval still ends when it said; ahead, nothing is decided by it."""
    small.granted = ()
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        row = only_waiting(remit)
        ends = remit.approval(row.approval_id, person=OLGA).card.expires_at
        small.clock.advance(-86_400)
        await remit.heart.tick()
        await remit.timekeeper.tick()
        assert remit.approval(row.approval_id, person=OLGA).card.expires_at == ends
        small.clock.advance((ends - small.clock()).total_seconds() + 1)
        await testing.pass_time(remit, small.clock, 1)
        assert waiting(remit) == ()
        assert standing(remit, case_id)[0] == "escalated"
    assert small.performed() == []


def test_47_only_what_lets_old_entries_go_takes_entries_away() -> None:
    """No statement of ours changes an entry; whole cases are pruned, sealed contents erased."""
    touches = re.compile(
        r"(update|delete\s+from|insert\s+or\s+replace\s+into)\s+(entries|payloads|tiles|entry_order"
        r"|checkpoints)\b", re.IGNORECASE,
    )  # fmt: skip
    found = {
        (path.relative_to(SOURCE).as_posix(), " ".join(match.group(0).lower().split()))
        for path in SOURCE.rglob("*.py")
        for match in touches.finditer(path.read_text())
    }
    assert {name for name, said in found if "update" in said} == set()
    assert {name for name, said in found if said == "delete from entries"} == {"ledger/prune.py"}
    assert {name for name, said in found if said == "delete from payloads"} <= {
        "ledger/erasure.py", "ledger/prune.py",
    }  # fmt: skip


async def test_47_who_wrote_an_amount_is_not_the_one_who_approves_it(small: Small) -> None:
    small.granted = ()
    async with small.open(PAY) as remit:
        await send(remit)
        first = only_waiting(remit).approval_id
        await testing.decide(
            remit, first, person=OLGA, verdict=Verdict.EDIT, edits={"amount": "20 EUR"}
        )
        await testing.pass_time(remit, small.clock, 1)
        edited = only_waiting(remit)
        for _ in range(3):
            await testing.decide(remit, edited.approval_id, person=OLGA)
        await testing.pass_time(remit, small.clock, 60)
        assert small.performed() == []
        await testing.decide(remit, edited.approval_id, person=PAUL)
        await testing.pass_time(remit, small.clock, 60)
    assert small.performed() == ["pay"]


async def test_47_rules_that_allow_more_are_signed_by_two_who_did_not_write_them(
    small: Small,
) -> None:
    """The author may not, an approver may not, one person counts once; then they are in force."""
    small.signers, small.permitted = 2, ("pay", "take_back")
    small.settings += "".join(
        f'\n[people.{one}]\nname = "{one}"\nroles = ["owner"]\n' for one in ("pia", "paula")
    )
    async with small.open(NOTE) as remit:
        rules = small.folder / "project" / "policies" / "all.cedar"
        rules.write_text(rules.read_text() + PERMIT.format(name="note", plain="note"))
        change = (await remit.propose_rules(NAME, person=OLGA)).change
        for person in (OLGA, PAUL):
            with pytest.raises(NotEntitledError):
                await remit.sign_rules(NAME, change, person=person)
        assert [await remit.sign_rules(NAME, change, person="pia") for _ in range(2)] == [1, 1]
        assert "note" not in {one.rule for one in remit.policy(NAME).rules}
        assert await remit.sign_rules(NAME, change, person="paula") == 0
        assert "note" in {one.rule for one in remit.policy(NAME).rules}


async def test_48_what_runs_is_listed_from_what_runs(small: Small) -> None:
    """Versions, owners, tools, actions and rules of the running desk, with the levels of now."""
    async with small.open(NOTE) as remit:
        (one,) = remit.inventory()
        actions = {each.action: each for each in one.actions}
        assert (one.workflow, one.owners["workflow"]) == ("small-desk", OLGA)
        assert one.version == remit.equipment["small-desk"].fingerprint
        assert (actions["pay"].risk, actions["pay"].undo) == ("money", "take_back")
        assert actions["pay"].level == "autonomous"
        assert actions["pay"].parameters["amount"] == "get_order.total, at most"
        assert actions["take_back"].is_undo
        assert [each.tool for each in one.tools] == ["get_order", "twice"]
        assert one.tools[0].from_outside == ("note",)
        assert one.connectors == ("tape",)
        assert {rule.rule for rule in one.rules} == {"pay", "note", "take-back"}


async def test_49_one_step_stops_a_case_and_keeps_its_evidence(small: Small) -> None:
    """Nothing of it goes out, nothing of it can be erased, and one person undoes neither alone."""
    small.granted, small.grace = (), 10
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        other = await send(remit, message="another")
        for row in waiting(remit):
            await testing.decide(remit, row.approval_id, person=OLGA)
        for _ in range(2):  # twice is once
            await remit.freeze(case_id, person=OTTO, sentence="paid twice, the bank asks")
        await testing.pass_time(remit, small.clock, 60)
        assert (states(remit, case_id), states(remit, other)) == (
            [("note", "held")], [("note", "confirmed")],
        )  # fmt: skip
        done = await remit.erasure.erase(Subject(case_id=case_id), by=PAUL, ground="request")
        assert done.state == "refused"
        (hold,) = remit.database.read(lambda c: legal_hold_rows.on_cases(c, [case_id]))
        assert hold.placed_by == OTTO
        with pytest.raises(NotEntitledError):
            await remit.freeze(case_id, person=PAUL, sentence="I am no operator")
    assert small.performed() == ["note"]
