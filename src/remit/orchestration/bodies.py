"""What runs an author's body: its values, typed, and the one call that it makes."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from remit.authoring.connector import opened
from remit.authoring.declared import DeclaredAction
from remit.domain.value import Json
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


def faults_in(error: ValidationError) -> str:
    """Return places and kinds of the faults, never the values."""
    return "; ".join(
        f"{'.'.join(map(str, fault['loc'])) or 'value'}: {fault['type']}"
        for fault in error.errors(include_input=False, include_url=False, include_context=False)[
            :5
        ]
    )
