"""Ids sort by time, or name what they are derived from."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from remit.domain import ids

MOMENTS = st.integers(0, 2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=10)


@given(MOMENTS, RANDOM)
def test_an_id_is_a_version_7_uuid(milliseconds: int, random_bytes: bytes) -> None:
    made = uuid.UUID(ids.uuid7(milliseconds=milliseconds, random_bytes=random_bytes))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == milliseconds


@given(MOMENTS, MOMENTS, RANDOM, RANDOM)
def test_a_later_id_sorts_later(one: int, other: int, first: bytes, second: bytes) -> None:
    early, late = sorted([one, other])
    if early < late:
        assert ids.uuid7(milliseconds=early, random_bytes=first) < ids.uuid7(
            milliseconds=late, random_bytes=second
        )


def test_a_derived_id_depends_on_every_part_and_where_it_ends() -> None:
    made = ids.derived("case", "1", "act")
    assert made == ids.derived("case", "1", "act")
    assert made not in {ids.derived("case", "1act"), ids.derived("case", "1", "ac", "t")}
    assert len(made) == 32
