"""Rows of votes: a part of the projection of approvals."""

from collections.abc import Sequence

from remit.domain.approval import Vote
from remit.domain.clock import instant
from remit.domain.entry import Entry
from remit.store.connection import Connection


def cast(connection: Connection, entry: Entry) -> None:
    """Keep a yes."""
    connection.later(
        "insert into votes (approval_id, person, role, digest, edited, at_us, channel,"
        " strength, seconds_open, delegated_from) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                entry.word("approval_id"),
                entry.word("person"),
                entry.word("role"),
                entry.word("digest"),
                entry.word("channel") == "edit",
                entry.at_us,
                entry.word("channel"),
                entry.word("strength"),
                entry.number("seconds_open"),
                entry.word("delegated_from"),
            )
        ],
    )


def has_cast(connection: Connection, approval_id: str, person: str) -> bool:
    """Return whether somebody has said yes, also one that meets no role: who edits says it."""
    found = connection.value(
        "select 1 from votes where approval_id = ? and person = ?", (approval_id, person)
    )
    return found is not None


def of_approval(connection: Connection, approval_id: str) -> tuple[Vote, ...]:
    """Return who said yes, oldest first; once for each role that their yes meets."""
    rows = connection.rows(
        "select person, role, digest, edited, at_us, channel, strength, seconds_open,"
        " delegated_from from votes where approval_id = ? order by at_us, person",
        (approval_id,),
    )
    return tuple(
        Vote(
            person=str(row[0]),
            role=role,
            digest=str(row[2]),
            edited=bool(row[3]),
            at=instant(int(str(row[4]))),
            channel=str(row[5]),
            strength=str(row[6]),
            seconds_open=None if row[7] is None else int(str(row[7])),
            delegated_from=str(row[8]),
        )
        for row in rows
        for role in str(row[1]).split()
    )


def voters(connection: Connection, approval_ids: Sequence[str]) -> dict[str, int]:
    """Return by approval how many people have said yes, in one query."""
    if not approval_ids:
        return {}
    marks = ", ".join("?" * len(approval_ids))
    rows = connection.rows(
        "select approval_id, count(distinct person) from votes"
        f" where approval_id in ({marks}) group by approval_id",
        tuple(approval_ids),
    )
    return {str(approval_id): int(str(people)) for approval_id, people in rows}
