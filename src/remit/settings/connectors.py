"""Other systems: `[workflow.connectors.NAME]`."""

from typing import Annotated, Literal

from pydantic import Field

from remit.settings.table import Table


class OperationSettings(Table):
    """What the other side's document does not say of an operation."""

    undo: str | None = None
    find: str | None = None
    keys: str | None = None  # the header that carries the idempotency key
    addressed_by: str | None = None  # the argument that names who receives it
    timeout_seconds: float = Field(default=30.0, gt=0, le=120)
    settled_after_seconds: float = Field(default=0.0, ge=0)


class OpenApiSettings(Table):
    kind: Literal["openapi"]
    document: str
    url: str
    key: str | None = None
    operations: dict[str, OperationSettings] = {}
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


class RecorderSettings(Table):
    """A stand-in for another system that writes down what it is told."""

    kind: Literal["recorder"]
    file: str
    operations: list[str] = Field(min_length=1)
    concurrent_max: int | None = Field(default=None, gt=0)  # calls at once, in one process


ConnectorSettings = Annotated[OpenApiSettings | RecorderSettings, Field(discriminator="kind")]
