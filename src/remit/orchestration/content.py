"""What free text of a proposal carries that nobody has vouched for."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, Witness
from remit.domain.value import Canonical, Json
from remit.intake import tokens
from remit.orchestration.run import Run
from remit.policy import content


def findings(
    run: Run,
    spec: ActionSpec | None,
    arguments: Mapping[str, Json],
    values: Mapping[str, Canonical],
    witnesses: tuple[Witness, ...],
) -> tuple[str, ...]:
    """Return what content carries that it may not: foreign links, addresses, masked values."""
    if spec is None:
        return ()
    found = list(content.content_findings(spec, values, witnesses))
    for param in spec.params:
        form = arguments.get(param.name)
        if not isinstance(form, str):
            continue
        listed = run.equipment.reveals.get((spec.name, param.name))
        for read in tokens.reads(form):
            kind = tokens.type_of(read.token)
            if not (param.private == kind and form == read.token) and (
                listed is None or kind not in listed.types
            ):
                found.append(
                    f"`{param.name}` carries a masked {kind.lower()} that it may not reveal"
                )
    return tuple(found)
