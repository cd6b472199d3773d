"""How somebody answered is nobody else's to see while others still have to answer."""

from collections.abc import Sequence
from dataclasses import replace

from remit.domain import actor
from remit.domain.approval import ApprovalState
from remit.domain.entry import Entry
from remit.governance.access import ASKING
from remit.governance.checks import disguised
from remit.store import approvals
from remit.store.connection import Connection

VOTED = "governance:approval:voted"
SOMEBODY = "somebody"


def hidden(connection: Connection, entries: Sequence[Entry]) -> list[Entry]:
    """Return a case's entries; a yes to what is still open says of whom it is to them alone.

    Asks for rows only where somebody voted. Where nobody asks it is the machine, or its owner.
    """
    asking = ASKING.get()
    if asking is None:
        return list(entries)
    entries = disguised(entries)
    if all(one.event != VOTED for one in entries):
        return list(entries)
    waiting = {
        row.approval_id
        for row in approvals.of_case(connection, entries[0].case_id)
        if row.state is ApprovalState.OPEN
    }
    return [
        _unnamed(one)
        if one.event == VOTED
        and one.word("approval_id") in waiting
        and one.word("person") != asking
        else one
        for one in entries
    ]


def _unnamed(entry: Entry) -> Entry:
    """Return the entry of a vote without whose it is and how they came in."""
    kept = {name: entry.body[name] for name in ("approval_id", "digest") if name in entry.body}
    return replace(
        entry,
        body={**kept, "person": SOMEBODY, "role": "one of those who are asked"},
        actor=actor.person(SOMEBODY),
        on_behalf_of=None,
        payloads={},
    )
