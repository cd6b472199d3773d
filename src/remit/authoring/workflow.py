"""A workflow: the author's functions, registered by decorators."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, ParamSpec, TypeVar, get_type_hints, overload

from pydantic import TypeAdapter

from remit.authoring.case import Case
from remit.authoring.connector import ConnectorHandle
from remit.authoring.context import Context
from remit.authoring.declared import DeclaredAction, DeclaredHandler, DeclaredTool
from remit.authoring.schema import fields_of, params_of, result_of
from remit.authoring.segments import segments_of
from remit.domain.action import (
    ActionSpec,
    CaseSource,
    FieldSpec,
    OneOf,
    Risk,
    ToolSource,
    ToolSpec,
    alternatives,
)
from remit.domain.action import (
    ParamSpec as ParamSpecValue,
)
from remit.errors import RegistrationError

P = ParamSpec("P")
T = TypeVar("T")
K = TypeVar("K", bound=Case)


class Workflow:
    """A named piece of work; its decorators declare what it may read and change."""

    def __init__(self, name: str) -> None:
        if not name or not all(part.isalnum() for part in name.split("-")):
            raise RegistrationError(f"`{name}` is no workflow name; use words joined by `-`")
        self.name = name
        self.tools: dict[str, DeclaredTool] = {}
        self.actions: dict[str, DeclaredAction] = {}
        self.handler: DeclaredHandler | None = None

    def connector(self, name: str) -> ConnectorHandle:
        """Return the handle of a connector that `remit.toml` sets up."""
        return ConnectorHandle(name)

    @overload
    def tool(self, body: Callable[P, Awaitable[T]], /) -> Callable[P, Awaitable[T]]: ...

    @overload
    def tool(
        self, *, record: str | None = None, egress: bool = False
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]: ...

    def tool(
        self,
        *bodies: Callable[..., Awaitable[Any]],
        record: str | None = None,
        egress: bool = False,
    ) -> Any:
        """Declare a read on another system: recorded, masked, never held.

        `record` is the path of the result field that names the record; default `id` where there is
        one. With `egress` its arguments leave for somebody else, such as an address to fetch: each
        needs a source, and what they carry is judged before the read.
        """

        def declare(body: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
            self._async(body, "tool")
            self._tool(body, record=record, derive=False, egress=egress)
            return body

        return declare(bodies[0]) if bodies else declare

    def derive(self, body: Callable[P, T]) -> Callable[P, T]:
        """Declare a pure function whose result is recorded and may be cited as a source."""
        if inspect.iscoroutinefunction(body):
            raise RegistrationError(f"derive `{body.__name__}` is async; it must only compute")
        self._tool(body, record=None, derive=True)
        return body

    def action(
        self,
        *,
        risk: Risk | str,
        says: str,
        undo: Callable[..., Awaitable[Any]] | None = None,
        irreversible: bool = False,
        on: Callable[..., Awaitable[Any]] | None = None,
        times_max: int = 1,
        grace_seconds: int | None = None,
        denial_group: str | None = None,
        facts: Sequence[Callable[..., Any]] = (),
        rows: Callable[..., Any] | None = None,
        recipients: Callable[..., Any] | None = None,
        segment: Callable[..., Any] | None = None,
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Awaitable[T]]]:
        """Declare a kind of change in another system.

        `says` is its sentence with `{parameter}` slots; `undo` takes its result back, or it is
        `irreversible`; `on` is the tool whose record it changes; `facts` are derives that policy
        may look at; `rows` and `recipients` are derives that count what it reaches, for limits;
        `segment` names, from some of its arguments, the segment that a proposal belongs to.
        Raises `RegistrationError` for a declaration that cannot be governed.
        """

        def declare(body: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
            self._async(body, "action")
            name = body.__name__
            self._new(name)
            level = self._risk(name, risk, undo=undo, irreversible=irreversible)
            params = params_of(body, sources_required=True)
            self._slots(name, says, params)
            undo_name = None if undo is None else self._undo(undo, of=name, risk=level)
            known = {param.name for param in params}
            segments = None if segment is None else segments_of(segment, action=name, params=known)
            self.actions[name] = DeclaredAction(
                spec=ActionSpec(
                    workflow=self.name,
                    name=name,
                    risk=level,
                    params=params,
                    says=says,
                    undo=undo_name,
                    irreversible=irreversible,
                    on=on.__name__ if on is not None else self._on(name, params),
                    times_max=times_max,
                    grace_seconds=grace_seconds,
                    denial_group=denial_group,
                    facts=tuple((fact.__name__, self._fact(name, fact)) for fact in facts),
                    reaches=self._reaches(name, rows=rows, recipients=recipients),
                    segments=() if segments is None else segments.names,
                ),
                body=body,
                arguments=self._adapters(body),
                result=TypeAdapter(result_of(body)),
                segments=segments,
            )
            return body

        return declare

    def handle(
        self, body: Callable[[K, Context], Awaitable[Any]]
    ) -> Callable[[K, Context], Awaitable[Any]]:
        """Declare the function that works on one case."""
        self._async(body, "handler")
        if self.handler is not None:
            raise RegistrationError(f"workflow `{self.name}` has two handlers; keep one")
        hints = get_type_hints(body)
        names = list(inspect.signature(body).parameters)
        case = hints.get(names[0]) if len(names) == 2 else None  # noqa: PLR2004 - case and run
        if case is None or not (inspect.isclass(case) and issubclass(case, Case)):
            raise RegistrationError(
                f"handler `{body.__name__}` must take a case and a context: "
                "`async def handle(case: MyCase, run: Context)`"
            )
        self.handler = DeclaredHandler(case=case, body=body)
        return body

    # -- checks ----------------------------------------------------------------------------------

    def _tool(
        self,
        body: Callable[..., Any],
        *,
        record: str | None,
        derive: bool,
        egress: bool = False,
    ) -> None:
        self._new(body.__name__)
        where = f"`{self.name}.{body.__name__}`"
        result = result_of(body)
        if result is None:
            raise RegistrationError(f"{where} declares no result type; annotate it")
        fields = fields_of(result, where)
        if derive:
            fields = tuple(
                FieldSpec(
                    path=field.path or "value", type=field.type, system=True, secret=field.secret
                )
                for field in fields
            )
        if record is None and any(field.path == "id" for field in fields):
            record = "id"
        self.tools[body.__name__] = DeclaredTool(
            spec=ToolSpec(
                workflow=self.name,
                name=body.__name__,
                params=params_of(body, sources_required=egress),
                fields=fields,
                record=record,
                derive=derive,
                egress=egress,
            ),
            body=body,
            arguments=self._adapters(body),
            result=TypeAdapter(result),
            result_type=result,
        )

    def _undo(self, body: Callable[..., Awaitable[Any]], *, of: str, risk: Risk) -> str:
        """Register an undo: its parameters are filled from the receipt of what it takes back.

        Several actions may share one; its risk is then the highest of theirs.
        """
        name = body.__name__
        known = self.actions.get(name)
        if known is not None and known.spec.is_undo:
            params = tuple(_from_receipt(param, of=of) for param in known.spec.params)
            higher = max(known.spec.risk, risk, key=list(Risk).index)
            spec = replace(known.spec, params=params, risk=higher)
            self.actions[name] = replace(known, spec=spec)
        elif known is None:
            self._async(body, "undo")
            self._new(name)
            params = tuple(
                ParamSpecValue(
                    name=param.name,
                    type=param.type,
                    source=ToolSource(tool=f"receipt:{of}", path=param.name),
                    optional=param.optional,
                    private=param.private,
                    leaves=param.leaves,
                )
                for param in params_of(body, sources_required=False)
            )
            slots = ", ".join(f"{{{param.name}}}" for param in params if param.type != "record")
            self.actions[name] = DeclaredAction(
                spec=ActionSpec(
                    workflow=self.name,
                    name=name,
                    risk=risk,
                    params=params,
                    says=f"Undo {of.replace('_', ' ')}" + (f" ({slots})" if slots else ""),
                    undo=None,
                    irreversible=False,
                    on=None,
                    is_undo=True,
                ),
                body=body,
                arguments=self._adapters(body),
                result=TypeAdapter(result_of(body)),
            )
        return name

    def _risk(self, name: str, risk: Risk | str, *, undo: object, irreversible: bool) -> Risk:
        try:
            level = Risk(risk)
        except ValueError as error:
            raise RegistrationError(
                f"action `{name}` has the risk `{risk}`; use low, normal, money or irreversible"
            ) from error
        if undo is None and not irreversible and level is not Risk.IRREVERSIBLE:
            raise RegistrationError(
                f"action `{name}` says not how it is taken back; "
                "give `undo=` or say `irreversible=True`"
            )
        if undo is not None and irreversible:
            raise RegistrationError(f"action `{name}` has an undo and is irreversible; keep one")
        return Risk.IRREVERSIBLE if irreversible else level

    def _slots(self, name: str, says: str, params: tuple[ParamSpecValue, ...]) -> None:
        try:
            says.format(**{param.name: "" for param in params})
        except (KeyError, IndexError, ValueError) as error:
            raise RegistrationError(
                f"the sentence of action `{name}` has a slot that is no parameter: {error}"
            ) from error

    def _on(self, name: str, params: tuple[ParamSpecValue, ...]) -> str | None:
        cited = {
            source.tool
            for param in params
            for source in alternatives(param.source)
            if isinstance(source, ToolSource)
        }
        reads = {tool for tool in cited if tool in self.tools and not self.tools[tool].spec.derive}
        if len(reads) > 1:
            raise RegistrationError(
                f"action `{name}` cites {', '.join(sorted(reads))}; "
                "say with `on=` which record it changes"
            )
        return next(iter(reads), None)

    def _fact(self, name: str, fact: Callable[..., Any]) -> str:
        declared = self.tools.get(fact.__name__)
        if declared is None or not declared.spec.derive:
            raise RegistrationError(
                f"action `{name}` names the fact `{fact.__name__}`, which is no derive"
            )
        return declared.spec.fields[0].type

    def _reaches(
        self, name: str, **counted: Callable[..., Any] | None
    ) -> tuple[tuple[str, str], ...]:
        found = {measure: derive for measure, derive in counted.items() if derive is not None}
        for measure, derive in found.items():
            if self._fact(name, derive) != "integer":
                raise RegistrationError(
                    f"action `{name}` counts its {measure} with `{derive.__name__}`, which comes "
                    "to no whole number"
                )
        return tuple((measure, derive.__name__) for measure, derive in found.items())

    def _new(self, name: str) -> None:
        if name in self.tools or name in self.actions:
            raise RegistrationError(f"`{self.name}.{name}` is declared twice; rename one")

    def _async(self, body: Callable[..., Any], kind: str) -> None:
        if not inspect.iscoroutinefunction(body):
            raise RegistrationError(f"{kind} `{body.__name__}` is not async; write `async def`")

    def _adapters(self, body: Callable[..., Any]) -> dict[str, TypeAdapter[Any]]:
        hints = get_type_hints(body, include_extras=True)
        hints.pop("return", None)
        return {name: TypeAdapter(hint) for name, hint in hints.items()}

    def finished(self) -> "Workflow":
        """Return this workflow with the case's key fields as sources of its tools.

        Raises `RegistrationError` when something that one part names does not exist.
        """
        if self.handler is None:
            raise RegistrationError(f"workflow `{self.name}` has no handler; add `@….handle`")
        fields = set(self.handler.case.model_fields)
        typed = {one.path: one.type for one in fields_of(self.handler.case, "case")}
        for declared in self.tools.values():
            declared.take_key_fields(typed)
        for owner, params in self._declared_params():
            for param in params:
                for source in alternatives(param.source):
                    self._exists(owner, param.name, source, fields)
        return self

    def _declared_params(self) -> list[tuple[str, tuple[ParamSpecValue, ...]]]:
        return [(name, tool.spec.params) for name, tool in self.tools.items()] + [
            (name, action.spec.params) for name, action in self.actions.items()
        ]

    def _exists(self, owner: str, param: str, source: object, fields: set[str]) -> None:
        where = f"`{owner}.{param}`"
        match source:
            case CaseSource(field=field) if field.split(".")[0] not in fields:
                raise RegistrationError(
                    f"{where} comes from the case's `{field}`, which is no field"
                )
            case ToolSource(tool=tool) if tool.startswith("receipt:"):
                return
            case ToolSource(tool=tool) if tool not in self.tools:
                raise RegistrationError(f"{where} comes from `{tool}`, which is no tool")
            case ToolSource(tool=tool, path=path) if self.tools[tool].spec.field(path) is None:
                known = ", ".join(field.path for field in self.tools[tool].spec.fields)
                raise RegistrationError(
                    f"{where} comes from `{tool}.{path}`, which is no field; there are {known}"
                )
            case _:
                return


def _from_receipt(param: ParamSpecValue, *, of: str) -> ParamSpecValue:
    """Return the parameter of an undo with the receipt of one more action as its source."""
    source = ToolSource(tool=f"receipt:{of}", path=param.name)
    return replace(param, source=OneOf(sources=(*alternatives(param.source), source)))
