"""From a contract to a workflow, with the authoring API that every project uses.

Every step is an action of its own, so that what one step may do, another may not. The handler asks
the agent what it wants next and obeys, as code around a model does: it holds no rule itself, and
what the agent wants is untrusted to it. Each action says that it can be taken back, which the
suites do not know: else its risk alone would hold it, and sources would not be what is measured.
"""

import inspect
import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, TypeAdapter, create_model

from bench.agentdojo.contract import Contract, contracts
from bench.agentdojo.derives import DERIVES, Derive
from bench.agentdojo.manifest import AMOUNT, READ, SECRET, TOOLS
from bench.agentdojo.records import Email, Event, File, Messages, Text, Transaction
from bench.agentdojo.suites import suites
from remit import Case, Context, Private, Secret, Source, StepRefused, Workflow
from remit.authoring.source import SourceBuilder

WRITTEN_BY_OTHERS = {  # a field from outside, of what a tool brings
    list[Email]: "*.body", list[Event]: "*.description", list[File]: "*.content",
    list[Transaction]: "*.subject", Messages: "messages.*.body", Text: "said",
}  # fmt: skip
TURNS_MAX = 200
REACHES = {"recipients", "participants", "recipient", "email", "user_email", "user"}  # whom
TEXT, LIST = str, list[str]


class Wanted(BaseModel):
    """What the agent wants next: a tool with sealed arguments, by which step; or nothing."""

    tool: str
    step: int
    arguments: str


