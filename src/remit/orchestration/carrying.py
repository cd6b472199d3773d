"""What may be carried when other rules or limits come into force, weighed before."""

from functools import partial

from remit.domain import actor
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.limit import form_of, limits_digest
from remit.domain.limit_event import LimitsLoaded
from remit.domain.value import encode
from remit.governance import carrying, proven
from remit.governance.carrying import Carry, Step
from remit.governance.limit_proof import ComparedLimits
from remit.governance.proven import Proof, Runs
from remit.ledger.seal import KeyRing
from remit.orchestration.shelf import Rules
from remit.policy.book import PolicyBook
from remit.store import books, limit_books
from remit.store.connection import Connection
from remit.store.limit_books import LimitBook
from remit.store.unit import UnitOfWork

SETTINGS = actor.service("settings")


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
    limits = limits_digest(rules.limits)
    step = Step(
        workflow=workflow, rest=rules.rest, rules_before=before.digest, rules_after=after.digest,
        limits_before=limits, limits_after=limits,
    )  # fmt: skip
    begun = carrying.concerned(connection, step)
    if step.before == step.after or not begun:
        return None
    found = proven.compared(workflow, before, after)
    proofs = proven.proofs(connection, keys, found, begun, now_us=now_us)
    return _carry(connection, keys, step, proofs, found.runs, begun)


def of_limits(
    connection: Connection, keys: KeyRing, rules: Rules, workflow: str, last: LimitBook
) -> Carry | None:
    """Return what may be carried from the limits of the record to those of the settings."""
    book = books.in_force(connection, workflow)
    if book is None:
        return None
    step = Step(
        workflow=workflow, rest=rules.rest, rules_before=book.digest, rules_after=book.digest,
        limits_before=last.digest, limits_after=limits_digest(rules.limits),
    )  # fmt: skip
    begun = carrying.concerned(connection, step)
    found = ComparedLimits(
        workflow=workflow, before=last.limits, after=rules.limits,
        specs={one.name: one for one in rules.declared.specs if one.workflow == workflow},
    )  # fmt: skip
    proofs = {
        action: found.proof(action, kind)
        for action in begun
        if action in found.specs and (kind := found.kind(action))
    }
    return _carry(connection, keys, step, proofs, found.runs, begun)


def limits_in_force(uow: UnitOfWork, rules: Rules, workflow: str, carried: Carry | None) -> None:
    """Have the limits of the settings in force, and carry evidence to them."""
    carrying.hold(uow, workflow)  # before its stream, as who gives a label does
    uow.lock(control_stream(workflow))
    last, digest = limit_books.in_force(uow.connection, workflow), limits_digest(rules.limits)
    if last.digest == digest:
        return  # another process was there first
    told = sorted(rules.limits, key=lambda one: one.name)
    event = LimitsLoaded(
        before=last.digest, digest=digest,
        limits=tuple(encode(form_of(one)).decode() for one in told),
    )  # fmt: skip
    uow.append(
        Draft(
            event=event, case_id=control_stream(workflow), workflow=workflow, actor=SETTINGS
        )
    )  # fmt: skip
    if carried is not None and carried.step.limits_before == last.digest:
        carrying.carry(uow, carried, by=SETTINGS)


def _carry(
    connection: Connection,
    keys: KeyRing,
    step: Step,
    proofs: dict[str, Proof],
    runs: Runs,
    begun: dict[str, int],
) -> Carry:
    asked = {name: runs for name, one in proofs.items() if one.kind != proven.SAME}
    look = partial(_look, keys, step.workflow, asked)
    seen = look(connection, min(begun[name] for name in asked)) if asked else {}
    return Carry(step=step, proofs=proofs, look=look, runs=seen)


def _look(
    keys: KeyRing, workflow: str, asked: dict[str, Runs], connection: Connection, since_us: int
) -> dict[str, bool | None]:
    return proven.running(connection, keys, workflow, asked, since_us=since_us)
