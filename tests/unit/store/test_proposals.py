"""Queries on proposals that every case makes find their index."""

import pytest

from remit.store import proposals
from remit.store.shadow import scratch


@pytest.mark.parametrize(
    ("where", "values"),
    [
        ("workflow = ? and action = ? and state = 'ambiguous'", ("desk", "send")),
        ("state = 'ambiguous'", ()),
    ],
)
def test_what_is_in_doubt_is_counted_in_an_index_of_doubts(
    where: str, values: tuple[str, ...]
) -> None:
    with scratch(proposals.SCHEMA) as connection:
        plan = connection.rows(
            f"explain query plan select count(*) from proposals where {where}", values
        )
        moved = connection.rows(
            "explain query plan update proposals set state = 'cleared' where action_id = ?", ("a",)
        )

    assert "proposals_ambiguous" in str(plan)
    assert "action_id=?" in str(moved)