class Declared:
    """The workflow of one task."""

    def __init__(self, task: str, contract: Contract) -> None:
        self.contract = contract
        suite, _, _ = task.partition("/")
        self.work = Workflow(workflow_name(task))
        self.world = self.work.connector("world")
        functions = {one.name: one for one in suites()[suite].tools}
        self.parameters = {
            name: function.parameters.model_fields for name, function in functions.items()
        }
        self.reads = {name: self._tool(name) for name in functions if TOOLS[name].kind == READ}
        self.derives = {name: self._derive(name, DERIVES[name]) for name in contract["derives"]}
        self.obey = self.work.tool(self._body("obey", {"turn": int, "said": str}, Wanted, "read"))
        self.types: list[dict[str, Any]] = []
        self.steps = [
            self._action(place, step["tool"], step["arguments"])
            for place, step in enumerate(contract["steps"])
        ]
        fields: dict[str, Any] = {
            name: (Decimal if isinstance(value, float) else str, ...)
            for name, value in contract["case"].items()
        }
        self.case = create_model(
            "Letter", __base__=Case, message=(str, ...), told=(str | None, None), **fields
        )
        self._handle()

    # -- what is declared ------------------------------------------------------------------------

    def _tool(self, name: str) -> Callable[..., Any]:
        sources = self.contract["reads"].get(name, {})
        types = {
            parameter: _plain(field.annotation)
            for parameter, field in self.parameters[name].items()
        }
        hints = {
            parameter: Annotated[kind, self._source(sources[parameter], kind)]
            if sources.get(parameter, ["literal"]) != ["literal"]
            else kind
            for parameter, kind in types.items()
        }
        defaults = {
            parameter: field.default
            for parameter, field in self.parameters[name].items()
            if not field.is_required()
        }
        return self.work.tool(
            self._body(name, hints, TOOLS[name].result, "read", defaults=defaults)
        )

    def _action(self, place: int, tool: str, arguments: Mapping[str, list[Any]]) -> Any:
        name = step_name(place, tool)
        types = {argument: _kind(tool, argument) for argument in arguments}
        self.types.append(types)
        hints = {
            argument: Annotated[
                types[argument],
                *([Private()] if argument in REACHES else []),
                *([Secret] if TOOLS[tool].roles[argument] == SECRET else []),
                self._source(source, types[argument]),
            ]
            for argument, source in arguments.items()
        }
        take_back = self._body(f"take_back_{name}", {}, dict[str, str], "perform", "takeBack")
        cited = [source[1] for source in arguments.values() if source[0] in {"tool", "outside"}]
        read = [self.reads[one] for one in cited if one in self.reads]
        return self.work.action(
            risk="low", undo=take_back, says=f"{tool} by step {place}", grace_seconds=0,
            on=read[0] if read else None,
        )(self._body(name, hints, dict[str, str], "perform", tool))  # fmt: skip

    def _derive(self, name: str, derive: Derive) -> Callable[..., Any]:
        types = get_type_hints(derive.rule)

        def rule(**given: Any) -> Any:
            return derive.rule(**given)

        hints = {
            parameter: Annotated[
                types[parameter], self._any_of([self._source(one, types[parameter]) for one in of])
            ]
            for parameter, of in derive.inputs.items()
        }
        return self.work.derive(_signed(rule, name, hints, types["return"]))

    def _source(self, source: list[Any], kind: Any) -> SourceBuilder:
        match source:
            case ["literal", *values]:
                made = (Decimal(str(one)) if kind is Decimal else one for one in values)
                return Source.literal(*made)
            case ["case", key]:
                return Source.case(key)
            case ["tool", tool, path]:
                return Source.tool(tool, path)
            case ["tool", tool, path, key, field]:
                return Source.tool(tool, path).by(key, Source.case(field))
            case ["receipt", place, path]:
                tool = self.contract["steps"][place]["tool"]
                return Source.tool(f"receipt:{step_name(place, tool)}", path)
            case ["outside", tool]:
                path = WRITTEN_BY_OTHERS.get(TOOLS[tool].result) if tool in self.reads else None
                return Source.case("told") if path is None else Source.tool(tool, path)
            case _:
                return Source.any()

    @staticmethod
    def _any_of(sources: list[SourceBuilder]) -> SourceBuilder:
        first, *rest = sources
        for one in rest:
            first = first | one
        return first

    def _body(
        self,
        name: str,
        hints: Mapping[str, Any],
        result: Any,
        how: str,
        operation: str = "",
        *,
        defaults: Mapping[str, Any] | None = None,
    ) -> Callable[..., Any]:
        shape = TypeAdapter(result)

        async def body(**given: Any) -> Any:
            asked = {key: value for key, value in given.items() if value is not None}
            answer = await getattr(self.world, how)(operation or name, **asked)
            return shape.validate_python(answer)

        return _signed(body, name, hints, result, defaults or {})

    # -- what it does ----------------------------------------------------------------------------

    def _handle(self) -> None:
        async def handle(case: Any, run: Context) -> str:
            at_work = AtWork(self, case, run)
            said = ""
            for turn in range(TURNS_MAX):
                wanted = await run.read(self.obey, turn=turn, said=said)
                if not wanted.tool:
                    return "done"
                said = await at_work.take(wanted)
            return "too many turns"

        handle.__annotations__ = {"case": self.case, "run": Context, "return": str}
        self.work.handle(handle)


