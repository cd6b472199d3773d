"""What runs an author's body: its values, typed, and the one call that it makes."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from remit.authoring.connector import opened
from remit.authoring.declared import DeclaredAction
from remit.domain.value import Json, canonical
from remit.errors import ArgumentsInvalidError, WorkflowCodeError
from remit.orchestration.doors import Captured, CaptureDoor


async def captured_call(action: DeclaredAction, values: Mapping[str, Any]) -> Captured:
    """Run an action's body up to its one call; raises `WorkflowCodeError` where it makes none."""
    try:
        with opened(CaptureDoor()):
            await action.body(**values)
    except Captured as captured:
        return captured
    raise WorkflowCodeError(
        f"action `{action.spec.name}` returned without calling `….perform`; "
        "an action's body makes exactly one call"
    )


def typed_values(
    adapters: Mapping[str, TypeAdapter[Any]], arguments: Mapping[str, Json], owner: str
) -> dict[str, Any]:
    """Return arguments as the body's own types; raises `ArgumentsInvalidError` without values."""
    made = {}
    for name, form in arguments.items():
        adapter = adapters.get(name)
        if adapter is None:
            raise ArgumentsInvalidError(f"`{owner}` takes no argument `{name}`")
        try:
            made[name] = adapter.validate_python(form)
        except ValidationError as error:
            raise ArgumentsInvalidError(
                f"`{owner}.{name}` does not fit: {faults_in(error)}"
            ) from None
    return made


def recorded(adapter: TypeAdapter[Any], value: object) -> Json:
    """Return a body's result as it is recorded: numbers and instants in the form that compares.

    INVARIANT: what was read proves itself, however many zeros the other system writes
    (tests/unit/orchestration/test_recorded_forms.py).
    """
    made: Json = _exact(adapter.dump_python(value, mode="json"), value)
    return made


def _exact(dumped: Any, value: object) -> Any:
    match value:
        case Decimal() if value.is_finite() and isinstance(dumped, str):
            return canonical(value).form
        case datetime() if value.tzinfo is not None and isinstance(dumped, str):
            return canonical(value).form
        case BaseModel() if isinstance(dumped, dict):
            return {
                name: _exact(item, getattr(value, name, None)) for name, item in dumped.items()
            }
        case Mapping() if isinstance(dumped, dict):
            named = {str(key): item for key, item in value.items()}
            return {name: _exact(item, named.get(name)) for name, item in dumped.items()}
        case list() | tuple() if isinstance(dumped, list) and len(dumped) == len(value):
            return [_exact(item, one) for item, one in zip(dumped, value, strict=True)]
        case _:
            return dumped


def faults_in(error: ValidationError) -> str:
    """Return places and kinds of the faults, never the values."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['type']}"
        for fault in error.errors(include_input=False, include_url=False, include_context=False)[
            :5
        ]
    )
