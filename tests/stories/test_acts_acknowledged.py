"""Who may what, what goes, which key ends: none of it stands before the log holds it so far."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.acknowledgement import Acknowledgement, Act, demanded_by
from remit.domain.actor import person
from remit.domain.autonomy import Level
from remit.domain.retention import Retention
from remit.errors import NotAcknowledgedError
from remit.governance import legal_holds
from remit.ledger.inclusion import proven
from remit.ledger.keeper import Keeper
from remit.ledger.merkle import leaf_hash
from remit.ledger.rotation import Epochs
from remit.orchestration.erasure import Subject
from remit.store import legal_holds as hold_rows
from tests.projects import NAME, OLGA, Small, send

pytestmark = pytest.mark.anyio

DURABLE, SEQUENCED, WITNESSED = Acknowledgement
NOTE = 'return (await run.act(note, text="hello")).receipt.id'
MONTH = "2026-11"


def answering(*, keeps: bool) -> Callable[..., bool]:
    """Somebody outside who keeps checkpoints, or does not answer."""
    return lambda _size, *, timeout_seconds: keeps and timeout_seconds > 0


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Small]:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=database, granted=())


def level(remit: Remit) -> str:
    (workflow,) = remit.workflows()
    return next(one.level for one in workflow.actions if one.action == "note")


@pytest.mark.parametrize(
    ("act", "alone", "outside"),
    [
        (Act.GRANT, SEQUENCED, WITNESSED),
        (Act.LEGAL_HOLD, SEQUENCED, SEQUENCED),
        (Act.ERASURE, SEQUENCED, SEQUENCED),
        (Act.KEY, SEQUENCED, WITNESSED),
        (Act.KEY_END, SEQUENCED, SEQUENCED),
        (Act.PRUNE, SEQUENCED, WITNESSED),
    ],
)
def test_each_act_has_its_level(
    act: Act, alone: Acknowledgement, outside: Acknowledgement
) -> None:
    assert demanded_by(act, outside=False) is alone
    assert demanded_by(act, outside=True) is outside


async def test_a_level_that_nobody_outside_confirms_is_taken_back(small: Small) -> None:
    async with small.open(NOTE) as remit:
        before = level(remit)
        remit.acknowledger.witnessed = answering(keeps=False)
        with pytest.raises(NotAcknowledgedError, match=r"grant .* is not witnessed within 10 s"):
            await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        assert level(remit) == before
        remit.acknowledger.witnessed = answering(keeps=True)
        await testing.grant(remit, NAME, "note", Level.SAMPLED, signer=OLGA)
        assert level(remit) == "sampled"
        remit.acknowledger.witnessed = answering(keeps=False)
        with pytest.raises(NotAcknowledgedError):
            await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        assert level(remit) == "approve-each", "the grant that it acted under is replaced"
        remit.acknowledger.witnessed = answering(keeps=True)
        await testing.grant(remit, NAME, "note", Level.AUTONOMOUS, signer=OLGA)
        assert level(remit) == "autonomous"


async def test_no_root_key_is_destroyed_before_its_successor_is_known_outside(
    small: Small,
) -> None:
    async with small.open(NOTE) as remit:
        rotation = replace(remit.erasure.rotation, epochs=Epochs(destroy_after_days=0))
        remit.acknowledger.witnessed = answering(keeps=False)
        before = remit.keys.epoch().root
        with pytest.raises(NotAcknowledgedError, match="key rotation"):
            await asyncio.to_thread(rotation.rotate, by=person(OLGA))
        assert remit.keys.epoch().before == before
        await asyncio.to_thread(rotation.keep)
        assert [one.destroyed for one in rotation.ended()] == [False]
        remit.acknowledger.witnessed = answering(keeps=True)
        await asyncio.to_thread(rotation.keep)
        assert [one.destroyed for one in rotation.ended()] == [True]


async def test_no_entry_is_pruned_before_that_is_known_outside(small: Small) -> None:
    small.granted = ("note",)
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        remit.keeping = replace(remit.keeping, terms={NAME: Retention(leaf_days=200)})
        small.clock.advance(220 * 86_400.0)
        asked: list[int] = []

        def keeps_what_goes(size: int, *, timeout_seconds: float = 0.0) -> bool:
            """Keep what goes, as is asked first, and nothing that is written after that."""
            del timeout_seconds
            asked.append(size)
            return len(asked) == 1

        remit.acknowledger.witnessed = keeps_what_goes
        remit.keeper.drain()
        with pytest.raises(NotAcknowledgedError, match="pruning"):
            await asyncio.to_thread(remit.keeping.prune, MONTH, by=person(OLGA))
        await asyncio.to_thread(remit.keeping.resume)
        assert remit.case(case_id).row.status == "closed", "nothing went"
        remit.acknowledger.witnessed = answering(keeps=True)
        await asyncio.to_thread(remit.keeping.resume)
        assert remit.counts()["received"] == 0


async def test_a_hold_and_an_erasure_wait_for_the_sequencer(
    tmp_path: Path, postgres_url: str
) -> None:
    small = Small(folder=tmp_path, database=postgres_url, granted=("note",))
    async with small.open(NOTE) as remit:
        case_id = await send(remit)
        remit.acknowledger.seconds = 0.2
        await asyncio.to_thread(remit.keeper.close)

        receipt = remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind="workflow", ref="another", ground="suit-7",
                review_at=small.clock().replace(year=2030), person=OLGA,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        with pytest.raises(NotAcknowledgedError, match=r"legal hold .* is not sequenced"):
            await asyncio.to_thread(remit.acknowledger.require, receipt, Act.LEGAL_HOLD)
        assert remit.database.read(lambda c: len(hold_rows.every(c, standing=True))) == 1
        with pytest.raises(NotAcknowledgedError, match="erasure"):
            await remit.erasure.erase(Subject(case_id=case_id), by=OLGA, ground="request")
        assert remit.case(case_id).fields["order_id"], "nothing was destroyed"

        remit.keeper = Keeper(remit.database, remit._journal)
        remit.acknowledger.seconds = 10.0
        done = await remit.erasure.erase(Subject(case_id=case_id), by=OLGA, ground="request")
        assert done.state == "completed"


async def test_a_receipt_proves_each_of_its_entries(small: Small) -> None:
    async with small.open(NOTE) as remit:
        receipt = remit.writer.run(
            lambda uow: legal_holds.place(
                uow, remit.new_id(), kind="workflow", ref="another", ground="suit-7",
                review_at=small.clock().replace(year=2030), person=OLGA,
                origin=remit.erasure.rotation.origin,
            )
        )  # fmt: skip
        (made,) = await asyncio.to_thread(receipt.proof)
        ((case_id, seq),) = receipt.entries
        leaf = bytes(
            remit.database.read(
                lambda c: c.value(
                    "SELECT leaf FROM entries WHERE case_id = ? AND seq = ?", (case_id, seq)
                )
            )
        )
        assert made.leaf_hash == leaf_hash(leaf) == receipt.hashes[0]
        assert made.proof.endswith(made.checkpoint)
        shown = proven(leaf, made.proof, [remit._journal.vkey])
        assert shown.position == made.position
        assert shown.checkpoint.size > made.position
