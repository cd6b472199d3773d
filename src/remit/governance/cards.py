"""Build the card of a held proposal from the gate's own facts, and keep it as JSON."""

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from operator import attrgetter
from typing import Final, cast

from pydantic import TypeAdapter

from remit.domain import assumption, clock
from remit.domain.action import ActionSpec, AnySource, ArgumentProof, Integrity, Witness
from remit.domain.approval import Requirement
from remit.domain.decision import Decision, GateFacts
from remit.domain.members import members_of, odd_members
from remit.domain.remembered import Remembered
from remit.domain.value import Json, encode
from remit.governance import cost
from remit.governance.card import Card, Change, EditField, Quote
from remit.governance.cost import shown
from remit.policy.request import PolicyRequest

EVIDENCE_MAX = 5

_CARD: TypeAdapter[Card] = TypeAdapter(Card)


def build(  # noqa: PLR0913 - whatever a card shows comes in by its name
    *,
    facts: GateFacts,
    digest: str,
    decision: Decision,
    declared_undo: str | None,
    requirements: tuple[Requirement, ...],
    witnesses: Sequence[Witness],
    version: int,
    approval_id: str,
    level: str,
    passages: Sequence[Json],
    requested_at: datetime,
    due_at: datetime,
    expires_at: datetime,
    grounds: Mapping[str, str] | None = None,
    reached: Mapping[str, int | None] | None = None,
) -> Card:
    """Return the card of a proposal that the gate holds; `facts.spec` must be declared.

    `grounds` says of assumptions, as `field:code`, on which evidence they were made; `reached`
    how many `rows` and `recipients` it comes to, where the action counts them.
    """
    spec = facts.spec
    if spec is None:
        raise ValueError("an undeclared action is denied, never held")
    return Card(
        approval_id=approval_id,
        action_id=facts.action_id,
        case_id=facts.case_id,
        workflow=facts.workflow,
        action=facts.action,
        version=version,
        risk=spec.risk.value,
        level=level,
        sentence=sentence(spec, facts.arguments),
        money=cost.money_of(spec, facts.arguments),
        reasons=decision.reasons,
        requirements=requirements,
        changes=changes(spec, facts, witnesses, grounds),
        payload=encode(
            {"action": f"{facts.workflow}.{facts.action}", "arguments": dict(facts.arguments)}
        ).decode(),
        digest=digest,
        undo=cost.undo_of(spec, declared_undo),
        cost=cost.cost(spec, facts, reached or {}),
        evidence=quoted(passages),
        unknowns=unknowns(facts),
        workflow_reason=None,
        confidence=_confidence(facts),
        fields=tuple(
            EditField(
                name=param.name,
                type=param.type,
                value=shown(facts.arguments.get(param.name)),
                optional=param.optional,
                authority=not isinstance(param.source, AnySource),
                choices=param.choices,
            )
            for param in spec.params
            if param.name in facts.arguments and param.type not in {"record", "list"}
        ),
        requested_at=requested_at,
        due_at=due_at,
        expires_at=expires_at,
        message=cost.message(spec, facts.arguments),
    )


def changes(
    spec: ActionSpec,
    facts: GateFacts,
    witnesses: Sequence[Witness] = (),
    grounds: Mapping[str, str] | None = None,
) -> tuple[Change, ...]:
    """Return each argument of a proposal, with where its value comes from."""
    proofs = {proof.parameter: proof for proof in facts.proofs}
    return tuple(
        _change(spec, name, form, proofs.get(name), witnesses, grounds or {})
        for name, form in _as_declared(spec, facts.arguments).items()
    )


def changed_since(before: Card, card: Card) -> tuple[str, ...]:
    """Return in words what differs from the card that this one replaces."""
    was = {one.name: one for one in before.changes}
    found = [
        f"{one.name}: {what} was {shown(old)}, is {shown(new)}"
        for one in card.changes
        if (other := was.get(one.name)) is not None
        for what, old, new in (
            ("the present value", other.now, one.now),
            ("the value", other.after, one.after),
            ("the proof", other.proof, one.proof),
        )
        if old != new
    ]
    reasons = {one.sentence for one in before.reasons}
    found += [f"new: {one.sentence}" for one in card.reasons if one.sentence not in reasons]
    kept = {one.sentence for one in card.reasons}
    found += [f"no more: {one.sentence}" for one in before.reasons if one.sentence not in kept]
    if before.requirements != card.requirements:
        asked = ", ".join(one.text for one in card.requirements)
        found.append(f"who must say yes: {asked}")
    return tuple(found) or ("a record that this rests on, or a rule that covers it",)