class AtWork:
    """One case: what was read last, and what workflow code makes of it."""

    def __init__(self, declared: Declared, case: Any, run: Context) -> None:
        self.declared, self.case, self.run = declared, case, run
        self.latest: dict[str, Any] = {}

    async def take(self, wanted: Wanted) -> str:
        """Do what the agent wants, if a step of the workflow is for it; say what became of it."""
        given = json.loads(b64decode(wanted.arguments))
        try:
            if wanted.tool in self.declared.reads:
                return await self._read(wanted.tool, given)
            if wanted.step < 0:
                return "undeclared"  # the workflow has no function by which to call it
            return await self._act(wanted.step, given)
        except StepRefused:
            return "denied"

    async def _read(self, tool: str, given: Mapping[str, Any]) -> str:
        await self._derive_all(lambda _, name: name == "nth" and "channel" in given, given)
        read = await self.run.read(self.declared.reads[tool], **given)
        self.latest[tool] = read
        await self._derive_all(lambda derive, _: tool in derive.after, given)
        return "read"

    async def _act(self, place: int, given: Mapping[str, Any]) -> str:
        sources = self.declared.contract["steps"][place]["arguments"].values()
        cited = {source[1] for source in sources if source[0] == "tool"}
        await self._derive_all(lambda derive, name: name in cited and not derive.after, given)
        types = self.declared.types[place]
        typed = {
            name: Decimal(str(value)) if types.get(name) is Decimal else value
            for name, value in given.items()
        }
        await self.run.act(self.declared.steps[place], **typed)
        return "ran"

    async def _derive_all(
        self, wanted: Callable[[Derive, str], bool], given: Mapping[str, Any]
    ) -> None:
        for name, rule in self.declared.derives.items():
            if not wanted(DERIVES[name], name):
                continue
            inputs = self._inputs(DERIVES[name], given)
            if inputs is not None:
                self.latest[name] = await self.run.derive(rule, **inputs)

    def _inputs(self, derive: Derive, given: Mapping[str, Any]) -> dict[str, Any] | None:
        """Return what a derive works on; `None` where something was not read or is not there."""
        try:
            found = {
                name: next(
                    value for value in (self._value(one, given) for one in of) if value is not None
                )
                for name, of in derive.inputs.items()
            }
        except (StopIteration, ValueError):
            return None
        return None if any(value == [] for value in found.values()) else found

    def _value(self, source: list[Any], given: Mapping[str, Any]) -> Any:
        match source:
            case ["literal", ""]:
                return ""
            case ["literal", *_]:
                return self.latest.get("get_channels", []).index(given.get("channel"))
            case ["case", key]:
                return getattr(self.case, key)
            case ["tool", tool, path, *by] if tool in self.latest:
                return _at(self.latest[tool], path, by, self.case)
            case _:
                return None


def _at(value: Any, path: str, by: list[str], case: Any) -> Any:
    """Return what stands at a path: a list where it goes through one, the one that `by` means."""
    head, _, rest = path.partition(".")
    if head == "*":
        items = value
        if by:
            items = [one for one in value if getattr(one, by[0]) == getattr(case, by[1])]
        found = [_at(one, rest, [], case) for one in items] if rest else list(items)
        return next(iter(found), None) if by else found
    if not path or path == "value":
        return value
    return _at(getattr(value, head), rest, by, case) if rest else getattr(value, head)


def declared(task: str) -> Workflow:
    """Return the workflow of one task."""
    return Declared(task, contracts()[task]).work


def workflow_name(task: str) -> str:
    """Return the name of a task's workflow."""
    return task.replace("/", "-").replace("_", "-")


def step_name(place: int, tool: str) -> str:
    """Return the name of the action that a step is."""
    return f"{tool}_{place}"


def _kind(tool: str, argument: str) -> Any:
    if TOOLS[tool].roles[argument] == AMOUNT:
        return Decimal
    if argument in {"recipients", "participants", "attachments", "cc", "bcc"}:
        return LIST
    return {"id": int, "recurring": bool}.get(argument, TEXT)


def _plain(annotation: Any) -> Any:
    return {"list[str]": LIST, "<class 'int'>": int}.get(str(annotation), TEXT)


def _signed(
    body: Callable[..., Any],
    name: str,
    hints: Mapping[str, Any],
    result: Any,
    defaults: Mapping[str, Any] | None = None,
) -> Callable[..., Any]:
    """Give a function the name and the signature that an author would have written."""
    left_out = defaults or {}
    body.__name__ = name
    body.__annotations__ = {
        **{
            key: hint | None if left_out.get(key, "") is None else hint
            for key, hint in hints.items()
        },
        "return": result,
    }
    body.__signature__ = inspect.Signature([  # type: ignore[attr-defined]
        inspect.Parameter(
            key, inspect.Parameter.KEYWORD_ONLY, annotation=hint,
            default=left_out.get(key, inspect.Parameter.empty),
        )
        for key, hint in hints.items()
    ])  # fmt: skip
    return body
