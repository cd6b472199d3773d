"""A token whose value is gone says why: erased, or past its term; what was never one, neither."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from remit.app import Remit
from remit.domain.actor import person
from remit.domain.retention import Retention
from remit.errors import TokenErasedError, TokenExpiredError, TokenRefusedError, TokenUnknownError
from remit.intake import tokens
from remit.ledger import projections
from remit.ledger.rotation import Epochs
from remit.orchestration.erasure import Subject
from tests.desks import MARIA, NADIA, Desk, write_in
from tests.loopback import shop

pytestmark = pytest.mark.anyio

ANNA = "anna.lindqvist@example.org"
BO = "bo.nyman@example.org"
MESSAGE = "Where is my parcel? I ordered the Tarn jacket, order 1001. Call me at +49 30 901820."
DAY = 86_400.0


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk on each database, with a shop of its own."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    with shop.running() as running:
        yield Desk(folder=tmp_path, shop=running, database=database)


async def closed(remit: Remit, sender: str = ANNA) -> tuple[str, list[str]]:
    """Return a case that a person closed, and its tokens."""
    case_id = await write_in(remit, sender=sender, message=MESSAGE)
    await remit.cancel(case_id, person=MARIA, reason="asked for it")
    live = sorted(remit.runs.scope(case_id)[0].vault.tokens())
    assert {tokens.type_of(one) for one in live} >= {"EMAIL", "PHONE"}
    return case_id, live


def answers(remit: Remit, case_id: str, token: str) -> type[TokenRefusedError] | str:
    """Return what the scope of a case answers to a token: a value, or a refusal."""
    try:
        return str(remit.runs.scope(case_id)[0].restore(token))
    except TokenRefusedError as error:
        return type(error)


def altered(token: str) -> str:
    """Return a token with another letter in its check, of the same kind: it still reads as one."""
    first, second = "AB" if token[-1].isalpha() else "34"
    return token[:-1] + (first if token[-1] != first else second)


async def expire(remit: Remit, desk: Desk) -> None:
    terms = {"refund-desk": Retention(payload_days=190)}
    remit.keeping = replace(remit.keeping, terms=terms)
    desk.clock.advance(191 * DAY)
    assert remit.keeping.expire(by=person(MARIA)) >= 1


async def test_a_token_of_an_erased_case_says_erased_and_an_invented_one_unknown(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id, live = await closed(remit)
        other, others = await closed(remit, BO)
        assert {ANNA, "+4930901820"} <= {answers(remit, case_id, token) for token in live}
        await remit.erasure.erase(Subject(case_id=case_id), by=NADIA, ground="retention")
        for token in live:
            assert answers(remit, case_id, token) is TokenErasedError
            assert answers(remit, case_id, altered(token)) is TokenUnknownError
            assert answers(remit, other, token) is TokenUnknownError
        assert {answers(remit, case_id, token) for token in others} == {TokenUnknownError}
        assert BO in {answers(remit, other, token) for token in others}
        assert projections.check(remit.database).differing == 0
    async with desk.open() as remit:  # another process, with nothing in its memory
        assert {answers(remit, case_id, token) for token in live} == {TokenErasedError}
        assert BO in {answers(remit, other, token) for token in others}


async def test_a_token_past_its_term_says_expired_and_a_person_who_asked_counts_first(
    desk: Desk,
) -> None:
    async with desk.open() as remit:
        case_id, live = await closed(remit)
        asked, before = await closed(remit, BO)
        await remit.erasure.erase(Subject(case_id=asked), by=NADIA, ground="request")
        await expire(remit, desk)
        for token in live:
            assert answers(remit, case_id, token) is TokenExpiredError
            assert answers(remit, case_id, altered(token)) is TokenUnknownError
        assert {answers(remit, asked, token) for token in before} == {TokenErasedError}
        assert projections.check(remit.database).differing == 0


async def test_what_was_masked_says_erased_or_expired_where_it_said_nothing(desk: Desk) -> None:
    async with desk.open() as remit:
        late, _ = await closed(remit)
        gone, _ = await closed(remit, BO)
        await remit.erasure.erase(Subject(case_id=gone), by=NADIA, ground="request")
        await expire(remit, desk)
        for case_id, says in ((late, "expired"), (gone, "erased")):
            assert remit.case(case_id).ending == says
            view = remit.masked(case_id)
            assert view.ending == says
            assert {one.attribute for group in view.types for one in group.values} <= {says}


async def test_a_token_outlives_the_root_key_under_which_it_was_drawn(desk: Desk) -> None:
    async with desk.open() as remit:
        case_id, live = await closed(remit)
        values = [answers(remit, case_id, token) for token in live]
        assert ANNA in values
        rotation = replace(remit.erasure.rotation, epochs=Epochs(destroy_after_days=0))
        before = remit.keys.epoch().root
        for _ in range(2):
            rotation.rotate(by=person(NADIA))
        assert [one.destroyed for one in rotation.ended()] == [True, True]
        assert remit.keys.epoch().root != before
    async with desk.open() as remit:
        assert [answers(remit, case_id, token) for token in live] == values
        await remit.erasure.erase(Subject(case_id=case_id), by=NADIA, ground="request")
        assert {answers(remit, case_id, token) for token in live} == {TokenErasedError}
