"""What may be carried when other rules come into force: weighed before, for it takes a while."""

from functools import partial

from remit.governance import carrying, proven
from remit.governance.carrying import Carry, Step
from remit.ledger.seal import KeyRing
from remit.orchestration.shelf import Rules
from remit.policy.book import PolicyBook
from remit.store.connection import Connection


def of_rules(
    connection: Connection,
    keys: KeyRing,
    rules: Rules,
    workflow: str,
    before: PolicyBook,
    after: PolicyBook,
    *,
    now_us: int,
) -> Carry | None:
    """Return what may be carried from one book to another; `None` where there is nothing."""
    step = Step(
        workflow=workflow, rest=rules.rest, rules_before=before.digest, rules_after=after.digest,
        limits_before=rules.limits, limits_after=rules.limits,
    )  # fmt: skip
    begun = carrying.concerned(connection, step)
    if step.before == step.after or not begun:
        return None
    found = proven.compared(workflow, before, after)
    proofs = proven.proofs(connection, keys, found, begun, now_us=now_us)
    books = {name: after for name, one in proofs.items() if one.kind != proven.SAME}
    look = partial(_look, keys, workflow, books)
    since_us = min((begun[name] for name in books), default=now_us)
    return Carry(step=step, proofs=proofs, look=look, runs=look(connection, since_us))


def _look(
    keys: KeyRing,
    workflow: str,
    books: dict[str, PolicyBook],
    connection: Connection,
    since_us: int,
) -> dict[str, bool | None]:
    if not books:
        return {}
    return proven.running(connection, keys, workflow, books, since_us=since_us)
