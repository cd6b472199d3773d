"""Changes of rules: in force at once where nothing more passes, else signed by people.

INVARIANT: rules that let more pass come into force when as many people as are asked for have
signed exactly them, none of whom proposed them (tests/security/test_evidence.py).
"""

from collections.abc import Callable, Mapping
from typing import Final

from remit.domain import actor
from remit.domain.actor import Actor
from remit.domain.book_event import (
    BookLoaded,
    BookProposed,
    BookRefused,
    BookSigned,
    BookWithdrawn,
)
from remit.domain.entry import Draft, Event
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream
from remit.domain.value import Json
from remit.errors import IllegalMoveError, NotEntitledError, NotFoundError
from remit.governance import carrying, weighing
from remit.governance.carrying import Carry
from remit.governance.weighing import Findings
from remit.policy.book import PolicyBook
from remit.store import books as rows
from remit.store.books import WAITING, ChangeRow
from remit.store.unit import UnitOfWork

SLICES_PER_ENTRY_MAX: Final = 200  # a leaf has an end
SERVICE: Final = actor.service("policy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A change as it is proposed."""

    change: str
    before: str  # digest of the files in force
    book: PolicyBook
    codes: tuple[str, ...]
    people: int
    findings: Findings


@dataclass(frozen=True, slots=True, kw_only=True)
class Reloaded:
    """What became of the rules of one workflow."""

    workflow: str
    outcome: str  # same | in force | waits | refused | behind | broken
    said: str
    change: str = ""  # digest of the change, where there is one


def put_in_force(
    uow: UnitOfWork,
    book: PolicyBook,
    *,
    workflow: str,
    how: str,
    by: Actor = SERVICE,
    change: str = "",
    carried: Carry | None = None,
) -> None:
    """Have a book in force from this commit on, in every process; carry evidence to it."""
    last = rows.in_force(uow.connection, workflow)
    slices = sorted({one.digest for one in book.slices.values()})
    parts = [
        tuple(slices[n : n + SLICES_PER_ENTRY_MAX])
        for n in range(0, len(slices), SLICES_PER_ENTRY_MAX)
    ] or [()]
    for number, part in enumerate(parts):
        event = BookLoaded(
            before="" if last is None else last.digest, digest=book.digest,
            rules=len(book.rules), slices=part, texts=book.texts_digest, how=how, change=change,
            part=number,
        )  # fmt: skip
        _append(uow, workflow, event, by, {} if number else {"rules": dict(book.texts)})
    if carried is not None:
        carrying.carry(uow, carried, by=by)


def propose(uow: UnitOfWork, one: Proposed, *, workflow: str, person: str) -> None:
    """Let a change wait for people; who proposed it may not sign it.

    Without `person` it was found in the folder. Where it says the same as one that waited, whoever
    proposed that one proposed this.
    """
    last = rows.waiting(uow.connection, workflow)
    known = last[0].proposer if last and last[0].digest == one.book.digest else ""
    event = BookProposed(
        change=one.change, before=one.before, texts=one.book.texts_digest, digest=one.book.digest,
        codes=one.codes, people=one.people, proposer=person or known,
    )  # fmt: skip
    payloads: dict[str, Json] = {
        "rules": dict(one.book.texts), "weighed": weighing.form(one.findings),
    }  # fmt: skip
    by = actor.person(person) if person else SERVICE
    _append(uow, workflow, event, by, payloads)


def sign(
    uow: UnitOfWork,
    change: str,
    book: PolicyBook,
    *,
    workflow: str,
    person: str,
    entitled: Callable[[str], bool],
    carried: Carry | None = None,
) -> int:
    """Sign a change; return how many more must, and with the last of them put it in force.

    What of the evidence may be `carried` is, then.

    Raises `NotFoundError`, `IllegalMoveError` for one that does not wait any more, and
    `NotEntitledError` for whoever proposed it or may not sign.
    """
    row = _waiting(uow, workflow, change)
    if not entitled(person):
        raise NotEntitledError(
            f"`{person}` may not sign rules of `{workflow}`; its owners do, and whoever has the "
            "role owner for it"
        )
    if person == row.proposer:
        raise NotEntitledError(
            f"`{person}` proposed this change, and somebody else must sign it; nobody signs their "
            "own"
        )
    last = rows.in_force(uow.connection, workflow)
    if last is None or last.texts != row.before or book.texts_digest != row.texts:
        raise IllegalMoveError(
            "other rules are in force than those this was compared with; propose it again"
        )
    signed = {one for one in row.signers if entitled(one)} | {person}
    if person not in row.signers:
        _append(uow, workflow, BookSigned(change=row.change), actor.person(person))
    missing = max(0, row.people - len(signed))
    if not missing:
        put_in_force(
            uow, book, workflow=workflow, how="signed", by=actor.person(person),
            change=row.change, carried=carried,
        )  # fmt: skip
    return missing


def refuse(uow: UnitOfWork, change: str, *, workflow: str, person: str, reason: str) -> None:
    """Refuse a change: one person is enough, and whoever proposed it may.

    Raises `NotFoundError` and `IllegalMoveError`.
    """
    row = _waiting(uow, workflow, change)
    event = BookRefused(change=row.change)
    _append(uow, workflow, event, actor.person(person), {"reason": reason})


def withdraw(uow: UnitOfWork, row: ChangeRow) -> None:
    """Let a change go that was found in the folder and is not there any more."""
    _append(uow, row.workflow, BookWithdrawn(change=row.change), SERVICE)


def _waiting(uow: UnitOfWork, workflow: str, change: str) -> ChangeRow:
    row = rows.change(uow.connection, workflow, change)
    if row is None:
        raise NotFoundError(
            f"there is no change `{change[:64]}` of the rules of `{workflow[:64]}`; see the page "
            "Policies"
        )
    if row.state != WAITING:
        raise IllegalMoveError(f"this change does not wait any more: it is {row.state}")
    return row


def _append(
    uow: UnitOfWork,
    workflow: str,
    event: Event,
    by: Actor,
    payloads: Mapping[str, Json] | None = None,
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=control_stream(workflow),
            workflow=workflow,
            actor=by,
            payloads=payloads or {},
        )
    )
