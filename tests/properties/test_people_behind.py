"""Behind a decision are never fewer people than were asked for, whoever acts for whom."""

from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit import testing
from remit.domain.approval import behind
from remit.errors import RemitError
from remit.governance.delegations import Lending
from remit.ledger.lent import people_behind
from tests.projects import NAME, ODA, OLGA, OTTO, PAUL, ROSA, Small, found, waiting

PEOPLE = (OLGA, PAUL, ROSA, OTTO, ODA)
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""
TWO = """
@id("two-payers") @says("Two payers agree") @owner("olga") @since("2026-11-01")
@obligation("approve(n=2, role=payer)")
forbid (principal, action == Action::"small-desk.pay", resource)
unless { context.facts.approvals >= 2 };
"""
somebody = st.sampled_from(PEOPLE)


def _groups(votes: dict[str, str]) -> int:
    """Count groups the slow way: two who share a person are one, until nothing changes."""
    groups = [{who, giver} - {""} for who, giver in votes.items()]
    while True:
        pair = next(
            ((a, b) for a in groups for b in groups if a is not b and a & b),
            None,
        )
        if pair is None:
            return len(groups)
        groups = [one for one in groups if one is not pair[0] and one is not pair[1]]
        groups.append(pair[0] | pair[1])


@given(st.dictionaries(st.sampled_from("abcdefg"), st.sampled_from(["", *"abcdefg"])))
def test_the_desk_and_the_verifier_count_alike(votes: dict[str, str]) -> None:
    one = behind(votes.items())
    other = people_behind(votes, {who: giver for who, giver in votes.items() if giver})
    wanted = _groups(votes)
    assert len({one[who] for who in votes}) == wanted
    assert len({other[who] for who in votes}) == wanted


@pytest.mark.anyio
@settings(max_examples=6, deadline=None)
@given(
    lent=st.lists(st.tuples(somebody, somebody), max_size=4),
    brought=st.sampled_from([None, *PEOPLE]),
    said=st.lists(st.tuples(somebody, st.sampled_from(["approve", "edit"])), max_size=7),
)
async def test_what_is_performed_has_two_people_behind_it(
    lent: list[tuple[str, str]], brought: str | None, said: list[tuple[str, str]]
) -> None:
    with TemporaryDirectory() as folder:
        small = Small(folder=Path(folder), granted=(), policy=TWO)
        async with small.open(PAY) as remit:
            until = remit.now() + timedelta(days=1)
            for giver, to in lent:
                if giver != to:
                    await remit.delegate(Lending(giver=giver, to=to, until=until), person=giver)
            by = None if brought is None else f"person:{brought}"
            admission = await remit.receive(NAME, {"order_id": "7"}, channel="api", by=by)
            await remit.settled()
            for person, how in said:
                for row in waiting(remit):
                    edits = {"amount": "9.00 EUR"} if how == "edit" else None
                    try:
                        await testing.decide(
                            remit, row.approval_id, person=person, verdict=testing.Verdict(how),
                            edits=edits,
                        )  # fmt: skip
                    except RemitError:
                        continue
                await testing.pass_time(remit, small.clock, 1)
            if small.performed():
                used = {
                    str(one.body["approval_id"])
                    for one in found(remit, admission.case_id, "governance:approval:closed")
                    if one.body["state"] == "consumed"
                }
                votes = {
                    str(one.body["person"]): str(one.body.get("delegated_from") or "")
                    for name in ("voted", "decided")
                    for one in found(remit, admission.case_id, f"governance:approval:{name}")
                    if one.body["approval_id"] in used
                }
                assert brought not in {*votes, *votes.values()}
                assert _groups(votes) >= 2
