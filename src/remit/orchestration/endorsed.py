"""What people vouch for, as witnesses of a proposal's arguments."""

from collections.abc import Mapping

from remit.domain import clock
from remit.domain.action import Integrity, Witness
from remit.domain.value import Canonical, Json, encode
from remit.orchestration.proposed import Proposal
from remit.orchestration.run import Run
from remit.orchestration.standing import Standing
from remit.policy.sources import ENDORSEMENT, elements
from remit.store.connection import Connection
from remit.store.endorsements import EndorsementRow


def typed(run: Run, proposal: Proposal, values: Mapping[str, Canonical]) -> list[Witness]:
    """Return what the author of this version, a person, wrote into it."""
    return [
        _witness(run, name, Canonical(type=values[name].type, form=form), proposal.author)
        for name, form in proposal.endorsed.items()
        if name in values
    ]


def endorsed(
    run: Run,
    connection: Connection,
    proposal: Proposal,
    values: Mapping[str, Canonical],
    standing: Standing,
) -> tuple[tuple[Witness, ...], int | None]:
    """Return what people vouch for of these arguments, and when the newest word was given."""
    if proposal.undo:
        return (), None
    asked = [
        one
        for one in run.authority.endorsements(connection, standing.authority)
        if (one.workflow, one.action) == (run.equipment.name, proposal.action) and holds(one, run)
    ]
    found: list[Witness] = []
    newest: int | None = None
    for row in asked:
        for value in elements(values[row.parameter]) if row.parameter in values else ():
            if digest(run, value.type, value.form) == row.digest:
                found.append(_witness(run, row.parameter, value, row.by))
                newest = max(newest or 0, row.at_us)
    return tuple(found), newest


def holds(row: EndorsementRow, run: Run) -> bool:
    """Return whether that word reaches this case, today."""
    if not row.stands or row.until_us <= clock.microseconds(run.now()):
        return False
    match row.scope:
        case "case":
            return row.case_id == run.case_id
        case "subject":
            return bool(row.subject) and row.subject == run.history.subject
        case _:
            return row.scope == "workflow"


def digest(run: Run, type_word: str, form: Json) -> str:
    """Return what a value is compared by, the same in every case."""
    return run.shared(compared(type_word, form))


def compared(type_word: str, form: Json) -> bytes:
    """Return the bytes of a value that are digested."""
    return encode(["endorsed", type_word, form])


def _witness(run: Run, parameter: str, value: Canonical, by: str) -> Witness:
    return Witness(
        seq=run.history.seq, tool=ENDORSEMENT, record=by, path=parameter, element=0,
        type=value.type, form=value.form, integrity=Integrity.ENDORSED,
    )  # fmt: skip
