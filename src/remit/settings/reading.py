"""Read `remit.toml` and the environment."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from remit.errors import SettingsError
from remit.settings.project import Project, Settings

FILE = "remit.toml"
FILE_BYTES_MAX = 1024 * 1024
FAULTS_SHOWN_MAX = 5


def read(folder: Path, environment: Mapping[str, str] | None = None) -> Project:
    """Read the project in a folder.

    The environment may set `REMIT_DATABASE`, `REMIT_DISPATCH`, `REMIT_KEYS`, `REMIT_TRAINED`,
    `REMIT_HOST` and `REMIT_PORT`. Raises `SettingsError` naming file, place and what to write.
    """
    given = os.environ if environment is None else environment
    top = _file(folder)
    changes: dict[str, Any] = {
        name: given[f"REMIT_{name.upper()}"]
        for name in ("database", "dispatch", "keys", "trained", "host", "port")
        if given.get(f"REMIT_{name.upper()}")
    }
    if changes:
        top = _checked(folder / FILE, {**top.model_dump(exclude_unset=True), **changes})
    if top.dispatch == "dbos" and top.database.startswith("sqlite"):
        raise SettingsError(
            f'`{folder / FILE}`: `dispatch = "dbos"` needs PostgreSQL, and `database` is a file '
            "of SQLite; set `database` to `postgresql://…`, or leave `dispatch` out"
        )
    members = []
    for name in top.workflows:
        inner = folder / name
        settings = _file(inner)
        if settings.workflow is None:
            raise SettingsError(
                f"`{inner / FILE}` has no `[workflow]`; add one, or do not list it"
            )
        members.append(Project(folder=inner.resolve(), settings=settings, above=top.limits))
    project = Project(folder=folder.resolve(), settings=top, members=tuple(members))
    _limits_of_known(project)
    if not project.workflows:
        raise SettingsError(
            f"`{folder / FILE}` names no workflow; add `[workflow]` or list folders in `workflows`"
        )
    return project


def _limits_of_known(project: Project) -> None:
    """Raise `SettingsError` for a limit of a workflow that is none of this project."""
    known = {
        one.settings.workflow.name
        for one in project.workflows
        if one.settings.workflow is not None
    }
    for member in (project, *project.members):
        for limit in member.settings.limits:
            flow = (limit.action or "").partition(".")[0]
            if flow and flow not in known:
                raise SettingsError(
                    f"`{member.folder / FILE}`: limit `{limit.name}` is of workflow `{flow}`; "
                    f"there are {', '.join(sorted(known))}"
                )


def secret(reference: str | None, environment: Mapping[str, str] | None = None) -> str | None:
    """Return what a reference `env:NAME` or `file:PATH` stands for; other text is itself.

    Raises `SettingsError` when nothing is there.
    """
    if reference is None:
        return None
    kind, colon, name = reference.partition(":")
    given = os.environ if environment is None else environment
    if colon and kind == "env":
        if name not in given:
            raise SettingsError(f"the environment variable `{name}` is not set; set it")
        return given[name]
    if colon and kind == "file":
        try:
            return Path(name).read_text("utf-8").strip()
        except OSError as error:
            raise SettingsError(f"the file `{name}` of a secret cannot be read") from error
    return reference


def _file(folder: Path) -> Settings:
    path = folder / FILE
    try:
        content = path.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"there is no `{FILE}` in `{folder}`; go to your project's folder, "
            "name it with `--project`, or start one with `remit new NAME`"
        ) from error
    if len(content) > FILE_BYTES_MAX:
        raise SettingsError(f"`{path}` is larger than {FILE_BYTES_MAX} bytes")
    try:
        return _checked(path, tomllib.loads(content.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{path}` is not TOML: {error}") from error


def _checked(path: Path, table: Mapping[str, Any]) -> Settings:
    try:
        return Settings.model_validate(table)
    except ValidationError as error:
        faults = [
            f"`{'.'.join(map(str, fault['loc']))}`: {fault['msg'][:1].lower()}{fault['msg'][1:]}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        more = len(faults) - FAULTS_SHOWN_MAX
        said = "; ".join(faults[:FAULTS_SHOWN_MAX]) + (f"; and {more} more" if more > 0 else "")
        raise SettingsError(f"`{path}`: {said}") from None