def sentence(spec: ActionSpec, arguments: Mapping[str, Json]) -> str:
    """Return the action's declared sentence with its typed arguments; never a model's words."""
    filled = {param.name: "" for param in spec.params}
    filled |= {name: shown(form) for name, form in arguments.items()}
    return spec.says.format(**filled)


def to_form(card: Card) -> Json:
    """Return a card as JSON for its sealed payload."""
    return _form(card)


def from_form(form: Json) -> Card:
    """Return the card that was sealed."""
    return _CARD.validate_json(json.dumps(form))


def facts_form(
    facts: GateFacts, decision: Decision, asked: PolicyRequest | None = None
) -> dict[str, Json]:
    """Return everything the gate was told and answered, for the sealed payloads of its entry.

    `asked` is what the rules were asked, but for the arguments that stand among the facts: with
    it other rules can be asked the same.

    `facts` are typed and say nothing that a person wrote: they outlive an erasure, so that the
    decision can still be followed. `words` are all the rest, and go with the case's key.
    """
    told, said = _form(facts), _form(decision)
    if not (isinstance(told, dict) and isinstance(said, dict)):
        raise TypeError("facts and decisions are records")
    others = None if asked is None else replace(asked, arguments={})
    words: dict[str, Json] = {"asked": _form(others), "decision": said}
    for name, part, kept in SPLIT:
        words[name], told[part] = told[part], kept(told[part])
    written = {
        name: value for name, value in facts.arguments.items() if not _is_typed(facts, name)
    }
    words["arguments"] = _form(written)
    told["arguments"] = _form(
        {name: value for name, value in facts.arguments.items() if name not in written}
    )
    return {
        "facts": {"decision": _without(said, "sentence"), "facts": told},
        "words": words,
    }


def _is_typed(facts: GateFacts, name: str) -> bool:
    """Is it a number, a date, an amount or one of a closed list of words?"""
    param = None if facts.spec is None else facts.spec.param(name)
    return facts.types.get(name) in TYPED or (param is not None and bool(param.choices))


def _without(form: Json, *names: str) -> Json:
    """Return a form without members of these names, at any depth."""
    if isinstance(form, dict):
        return {
            key: item if type(item) in _PLAIN or not item else _without(item, *names)
            for key, item in form.items()
            if key not in names
        }
    if isinstance(form, list):
        return [_without(item, *names) for item in form]
    return form


TYPED: Final = frozenset({"boolean", "date", "decimal", "instant", "integer", "money", "null"})
# name among the words, part of the facts, what stays of it among the facts
SPLIT: Final[tuple[tuple[str, str, Callable[[Json], Json]], ...]] = (
    ("proofs", "proofs", lambda form: _without(form, "accepted", "elsewhere", "demands")),
    ("stops", "stops", lambda form: _without(form, "sentence")),
    ("policy", "policy", lambda form: _without(form, "diagnostics")),
    ("clearance", "clearance", lambda form: _without(form, "containment")),
    ("findings", "content_findings", lambda _: []),
    ("faults", "faults", lambda _: []),
    ("confidential", "confidential", lambda _: []),
)


def form_of(value: object) -> Json:
    """Return the form of a value that `forms.read` makes again."""
    return _form(value)


def _form(value: object) -> Json:
    kind = type(value)
    if kind in _PLAIN:
        return value  # type: ignore[return-value]  # one of these four
    make = _FORMS.get(kind)
    if make is None:
        make = _FORMS[kind] = _maker(kind)
    return make(value)


_Maker = Callable[[object], Json]
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_FORMS: Final[dict[type, _Maker]] = {}  # by class: looked up once for each
_word: Final[Callable[[object], object]] = attrgetter("_value_")  # `value` is written in Python


