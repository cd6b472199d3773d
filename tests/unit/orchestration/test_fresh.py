"""Cases that were just taken in, and what ends their freshness."""

from remit.domain.actor import service
from remit.domain.entry import Entry
from remit.intake.mask import open_scope
from remit.ledger.wrapping import ContentKey
from remit.orchestration import fresh
from remit.orchestration.fresh import Fresh, FreshCase

FIELDS = {"message": "EMAIL_7K3QX2MD"}


def entry(case_id: str, seq: int = 1) -> Entry:
    return Entry(
        id="1", case_id=case_id, seq=seq, event="intake:case:received", body={},
        actor=service("intake"), at_us=1, workflow="desk",
        payloads={"raw": {"message": "anna@example.org"}, "fields": {**FIELDS}},
    )  # fmt: skip


def taken_in(kept: Fresh, case_id: str) -> None:
    masker, rows = open_scope(
        case_id, root_key=b"k" * 32, check_key=b"k" * 32, rows=[], random_bytes=bytes
    )
    kept.scope(
        case_id, FreshCase(masker, rows, *(ContentKey(f"case-{n}", b"k" * 32) for n in "12"))
    )


def test_a_case_that_is_not_durable_is_not_there() -> None:
    kept = Fresh()
    taken_in(kept, "a")
    assert kept.take("a") is None


def test_a_durable_case_is_handed_over_once_and_without_what_came_in() -> None:
    kept = Fresh()
    taken_in(kept, "a")
    kept.committed(entry("a"))
    found = kept.take("a")

    assert found is not None
    assert found.entry is not None
    assert found.entry.payloads == {"fields": FIELDS}
    assert kept.take("a") is None


def test_a_case_to_which_something_has_come_is_read() -> None:
    kept = Fresh()
    taken_in(kept, "a")
    kept.committed(entry("a"))
    kept.committed(entry("a", seq=2))
    assert kept.take("a") is None


def test_cases_of_others_are_not_kept_and_ours_have_an_end() -> None:
    kept = Fresh()
    kept.committed(entry("a"))
    assert kept.take("a") is None
    for number in range(fresh.CASES_MAX + 1):
        taken_in(kept, f"{number}")
        kept.committed(entry(f"{number}"))
    assert kept.take("0") is None
    assert kept.take(f"{fresh.CASES_MAX}") is not None
