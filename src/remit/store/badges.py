"""The numbers that every page of the console shows, in one query: counters, and what is few."""

from typing import Final

from remit.domain.case import CaseStatus
from remit.store.among import Workflows, among
from remit.store.connection import Connection

# What a person has to clear away is few by its nature; what may be many has a counter.
_NUMBERS: Final = {
    "waiting": "select coalesce(sum(n), 0) from open_counts where {own}",
    "quarantined": (
        "select coalesce(sum(n), 0) from case_counts"
        f" where status = '{CaseStatus.QUARANTINED.value}' and {{own}}"
    ),
    "tasks": "select count(*) from tasks where closed_us is null and {own}",
    "incidents": (
        "select count(*) from incidents where state in ('declared', 'contained') and {own}"
    ),
    "stops": "select count(*) from stops",
}


def numbers(connection: Connection, workflow: Workflows = None) -> dict[str, int]:
    """Return by name how many of each there are, of some workflows or of all."""
    clause, names = among(workflow)
    each = ", ".join(f"({sql.format(own=clause)})" for sql in _NUMBERS.values())
    asked = sum("{own}" in sql for sql in _NUMBERS.values())
    row = connection.one(f"select {each}", names * asked) or (0,) * len(_NUMBERS)
    return {name: int(str(n)) for name, n in zip(_NUMBERS, row, strict=True)}
