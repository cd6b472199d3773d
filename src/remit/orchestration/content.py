"""What a proposal's arguments carry: strangers' links in free text, and masked values anywhere."""

from collections.abc import Iterator, Mapping

from remit.domain.action import ActionSpec, Integrity, ParamSpec, Witness
from remit.domain.label import Confidentiality, FlowLabel, joined
from remit.domain.value import Canonical, Json
from remit.intake import tokens
from remit.orchestration.run import Run
from remit.policy import content, secrecy

OWN, SOMEBODY_ELSE = "this case", "somebody else"


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
    found = list(
        content.content_findings(spec, values, witnesses, allowed=run.equipment.content_allowed)
    )
    for param in spec.params:
        form = arguments.get(param.name)
        if not isinstance(form, str):
            continue
        for read in tokens.reads(form):
            kind = tokens.type_of(read.token)
            if not _may_carry(run, spec, param, kind, whole=form == read.token):
                found.append(
                    f"`{param.name}` carries a masked {kind.lower()} that it may not reveal"
                )
    return tuple(found)


def confidential(
    run: Run,
    spec: ActionSpec | None,
    arguments: Mapping[str, Json],
    values: Mapping[str, Canonical],
    witnesses: tuple[Witness, ...],
) -> tuple[str, ...]:
    """Return, in words, what is more confidential than its parameter may carry: never lifted."""
    if spec is None:
        return ()
    found = list(secrecy.secrets_in(spec, values, witnesses))
    for param in spec.params:
        label = label_of(run, spec, param, arguments.get(param.name))
        if label.confidentiality is Confidentiality.SECRET:
            found.append(f"{param.name} carries a secret")
        if SOMEBODY_ELSE in label.subjects:
            found.append(f"{param.name} carries a masked value that is not of this case")
    return tuple(found)


def label_of(run: Run, spec: ActionSpec, param: ParamSpec, form: Json) -> FlowLabel:
    """Return the label of an argument by the tokens in it, but for what it may carry."""
    known = run.masker.vault.tokens()
    made = [
        FlowLabel(
            integrity=Integrity.UNTRUSTED,
            confidentiality=Confidentiality.SECRET
            if kind == "SECRET" and not _may_carry(run, spec, param, kind, whole=whole)
            else Confidentiality.PERSONAL,
            subjects=frozenset({OWN if token in known else SOMEBODY_ELSE}),
            origins=frozenset({param.name}),
        )
        for token, kind, whole in _tokens(form)
    ]
    return joined(made)


def _may_carry(run: Run, spec: ActionSpec, param: ParamSpec, kind: str, *, whole: bool) -> bool:
    listed = run.equipment.reveals.get((spec.name, param.name))
    return (param.private == kind and whole) or (listed is not None and kind in listed.types)


def _tokens(form: Json) -> Iterator[tuple[str, str, bool]]:
    match form:
        case str():
            for read in tokens.reads(form):
                yield read.token, tokens.type_of(read.token), form == read.token
        case list():
            for item in form:
                yield from _tokens(item)
        case dict():
            for item in form.values():
                yield from _tokens(item)
