"""What an erasure says of itself: every key that was destroyed, in as many entries as it takes."""

from pathlib import Path

from remit.domain.actor import service
from remit.domain.entry import Draft
from remit.domain.ledger_event import ErasureCompleted
from remit.ledger import erasure
from tests.opened import opened

KEYS = [f"case-{n:016x}" for n in range(2 * erasure.KEYS_PER_ENTRY_MAX + 1)]


def test_a_large_erasure_is_told_in_several_entries_that_fit(tmp_path: Path) -> None:
    event = ErasureCompleted(
        erasure_id="e" * 32, ground="request", part=1, parts=1, cases=9, payloads=99, values=9,
        keys=(), root="r" * 16, blind_us=1, subject="s" * 32,
    )  # fmt: skip
    draft = Draft(event=event, case_id="f" * 32, workflow="remit", actor=service("erasure"))
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        told = store.writer.run(
            lambda uow: [uow.append(one) for one in erasure.completed(draft, event, KEYS)]
        ).value
    assert [(one.body["part"], one.body["parts"]) for one in told] == [(1, 3), (2, 3), (3, 3)]
    assert [key for one in told for key in one.words("keys")] == KEYS


def test_an_erasure_of_nothing_is_told_all_the_same() -> None:
    event = ErasureCompleted(
        erasure_id="e", ground="request", part=1, parts=1, cases=1, payloads=0, values=0,
        keys=(), root="r", blind_us=1,
    )  # fmt: skip
    draft = Draft(event=event, case_id="f", workflow="remit", actor=service("erasure"))
    assert [one.event for one in erasure.completed(draft, event, [])] == [event]