def _maker(kind: type) -> _Maker:
    """Return what makes the form of the values of a class."""
    if kind is ActionSpec:
        return Remembered(_maker_of(kind))
    if issubclass(kind, Enum):
        return lambda value: str(_word(value))
    if issubclass(kind, datetime):
        return cast("_Maker", clock.text)
    if issubclass(kind, Mapping):
        return cast("_Maker", _of_mapping)
    if issubclass(kind, list | tuple | frozenset):
        return cast("_Maker", _of_several)
    if dataclasses.is_dataclass(kind):
        return _maker_of(kind)
    return lambda value: value if isinstance(value, int | str) else str(value)


def _of_mapping(value: Mapping[object, object]) -> Json:
    return {str(key): _form(item) for key, item in value.items()}


def _of_several(value: Iterable[object]) -> Json:
    return [_form(item) for item in value]


def _maker_of(kind: type) -> _Maker:
    """Return what makes the form of a dataclass's values: most of their members are plain."""
    odd = odd_members(kind)

    def make(value: object) -> Json:
        made: dict[str, Json] = dict(members_of(value))  # type: ignore[arg-type]  # see below
        for name in odd:
            made[name] = _form(made[name])
        return made

    return make


# -- parts ---------------------------------------------------------------------------------------


def _as_declared(spec: ActionSpec, arguments: Mapping[str, Json]) -> Mapping[str, Json]:
    """Return arguments in the order of their declaration: a record gives them back by name."""
    declared = [param.name for param in spec.params if param.name in arguments]
    return {name: arguments[name] for name in (*declared, *arguments)}


def _change(
    spec: ActionSpec,
    name: str,
    form: Json,
    proof: ArgumentProof | None,
    witnesses: Sequence[Witness],
    grounds: Mapping[str, str],
) -> Change:
    return Change(
        name=name,
        now=_now(spec, name, witnesses),
        after=shown(form),
        source=proof.source if proof is not None else "not declared",
        proof=proof.proof.value if proof is not None else "absent",
        integrity=(proof.integrity if proof is not None else Integrity.UNTRUSTED).value,
        step=None if proof is None or proof.seq is None else f"#{proof.seq}",
        accepted=() if proof is None else proof.accepted,
        elsewhere=() if proof is None else proof.elsewhere,
        assumptions=()
        if proof is None
        else tuple(
            dict.fromkeys(
                assumption.words_of(one, evidence=grounds.get(one)) for one in proof.assumptions
            )
        ),
    )


def _now(spec: ActionSpec, name: str, witnesses: Sequence[Witness]) -> str | None:
    """Return what stands now in the record that is acted upon, under the parameter's own name."""
    found = [
        witness
        for witness in witnesses
        if spec.on is not None
        and witness.tool == spec.on
        and (witness.path == name or witness.path.startswith(f"{name}."))
    ]
    if not found:
        return None
    newest = max(witness.seq for witness in found)
    return ", ".join(
        shown(witness.form) for witness in found if witness.seq == newest and witness.form
    )


def quoted(passages: Sequence[Json]) -> tuple[Quote, ...]:
    """Return the first of the passages that a case has looked up."""
    return tuple(
        Quote(
            author=str(passage.get("title", "")),
            text=str(passage.get("text", "")),
            source=str(passage.get("document", "")),
            version=str(passage.get("version", ""))[:12],
        )
        for passage in passages[:EVIDENCE_MAX]
        if isinstance(passage, dict)
    )


def unknowns(facts: GateFacts) -> tuple[str, ...]:
    """Return what could not be proved of a proposal, or told about it."""
    found = [
        f"{proof.parameter}: {proof.proof.value}"
        for proof in facts.proofs
        if proof.proof.value not in {"proven", "content"}
    ]
    return (*found, *facts.content_findings, *facts.faults)


def _confidence(facts: GateFacts) -> str | None:
    if not facts.confidence.asked:
        return None
    if facts.confidence.ppm is None:
        return "the workflow could not say how sure it is"
    return f"{facts.confidence.ppm / 10_000:.1f} % sure of what was wanted"
