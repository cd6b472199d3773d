"""The record that a proposal acts upon, and the money that it moves there."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from remit.domain.action import ActionSpec, ArgumentProof, Bound, Witness
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, encode
from remit.orchestration import provenance
from remit.orchestration.proposed import canonical_values
from remit.orchestration.run import Run
from remit.policy import sources
from remit.policy.reads import Reads


def money(spec: ActionSpec | None, arguments: Mapping[str, Json]) -> tuple[int, str] | None:
    """Return minor units and currency of what moves; `None` where no money does."""
    if spec is None:
        return None
    for param in spec.params:
        form = arguments.get(param.name)
        if param.type == "money" and isinstance(form, dict):
            amount = Money(Decimal(str(form["amount"])), str(form["currency"]))
            return amount.minor, amount.currency
    return None


def record_of(run: Run, spec: ActionSpec, arguments: Mapping[str, Json]) -> str:
    """Return the keyed digest of the record that an action of this case would act upon."""
    return record_digest(run, record_name(run, spec, arguments))


def record_digest(run: Run, name: str) -> str:
    """Return the digest of a record, the same in every case: sums over a record need it."""
    return run.shared(encode(["record", name])) if name else ""


def record_name(run: Run, spec: ActionSpec, arguments: Mapping[str, Json]) -> str:
    """Return the record of `spec.on` that these arguments mean; empty where none was read."""
    if spec.on is None:
        return ""
    witnesses = provenance.witnesses(run)
    return sources.acted_upon(spec, canonical_values(spec, arguments), witnesses)


def bound_names(
    run: Run,
    spec: ActionSpec,
    values: Mapping[str, Canonical],
    witnesses: Sequence[Witness] | Reads,
) -> dict[str, Bound]:
    """Return the bounds that these arguments may be under, by digests that all cases share."""
    found = sources.bounds(spec, values, witnesses)
    return {
        run.shared(
            encode(
                [
                    "bound",
                    spec.workflow,
                    spec.name,
                    one.tool,
                    one.path,
                    one.record,
                    one.element,
                    one.unit,
                ]
            )
        ): one
        for one in found
    }


def takes(names: Mapping[str, Bound], proofs: tuple[ArgumentProof, ...]) -> tuple[str, ...]:
    """Return how much an action takes of each bound, as its entry says it."""
    digests = {bound: name for name, bound in names.items()}
    found: dict[str, Decimal] = {}
    for demand in (one for proof in proofs for one in proof.demands):
        name = digests[demand.bound]
        found[name] = found.get(name, Decimal(0)) + Decimal(demand.quantity)
    return tuple(f"{name} {quantity:f}" for name, quantity in sorted(found.items()))
