"""One answer to several approvals that are alike: one vote, one entry and one effect for each."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import median
from typing import Final

from remit.domain.action import Risk
from remit.domain.approval import ApprovalState
from remit.domain.money import Money
from remit.domain.value import digest
from remit.errors import (
    ApprovalClosedError,
    NotEntitledError,
    RequestInvalidError,
    StaleDigestError,
)
from remit.governance import approvals
from remit.governance.approvals import Answer
from remit.governance.batch import Batch, BatchResult, LeftOut, Member
from remit.governance.card import Card
from remit.store import approvals as rows
from remit.store.approvals import ApprovalRecord
from remit.store.unit import UnitOfWork

ITEMS_MAX: Final = 25
READ_FIRST: Final = 3
UNUSUAL_TIMES: Final = 4  # the median
COMPARED_MIN: Final = 3

Held = Callable[[ApprovalRecord], frozenset[str]]  # the roles in which a person may decide this


def summary_digest(digests: Iterable[str]) -> str:
    """Return the digest of a batch: of everything that its members are decided on."""
    return digest([*sorted(digests)])


def drawn(batch: str, ids: Iterable[str]) -> tuple[str, ...]:
    """Return the members that are to be read whole: drawn by the digest, so by nobody."""
    return tuple(
        sorted(sorted(ids), key=lambda one: hashlib.sha256(f"{batch}{one}".encode()).digest())
    )[:READ_FIRST]


def gather(
    found: Sequence[tuple[ApprovalRecord, Card]], *, person: str, held: Held, items_max: int,
    recipients: frozenset[str] = frozenset(),
) -> Batch:  # fmt: skip
    """Return what may be answered together: the most that are alike; the rest is left out."""
    fit = [row for row, _ in found if not _unfit(row, person, held, None)]
    kinds = Counter(row.alike for row in fit)
    like = max(fit, key=lambda row: kinds[row.alike], default=None)
    members: list[tuple[ApprovalRecord, Card]] = []
    left: list[LeftOut] = []
    for row, card in found:
        why = _unfit(row, person, held, like)
        if not why and len(members) >= items_max:
            why = f"a batch has at most {items_max}"
        if why:
            left.append(LeftOut(approval_id=row.approval_id, why=why))
        else:
            members.append((row, card))
    if not members:
        why = "; ".join(dict.fromkeys(one.why for one in left)) or "nothing was picked"
        raise RequestInvalidError(f"none of these can be answered together: {why}")
    whole = summary_digest(row.digest for row, _ in members)
    first, shown = members[0]
    moved = [card.money for _, card in members if card.money is not None]
    same = len({one.currency for one in moved}) == 1
    return Batch(
        digest=whole,
        workflow=first.workflow,
        action=first.action,
        risk=first.risk,
        reasons=tuple(one.sentence for one in shown.reasons),
        undo=shown.undo,
        members=tuple(_member(row, card, moved if same else []) for row, card in members),
        total=Money(sum((one.amount for one in moved), Decimal(0)), moved[0].currency)
        if same
        else None,
        largest=max(moved, key=lambda one: one.amount) if same else None,
        recipients=len({_named(card, recipients) for _, card in members} - {()}),
        read_first=drawn(whole, (row.approval_id for row, _ in members)),
        left_out=tuple(left),
    )


def decide(
    uow: UnitOfWork,
    members: Mapping[str, str],
    answer: Answer,
    *,
    person: str,
    held: Held,
    items_max: int,
) -> BatchResult:
    """Record one person's answer on each member, `members` being what was shown: id -> digest.

    The answer's own digest is that of the batch.

    A member that changed, or that somebody was quicker at, is left out and named; all others are
    decided in this one transaction. Raises `StaleDigestError` where the batch's digest is not
    that of its members.
    """
    if summary_digest(members.values()) != answer.digest:
        raise StaleDigestError("this is not the batch that you were shown; look again")
    if len(members) > items_max:
        raise RequestInvalidError(f"`members`: a batch has at most {items_max}")
    first: ApprovalRecord | None = None
    decided: list[str] = []
    left: list[LeftOut] = []
    for approval_id, shown in sorted(members.items()):
        row = rows.find(uow.projected, approval_id)
        why = "there is none" if row is None else _unfit(row, person, held, first)
        if row is not None and not why:
            try:
                approvals.decide(
                    uow, approval_id, replace(answer, digest=shown, batch=answer.digest),
                    person=person, roles=held(row),
                )  # fmt: skip
            except (StaleDigestError, ApprovalClosedError, NotEntitledError) as error:
                why = str(error)
        if why:
            left.append(LeftOut(approval_id=approval_id, why=why))
        else:
            first = first or row
            decided.append(approval_id)
    return BatchResult(digest=answer.digest, decided=tuple(decided), left_out=tuple(left))


def _unfit(row: ApprovalRecord, person: str, held: Held, first: ApprovalRecord | None) -> str:
    """Say why an approval is no part of a batch that begins with `first`; empty where it is."""
    if row.state is not ApprovalState.OPEN:
        by = f" by {row.decided_by}" if row.decided_by else ""
        return f"it is {row.state.value}{by}"
    if row.risk == Risk.IRREVERSIBLE.value:
        return "it cannot be undone"
    if first is not None and row.alike != first.alike:
        return "it waits for other reasons, or under other rules"
    wanted = {one.role for one in row.requirements}
    if not wanted & held(row):
        return f"`{person}` may not decide it: no role for it, or it is above the cap"
    return ""


def _named(card: Card, names: frozenset[str]) -> tuple[str, ...]:
    """Return the tokens of whom a proposal names."""
    return tuple(change.after for change in card.changes if change.name in names)


def _member(row: ApprovalRecord, card: Card, moved: Sequence[Money]) -> Member:
    unusual = ""
    if card.money is not None and len(moved) >= COMPARED_MIN:
        middle = median(one.amount for one in moved)
        if middle > 0 and card.money.amount >= UNUSUAL_TIMES * middle:
            unusual = f"{card.money} is {card.money.amount / middle:.1f} times the median"
    return Member(
        approval_id=row.approval_id, case_id=row.case_id, digest=row.digest,
        sentence=card.sentence, money=card.money, unusual=unusual,
    )  # fmt: skip
