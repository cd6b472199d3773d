"""Whose yes counts now: of people who still have the right with which they said it."""

from collections.abc import Mapping
from datetime import datetime

from remit.domain.approval import Vote
from remit.domain.clock import microseconds
from remit.domain.value import Json
from remit.orchestration.acted_on import money
from remit.orchestration.acts import ActRecord
from remit.orchestration.proposed import Proposal
from remit.orchestration.run import Run
from remit.store.connection import Connection


def of_act(run: Run, act: ActRecord) -> tuple[Vote, ...]:
    """Return the votes on what an action asked for, of people whose role stands as of now."""
    return _held(run, act.action, act.arguments, act.votes)


def held(run: Run, proposal: Proposal, votes: tuple[Vote, ...]) -> tuple[Vote, ...]:
    """Return the votes of people who hold the role that they voted with now, for so much."""
    return _held(run, proposal.action, proposal.arguments, votes)


def not_lapsed(
    connection: Connection,
    run: Run,
    proposal: Proposal,
    votes: tuple[Vote, ...],
    *,
    version: int,
    now: datetime,
) -> tuple[Vote, ...]:
    """Return the votes but for those of delegates who may not use the role any more.

    Rows are those of a version of what may be done: lending and ending raise it.
    """
    if not any(vote.delegated_from for vote in votes):
        return votes
    found = run.authority.delegations(connection, version)
    moved = money(run.equipment.spec(proposal.action), proposal.arguments)

    def stands(vote: Vote) -> bool:
        able = run.equipment.lent(vote.person, found, moved, microseconds(now))
        return vote.role in able.get(vote.delegated_from, frozenset())

    return tuple(vote for vote in votes if not vote.delegated_from or stands(vote))


def _held(
    run: Run, action: str, arguments: Mapping[str, Json], votes: tuple[Vote, ...]
) -> tuple[Vote, ...]:
    """Return the votes whose role stands by the settings of now; of a delegate it is the giver's.

    INVARIANT: who brought a case in approves nothing of it, and nobody does for them
    (tests/unit/orchestration/test_requesters.py, test_delegating.py).
    """
    moved = money(run.equipment.spec(action), arguments)
    return tuple(
        vote
        for vote in votes
        if vote.role in run.equipment.entitled(vote.delegated_from or vote.person, moved)
        and run.history.requester not in {vote.person, vote.delegated_from or vote.person}
    )
