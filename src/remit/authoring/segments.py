"""Segments: the regions of an action's cases that each earn autonomy by themselves."""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter

from remit.domain.autonomy import OTHER, SEGMENTS_MAX, WHOLE
from remit.domain.value import Json
from remit.errors import RegistrationError


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclaredSegments:
    """A pure function of an action's arguments that names the segment of a proposal."""

    names: tuple[str, ...]  # in the order of the declaration; `other` is not among them
    body: Callable[..., Any]
    arguments: Mapping[str, TypeAdapter[Any]]

    def of(self, arguments: Mapping[str, Json]) -> str:
        """Return the segment of a proposal with these masked arguments.

        Whatever the function does not claim, or fails on, is `other`: every proposal has one.
        """
        try:
            given = {
                name: adapter.validate_python(arguments.get(name))
                for name, adapter in self.arguments.items()
            }
            said = self.body(**given)
        except Exception:  # noqa: BLE001 - the author's code may raise anything
            return OTHER
        name = said.value if isinstance(said, Enum) else said
        return name if name in self.names else OTHER


def segments_of(body: Callable[..., Any], *, action: str, params: set[str]) -> DeclaredSegments:
    """Return what the author's function declares: its result names every segment.

    Raises `RegistrationError` for a function that cannot be asked before the gate decides.
    """
    where = f"the segments of action `{action}`, `{body.__name__}`,"
    if inspect.iscoroutinefunction(body):
        raise RegistrationError(f"{where} are async; they must only compute")
    hints = get_type_hints(body, include_extras=True)
    names = _names(hints.pop("return", None))
    if not names or not all(names) or len(names) > SEGMENTS_MAX:
        raise RegistrationError(
            f"{where} name no segment or more than {SEGMENTS_MAX}; annotate the result with "
            '`Literal["small", "large"]` or an `Enum` of texts'
        )
    taken = sorted({OTHER, WHOLE} & set(names))
    if taken:
        raise RegistrationError(f"{where} use the name `{taken[0]}`, which Remit keeps; rename it")
    parted = next((name for name in names if "/" in name), None)
    if parted is not None:
        raise RegistrationError(f"{where} use the name `{parted}`; write it without `/`")
    unknown = sorted(set(inspect.signature(body).parameters) - params)
    if unknown:
        raise RegistrationError(
            f"{where} take `{unknown[0]}`, which is no parameter of the action; "
            f"there are {', '.join(sorted(params))}"
        )
    return DeclaredSegments(
        names=names, body=body, arguments={name: TypeAdapter(hint) for name, hint in hints.items()}
    )


def _names(result: Any) -> tuple[str, ...]:
    if get_origin(result) is Literal:
        return tuple(one for one in get_args(result) if isinstance(one, str))
    if inspect.isclass(result) and issubclass(result, Enum):
        return tuple(one.value for one in result if isinstance(one.value, str))
    return ()
