"""Where values of a case come from: witnesses, made from its entries at named paths."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from remit.authoring.case import Case
from remit.authoring.schema import fields_of
from remit.authoring.workflow import Workflow
from remit.domain.action import (
    ActionSpec,
    CaseSource,
    FieldSpec,
    Integrity,
    Risk,
    ToolSource,
    ToolSpec,
    Witness,
    alternatives,
)
from remit.domain.assumption import joined
from remit.domain.remembered import Remembered
from remit.domain.value import Canonical, Json
from remit.orchestration.replay import History
from remit.orchestration.run import Run
from remit.policy import secrecy, sources

KEY_FIELD_CHARACTERS_MAX = 200

Place = tuple[str, str]  # a tool, and the path of a field


def witnesses(run: Run) -> tuple[Witness, ...]:
    """Return every value that stands at a path which some source may name, oldest first.

    They are made once for what a case has recorded so far: several facts of a proposal need them.
    """
    told = (run.history.seq, len(run.history.reads))
    if run.witnessed is None or run.witnessed[0] != told:
        run.witnessed = (told, _witnesses(run.equipment.workflow, run.history))
    return run.witnessed[1]


def _witnesses(workflow: Workflow, history: History) -> tuple[Witness, ...]:
    found = list(_of_case(workflow, history))
    places: dict[Place, list[Witness]] = defaultdict(list)
    _place(places, found)
    rest: list[tuple[int, Mapping[str, Json], Json, Json]] = [
        (entry.seq, entry.body, arguments, result) for entry, arguments, result in history.reads
    ]
    rest += [
        (entry.seq, entry.body, result.get("arguments"), result.get("value"))
        for entry, result in history.derived
        if isinstance(result, dict)
    ]
    for seq, body, arguments, result in sorted(rest, key=lambda one: one[0]):
        declared = workflow.tools.get(str(body["name"]))
        if declared is None:
            continue
        selection, rests = _selection(declared.spec, arguments, places)
        record = record_of(declared.spec, result)
        derive = declared.spec.derive
        about = _about(declared.spec, arguments, places) if derive else ()
        of_secret = derive and secrecy.carries(arguments, found)
        read = [
            Witness(
                seq=seq,
                tool=declared.spec.name,
                record=record,
                path=path,
                element=element,
                type=field.type,
                form=form,
                integrity=_lower(
                    Integrity.VOUCHED if field.system else Integrity.UNTRUSTED, selection
                ),
                assumptions=rests,
                about=about,
                secret=field.secret or of_secret,
            )
            for field in declared.spec.fields
            for path, element, form in _at(result, field.path, derive=derive)
        ]
        found += read
        _place(places, read)
    found += _of_receipts(history)
    return tuple(found)


def _place(places: dict[Place, list[Witness]], more: list[Witness]) -> None:
    for one in more:
        places[one.tool, one.path].append(one)


def _of_receipts(history: History) -> Iterator[Witness]:
    """Yield what confirmed effects of this case gave back: what an undo may name."""
    for versions in history.acts.values():
        for act in versions:
            if act.receipt is None:
                continue
            given = {**act.arguments, **(act.receipt if isinstance(act.receipt, dict) else {})}
            for name, form in given.items():
                for path, inner in _leaves(name, form):
                    yield Witness(
                        seq=act.seq, tool=f"receipt:{act.action}", record="", path=path, element=0,
                        type=_word(inner), form=inner, integrity=Integrity.VOUCHED,
                    )  # fmt: skip


def _word(form: Json) -> str:
    match form:
        case {"amount": _, "currency": _}:
            return "money"
        case dict():
            return "record"
        case bool():
            return "boolean"
        case int():
            return "integer"
        case list():
            return "list"
        case _:
            return "text"


def _key_fields(workflow: Workflow) -> frozenset[str]:
    specs = [tool.spec.params for tool in workflow.tools.values()]
    specs += [action.spec.params for action in workflow.actions.values()]
    found = [source for params in specs for one in params for source in alternatives(one.source)]
    choosing = [one.by[1] for one in found if isinstance(one, ToolSource) and one.by is not None]
    named = [*choosing, *(one for one in found if isinstance(one, CaseSource))]
    return frozenset(source.field.split(".")[0] for source in named)


# The case fields that some source names, once a workflow is complete.
key_fields: Remembered[Workflow, frozenset[str]] = Remembered(_key_fields)


def _typed(case: type[Case]) -> dict[str, FieldSpec]:
    return {field.path: field for field in fields_of(case, "case")}


_types: Remembered[type[Case], dict[str, FieldSpec]] = Remembered(_typed)


def _of_case(workflow: Workflow, history: History) -> Iterator[Witness]:
    fields = history.fields
    if workflow.handler is None or not isinstance(fields, dict):
        return
    types = _types(workflow.handler.case)
    keys = key_fields(workflow)
    rests = _resting(history)
    for name, form in fields.items():
        stated = name in keys and name not in history.untrusted and _is_key(form)
        integrity = Integrity.STATED if stated else Integrity.UNTRUSTED
        for path, inner in _leaves(name, form):
            field = types.get(path)
            word = _word(inner) if isinstance(inner, dict) else (field.type if field else "text")
            yield Witness(
                seq=1, tool="case", record="", path=path, element=0, type=word, form=inner,
                integrity=integrity, assumptions=rests.get(name, ()),
                secret=field is not None and field.secret,
            )  # fmt: skip


def _resting(history: History) -> dict[str, tuple[str, ...]]:
    """Return what was taken for granted in reading each field of the case."""
    found: dict[str, tuple[str, ...]] = {}
    for one in history.assumptions:
        name = one.partition(":")[0]
        found[name] = (*found.get(name, ()), one)
    return found


def _is_key(form: Json) -> bool:
    """One line of at most 200 characters; a record of such lines."""
    if isinstance(form, dict):
        return all(_is_key(item) for item in form.values())
    if isinstance(form, str):
        return len(form) <= KEY_FIELD_CHARACTERS_MAX and "\n" not in form
    return not isinstance(form, list)


def _leaves(path: str, form: Json) -> Iterator[tuple[str, Json]]:
    yield path, form
    if isinstance(form, dict) and set(form) != {"amount", "currency"}:
        for name, inner in form.items():
            yield from _leaves(f"{path}.{name}", inner)


def _selection(
    spec: ToolSpec, arguments: Json, places: Mapping[Place, list[Witness]]
) -> tuple[Integrity, tuple[str, ...]]:
    """Return how far the choice of this record can be trusted: as far as its key arguments.

    With it, what those arguments rest on: it is what the record rests on. Only what its sources
    name is looked at, so that a case with many reads does not look through all for each.
    """
    if not isinstance(arguments, dict) or not spec.params:
        return Integrity.VOUCHED, ()
    proofs = sources.prove(_as_action(spec), _given(spec, arguments), _named(spec, places))
    trusted = [
        proof.integrity if proof.proof.value == "proven" else Integrity.UNTRUSTED
        for proof in proofs
    ]
    return (
        min(trusted, key=lambda one: one.rank, default=Integrity.VOUCHED),
        joined(proof.assumptions for proof in proofs),
    )


def _about(
    spec: ToolSpec, arguments: Json, places: Mapping[Place, list[Witness]]
) -> tuple[tuple[str, str], ...]:
    """Return the tools and records from which a derive took what it was given."""
    if not isinstance(arguments, dict):
        return ()
    given, witnesses = _given(spec, arguments), _named(spec, places)
    derived = {one.tool: one.about for one in witnesses if one.about and _is_given(one, given)}
    found = {pair for about in derived.values() for pair in about}  # the newest of each derive
    for tool in sorted({one.tool for one in witnesses if one.record}):
        record = sources.acted_upon(_as_action(spec, on=tool), given, witnesses)
        found.add((tool, record))
    return tuple(sorted(found))


def _is_given(one: Witness, given: Mapping[str, Canonical]) -> bool:
    return any((one.type, one.form) == (value.type, value.form) for value in given.values())


def _as_action(spec: ToolSpec, *, on: str | None = None) -> ActionSpec:
    return ActionSpec(
        workflow=spec.workflow, name=spec.name, risk=Risk.LOW, params=spec.params, says="",
        undo=None, irreversible=False, on=on,
    )  # fmt: skip


def _given(spec: ToolSpec, arguments: Mapping[str, Json]) -> dict[str, Canonical]:
    return {
        param.name: Canonical(type=param.type, form=arguments[param.name])
        for param in spec.params
        if param.name in arguments
    }


def _named(spec: ToolSpec, places: Mapping[Place, list[Witness]]) -> list[Witness]:
    """Return what the sources of these parameters name."""
    named = sorted(sources.named([param.source for param in spec.params]))
    return [one for place in named for one in places.get(place, ())]


def _lower(one: Integrity, other: Integrity) -> Integrity:
    return min(one, other, key=lambda integrity: integrity.rank)


def facts_resting(spec: ActionSpec, witnesses: tuple[Witness, ...]) -> dict[str, tuple[str, ...]]:
    """Return what each derive that the rules weigh rests on."""
    named = {name for name, _ in spec.facts}
    made: dict[str, tuple[str, ...]] = {}
    for witness in witnesses:
        if witness.path == "value" and witness.tool in named and witness.assumptions:
            made[witness.tool] = joined([made.get(witness.tool, ()), witness.assumptions])
    return made


def record_of(spec: ToolSpec, result: Json) -> str:
    """Return what names the record that a read brought back; empty where nothing does."""
    if spec.record is None or not isinstance(result, dict):
        return ""
    value: Json = result
    for part in spec.record.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return "" if value is None else str(value)


def _at(result: Json, path: str, *, derive: bool) -> Iterator[tuple[str, int, Json]]:
    """Yield (path, element, form) of what stands at a declared path; `*` is each element."""
    if derive and path == "value":
        yield path, 0, result
        return
    level: list[tuple[int, Json]] = [(0, result)]
    for part in path.split("."):
        deeper: list[tuple[int, Json]] = []
        for element, value in level:
            if part == "*" and isinstance(value, list):
                deeper += list(enumerate(value))
            elif isinstance(value, Mapping) and part in value:
                deeper.append((element, value[part]))
        level = deeper
    for element, value in level:
        yield path, element, value


def record_fields(spec: ToolSpec, result: Json) -> dict[str, tuple[FieldSpec, Json]]:
    """Return the declared fields of a record with their values, by path."""
    return {
        field.path: (field, form)
        for field in spec.fields
        for _, _, form in _at(result, field.path, derive=spec.derive)
    }
