"""What a decorator leaves behind: a specification and the body that carries it out."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import TypeAdapter

from remit.authoring.case import Case
from remit.authoring.segments import DeclaredSegments
from remit.domain.action import ActionSpec, AnySource, CaseSource, ToolSpec
from remit.domain.autonomy import WHOLE
from remit.domain.value import Json


@dataclass(slots=True, kw_only=True)
class DeclaredTool:
    """A tool or derive."""

    spec: ToolSpec
    body: Callable[..., Any]
    arguments: Mapping[str, TypeAdapter[Any]]
    result: TypeAdapter[Any]
    result_type: Any
    filled_in: tuple[str, ...] = ()  # parameters whose source nobody wrote down

    def take_key_fields(self, fields: Mapping[str, str]) -> None:
        """Let each parameter without a source that is named and typed like a case field be it.

        `fields` are the type words of the case's fields.
        """
        self.filled_in = tuple(
            param.name
            for param in self.spec.params
            if isinstance(param.source, AnySource) and fields.get(param.name) == param.type
        )
        self.spec = replace(
            self.spec,
            params=tuple(
                replace(param, source=CaseSource(field=param.name))
                if param.name in self.filled_in
                else param
                for param in self.spec.params
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredAction:
    """An action or an undo."""

    spec: ActionSpec
    body: Callable[..., Awaitable[Any]]
    arguments: Mapping[str, TypeAdapter[Any]]
    result: TypeAdapter[Any]
    segments: DeclaredSegments | None = None

    def segment(self, arguments: Mapping[str, Json]) -> str:
        """Return the segment of a proposal with these masked arguments."""
        return WHOLE if self.segments is None else self.segments.of(arguments)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredHandler:
    """The function that works on one case."""

    case: type[Case]
    body: Callable[[Any, Any], Awaitable[Any]]
