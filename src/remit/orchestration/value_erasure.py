"""Erasing one value of a case: the others go under a new key, and the one before is destroyed.

With it goes what came in, which holds the value in the clear. What is masked holds its token alone
and stays.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from remit.domain.actor import person, service
from remit.domain.case import CaseStatus
from remit.domain.desk_event import ApprovalClosed
from remit.domain.effect import EffectState
from remit.domain.effect_event import ActionWithdrawn
from remit.domain.entry import Draft, Event
from remit.domain.event import CaseEscalated
from remit.domain.ledger_event import ValuesResealed
from remit.domain.value import Json
from remit.errors import (
    IllegalMoveError,
    NotFoundError,
    TokenErasedError,
    TokenExpiredError,
    TokenUnknownError,
)
from remit.intake import tokens
from remit.ledger import erasure
from remit.ledger import read as record
from remit.ledger.keys import ContentKey, KeyRing
from remit.orchestration import scopes
from remit.store import approvals, cases, proposals, vault
from remit.store.connection import Connection
from remit.store.erasures import ErasureRow
from remit.store.unit import UnitOfWork

CODE: Final = TokenErasedError.code
IN_CLEAR_CODE: Final = "value_in_clear"
WAITING: Final = frozenset({EffectState.HELD, EffectState.BLOCKED, EffectState.CLEARED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSeen:
    """One value of a case: whether it is there, and where else than behind its token."""

    there: bool
    messages: int = 0  # as they came in, sealed under the key of the values
    in_clear: tuple[int, ...] = ()  # entries that hold it beside its token


def look(
    connection: Connection,
    keys: KeyRing,
    case_id: str,
    token: str,
    *,
    random_bytes: Callable[[int], bytes],
) -> ValueSeen:
    """Look for a value in what is sealed of its case.

    Raises `NotFoundError` for a token that the case never had, and `IllegalMoveError` for a case
    in quarantine, which is still read from what came in.
    """
    row = cases.find(connection, case_id)
    if row is None:
        raise NotFoundError(f"there is no case `{case_id}`")
    if row.status is CaseStatus.QUARANTINED:
        raise IllegalMoveError(
            f"case `{case_id}` is in quarantine and is read from the message as it came; release "
            "or discard it first, or erase the case"
        )
    scope = scopes.read(connection, keys, case_id)
    masker, _ = scopes.opened(scope, keys, random_bytes=random_bytes)
    try:
        masker.restore(token)
    except (TokenErasedError, TokenExpiredError):
        return ValueSeen(there=False)
    except TokenUnknownError as error:
        raise NotFoundError(
            f"case `{case_id}` has no such token; `remit cases show` has those it has"
        ) from error
    return ValueSeen(
        there=True,
        messages=record.originals(connection, case_id, scope.originals.id),
        in_clear=tuple(
            entry.seq
            for entry in record.stream(connection, keys, case_id, erased=True)
            if any(masker.holds(token, form) for form in entry.payloads.values())
        ),
    )


def reseal(
    uow: UnitOfWork,
    keys: KeyRing,
    row: ErasureRow,
    *,
    fresh: ContentKey,
    random_bytes: Callable[[int], bytes],
) -> None:
    """Put the other values of a case under a fresh key, and withdraw what waits with this one.

    The key before is there until the commit of this is durable: a crash loses no other value.
    """
    case_id = row.case_id
    _withdraw(uow, keys, case_id, row.token, by=row.person)
    scope = scopes.read(uow.connection, keys, case_id)
    masker, _ = scopes.opened(scope, keys, random_bytes=random_bytes)
    rows = masker.resealed(fresh.subkey(scopes.VALUES), key_id=fresh.id, without=row.token)
    with erasure.scrubbing(uow.connection):
        vault.forget(uow.connection, case_id)
    vault.insert(uow.connection, rows)
    event = ValuesResealed(
        erasure_id=row.erasure_id, token=row.token, key=scope.originals.id,
        values=sum(1 for one in rows if one[4]),
    )  # fmt: skip
    _append(uow, case_id, event, by=None)


# -- parts ---------------------------------------------------------------------------------------


def _withdraw(uow: UnitOfWork, keys: KeyRing, case_id: str, token: str, *, by: str) -> None:
    """Withdraw what waits for a yes and would need the value; a person has the case then."""
    entries = record.stream(uow.connection, keys, case_id, roles=("arguments",), erased=True)
    carriers = {
        entry.word("action_id")
        for entry in entries
        if _carries(entry.payloads.get("arguments"), token)
    }
    waiting = [
        one
        for one in proposals.of_case(uow.connection, case_id)
        if one.action_id in carriers and one.state in WAITING
    ]
    for approval in approvals.of_case(uow.connection, case_id):
        if approval.state.value in ("open", "approved") and any(
            one.action_id == approval.action_id for one in waiting
        ):
            closed = ApprovalClosed(
                approval_id=approval.approval_id, action_id=approval.action_id, state="revoked",
                code=CODE,
            )  # fmt: skip
            _append(uow, case_id, closed, by=by)
    for one in waiting:
        if (now := proposals.find(uow.connection, one.action_id)) and now.state in WAITING:
            withdrawn = ActionWithdrawn(action_id=one.action_id, code=CODE)
            _append(uow, case_id, withdrawn, by=by, path=one.path)
    row = cases.find(uow.connection, case_id)
    if waiting and row is not None and row.status is CaseStatus.PARKED:
        _append(uow, case_id, CaseEscalated(code=CODE), by=by)


def _carries(form: Json, token: str) -> bool:
    return any(read.token == token for read in tokens.reads(str(form)))


def _append(
    uow: UnitOfWork, case_id: str, event: Event, *, by: str | None, path: str | None = None
) -> None:
    row = cases.find(uow.connection, case_id)
    if row is None:
        raise NotFoundError(f"there is no case `{case_id}`")
    uow.append(
        Draft(
            event=event,
            case_id=case_id,
            workflow=row.workflow,
            actor=service("erasure") if by is None else person(by),
            path=path,
            run=uow.tail(case_id) + 1,  # a run that is under way finds another, and stops
        )
    )
