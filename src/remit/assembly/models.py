"""Routes to models, from settings."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from remit.domain.value import Json
from remit.errors import SettingsError
from remit.models import scripted
from remit.models.routing import Route
from remit.models.runtime import Runtime
from remit.settings import (
    ModelSettings,
    Project,
    ScriptedModel,
    WorkflowSettings,
    secret,
)


def routes_of(
    project: Project, settings: WorkflowSettings, *, connect: bool
) -> Mapping[str, Route]:
    """Return the routes to models; raises `SettingsError`."""
    models: dict[str, Runtime] = {
        name: _model(project, name, one, connect=connect) for name, one in settings.models.items()
    }
    routes = {}
    for name, one in settings.routes.items():
        missing = [model for model in one.models if model not in models]
        if missing:
            raise SettingsError(f"route `{name}` names `{missing[0]}`, which is no model here")
        routes[name] = Route(
            name=name,
            models=tuple(models[model] for model in one.models),
            timeout_seconds=one.timeout_seconds,
        )
    return MappingProxyType(routes)


def _model(project: Project, name: str, settings: ModelSettings, *, connect: bool) -> Runtime:
    if isinstance(settings, ScriptedModel):
        return scripted.load(project.path(settings.file), name=name)
    from remit.models.pydantic_ai import PydanticAIRuntime, Server

    return PydanticAIRuntime(
        Server(
            name=name,
            model=settings.id,
            base_url=settings.base_url,
            key=(secret(settings.key) if connect else None) or "none",
        )
    )


def script_of(project: Project, settings: ModelSettings) -> dict[str, Json]:
    """Return the digest of a scripted model's file, which is part of what it is."""
    if not isinstance(settings, ScriptedModel):
        return {}
    return {"script": hashlib.sha256(project.path(settings.file).read_bytes()).hexdigest()}
