"""Legal holds: on whose word content must not go, and who may let it go again."""

import re
from datetime import datetime
from typing import Final

from remit.domain import actor, clock
from remit.domain.entry import Draft
from remit.domain.ledger_event import LegalHoldPlaced, LegalHoldReleased
from remit.errors import IllegalMoveError, NotEntitledError, NotFoundError, RequestInvalidError
from remit.ledger.chain import CONTROL_WORKFLOW, control_stream
from remit.store import cases, legal_holds
from remit.store.legal_holds import HoldRow
from remit.store.unit import UnitOfWork

LOCK: Final = "legal_holds"  # who holds and who erases come one after the other
KINDS: Final = ("case", "person", "workflow", "range")
GROUND: Final = re.compile(r"[a-z0-9][a-z0-9._/-]{0,79}")
RANGE: Final = re.compile(r"(\d{1,15})\.\.(\d{1,15})")


def place(
    uow: UnitOfWork,
    hold_id: str,
    *,
    kind: str,
    ref: str,
    ground: str,
    review_at: datetime,
    person: str,
    origin: str,
) -> HoldRow:
    """Place a legal hold; it holds at once.

    Raises `RequestInvalidError`, and `NotFoundError` for a case that is not there.
    """
    uow.hold(LOCK)
    _check(uow, kind=kind, ref=ref)
    if GROUND.fullmatch(ground) is None:
        raise RequestInvalidError(
            f"`{ground}` is no ground; write a short code such as `case-2026-114`"
        )
    if review_at <= uow.now:
        raise RequestInvalidError("the review date has passed; name one to come")
    _append(
        uow,
        LegalHoldPlaced(
            hold_id=hold_id, kind=kind, ref=ref, ground=ground,
            review_us=clock.microseconds(review_at),
        ),
        person=person, origin=origin,
    )  # fmt: skip
    return require(uow, hold_id)


def release(uow: UnitOfWork, hold_id: str, *, ground: str, person: str, origin: str) -> HoldRow:
    """Release a legal hold; it needs another person than the one who placed it.

    Raises `NotFoundError`, `IllegalMoveError`, `NotEntitledError`.
    """
    row = require(uow, hold_id)
    if row.released_us is not None:
        raise IllegalMoveError(f"the legal hold `{hold_id}` was released already")
    if row.placed_by == person:
        raise NotEntitledError(
            f"`{person}` placed this legal hold; somebody else has to release it"
        )
    _append(uow, LegalHoldReleased(hold_id=hold_id, ground=ground), person=person, origin=origin)
    return require(uow, hold_id)


def require(uow: UnitOfWork, hold_id: str) -> HoldRow:
    """Return a legal hold; raises `NotFoundError`."""
    row = legal_holds.find(uow.connection, hold_id)
    if row is None:
        raise NotFoundError(
            f"there is no legal hold `{hold_id}`; see `remit ledger legal-hold list`"
        )
    return row


def _check(uow: UnitOfWork, *, kind: str, ref: str) -> None:
    if kind == "case" and cases.find(uow.connection, ref) is None:
        raise NotFoundError(f"there is no case `{ref}`")
    if kind == "range":
        found = RANGE.fullmatch(ref)
        if found is None or int(found[1]) > int(found[2]):
            raise RequestInvalidError(f"`{ref}` is no range of positions; write `100..250`")
    if kind not in KINDS:
        raise RequestInvalidError(f"`{kind}` cannot be held; write one of {', '.join(KINDS)}")


def _append(
    uow: UnitOfWork, event: LegalHoldPlaced | LegalHoldReleased, *, person: str, origin: str
) -> None:
    uow.append(
        Draft(
            event=event,
            case_id=control_stream(origin),
            workflow=CONTROL_WORKFLOW,
            actor=actor.person(person),
        )
    )
