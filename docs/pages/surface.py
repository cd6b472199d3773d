"""What people type: settings, commands, and the names that workflow code imports."""

import inspect
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Literal, get_args, get_origin

import click
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import remit
from pages.markdown import page, table
from remit import settings
from remit.cli.main import remit as command_line

COLUMNS = 96

# -- settings ------------------------------------------------------------------------------------


def settings_page() -> str:
    """Return every table of `remit.toml` with its keys."""
    parts: list[str] = []
    for path, model in _tables("", settings.Settings):
        parts.append(f"## `[{path}]`{_kind(model)}" if path else "## At the top")
        own = vars(model).get("__doc__")
        if own and path:
            parts.append(" ".join(inspect.cleandoc(own).split()))
        rows = [
            [f"`{name}`", _annotation(info.annotation), _default(info), _bounds(info)]
            for name, info in model.model_fields.items()
            if not list(_inner("", name, info.annotation))
        ]
        if rows:
            parts.append(table(["key", "type", "default", "bounds"], rows))
    return page(
        "Settings",
        "src/remit/settings/",
        "A project is a folder with a `remit.toml`. A key that is not listed here is refused, "
        "with its place. `REMIT_DATABASE`, `REMIT_DISPATCH`, `REMIT_KEYS`, `REMIT_HOST` and "
        "`REMIT_PORT` in the environment win over the file. `NAME` is a name of your choice.",
        *parts,
    )


def _tables(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, model
    for name, info in model.model_fields.items():
        for inner, opened in _inner(path, name, info.annotation):
            yield from _tables(inner, opened)


def _inner(path: str, name: str, hint: object) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the tables that a key opens: `[workflow]`, `[people.NAME]`, one of several kinds."""
    here = f"{path}.{name}" if path and name else path or name
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        yield here, hint
        return
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is dict:
        yield from _inner(f"{here}.NAME", "", arguments[1])
    elif origin is list:
        for inner, opened in _inner(here, "", arguments[0]):
            yield f"[{inner}]", opened
    elif origin is Annotated:
        yield from _inner(here, "", arguments[0])
    elif origin is UnionType:
        for one in arguments:
            yield from _inner(here, "", one)


def _kind(model: type[BaseModel]) -> str:
    """Return the one word that chooses this table among several kinds."""
    info = model.model_fields.get("kind") or model.model_fields.get("provider")
    return f" of the kind `{get_args(info.annotation)[0]}`" if info is not None else ""


def _annotation(hint: object) -> str:
    if get_origin(hint) is Literal:
        return " or ".join(f'`"{word}"`' for word in get_args(hint))
    return f"`{hint.__name__ if isinstance(hint, type) and not get_args(hint) else hint}`"


def _default(info: FieldInfo) -> str:
    if info.is_required():
        return "required"
    return "" if info.default is None else f"`{_written(info.default)}`"


def _written(value: object) -> str:
    return "[]" if value == frozenset() else str(value) if value != "" else '""'


def _bounds(info: FieldInfo) -> str:
    words = {
        "gt": ">",
        "ge": "≥",
        "lt": "<",
        "le": "≤",
        "min_length": "at least",
        "max_length": "at most",
    }
    found = [
        f"{word} {getattr(bound, name)}"
        for bound in info.metadata
        for name, word in words.items()
        if isinstance(getattr(bound, name, None), int | float)
    ]
    return ", ".join(found)


# -- commands ------------------------------------------------------------------------------------


def commands_page() -> str:
    """Return the help of every command, as it prints it."""
    parts = [
        part
        for name, command, context in _commands("remit", command_line, None)
        for part in (f"## `{name}`", f"```text\n{command.get_help(context).rstrip()}\n```")
    ]
    return page(
        "Commands",
        "the help of the command line",
        "A command that fails prints one sentence that says what to do, and ends with the exit "
        "code of its [error](errors.md). `--debug` before the command shows the traceback.",
        *parts,
    )


def _commands(
    name: str, command: click.Command, parent: click.Context | None
) -> Iterator[tuple[str, click.Command, click.Context]]:
    context = command.make_context(
        name.rpartition(" ")[2],
        [],
        parent,
        resilient_parsing=True,
        terminal_width=COLUMNS,
    )
    yield name, command, context
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None and not found.hidden:
                yield from _commands(f"{name} {inner}", found, context)


# -- names ---------------------------------------------------------------------------------------


def names_page() -> str:
    """Return every name that workflow code may import from `remit`."""
    parts: list[str] = []
    for name in sorted(remit.__all__):
        found = getattr(remit, name)
        parts += [f"## `{name}`", _words(found)]
        rows = [
            [f"`{method}{_parameters(getattr(found, method))}`", _words(getattr(found, method))]
            for method in sorted(vars(found) if isinstance(found, type) else ())
            if not method.startswith("_") and callable(getattr(found, method))
        ]
        if rows:
            parts.append(table(["method", ""], rows))
    return page(
        "Names for workflow code",
        "`remit.__all__`",
        "`from remit import ...` brings these and nothing else.",
        *(part for part in parts if part),
    )


def _words(found: object) -> str:
    if get_origin(found) is Annotated:
        base, mark = get_args(found)[:2]
        masked = f", masked as `{mark.private}`" if mark.private else ""
        return f"A `{base.__name__}` that intake normalises as {mark.kind.value}{masked}."
    return " ".join((inspect.getdoc(found) or "").partition("\n\n")[0].split())


def _parameters(found: object) -> str:
    if not callable(found):
        return ""
    given = inspect.signature(found).parameters.values()
    bare = [one.replace(annotation=inspect.Parameter.empty) for one in given if one.name != "self"]
    return str(inspect.Signature(bare))
