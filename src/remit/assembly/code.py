"""The author's module and the workflow in it."""

import hashlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from remit.authoring.workflow import Workflow
from remit.errors import RegistrationError, RemitError, SettingsError
from remit.settings import (
    WorkflowSettings,
)


def load_module(folder: Path, place: str) -> ModuleType:
    """Import the file that `[workflow] module` names, from its own folder.

    Raises `SettingsError` or `RegistrationError` naming the file and line.
    """
    name, _, _ = place.partition(":")
    path = folder / f"{name}.py"
    if not path.is_file():
        raise SettingsError(f"there is no `{path}`; `module` names a file beside `remit.toml`")
    unique = f"remit_workflow_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(unique, path)
    if spec is None or spec.loader is None:
        raise SettingsError(f"`{path}` cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[unique] = module
    sys.path.insert(0, str(folder))
    try:
        spec.loader.exec_module(module)
    except RemitError:
        raise
    except Exception as error:
        raise RegistrationError(
            f"`{path}` cannot be imported: {type(error).__name__}: {error}"
        ) from error
    finally:
        sys.path.remove(str(folder))
    return module


def workflow_of(module: ModuleType, settings: WorkflowSettings) -> Workflow:
    """Return the workflow that the settings name, finished.

    Raises `RegistrationError` and `SettingsError`.
    """
    _, _, attribute = settings.module.partition(":")
    found = getattr(module, attribute or "workflow", None)
    if not isinstance(found, Workflow):
        raise RegistrationError(
            f'`{settings.module}` is no workflow; write `name = Workflow("{settings.name}")`'
        )
    if found.name != settings.name:
        raise RegistrationError(
            f"the module's workflow is `{found.name}` and `remit.toml` says `{settings.name}`; "
            "make them equal"
        )
    for name in settings.actions:
        if name not in found.actions:
            raise SettingsError(f"`[workflow.actions.{name}]` is no action of `{found.name}`")
    return found.finished()
