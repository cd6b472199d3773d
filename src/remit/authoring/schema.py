"""From Python signatures to declared parameters and result fields."""

import inspect
import types
import typing
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from remit.authoring.source import SourceBuilder
from remit.domain.action import (
    AnySource,
    CaseSource,
    FieldSpec,
    ParamSpec,
    Source,
    ToolSource,
    alternatives,
)
from remit.domain.money import Money
from remit.errors import RegistrationError, SourceDeclarationError
from remit.intake import fields

FIELD_DEPTH_MAX = 6
CONTENT = frozenset({"text", "boolean", "date"})  # what may come from anywhere
COUNTED = frozenset({"money", "integer", "decimal"})  # what a bound can be put on

_WORDS: dict[type, str] = {
    str: "text",
    bool: "boolean",
    int: "integer",
    Decimal: "decimal",
    Money: "money",
    datetime: "instant",
    date: "date",
}


class SystemMark:
    """Marks a field that the platform itself writes, not a third party."""


System = SystemMark()


class SecretMark:
    """Marks a field that may leave only in a parameter with the same mark."""


Secret = SecretMark()


def params_of(
    body: Callable[..., object],
    *,
    sources_required: bool,
    key_fields: frozenset[str] | None = None,
) -> tuple[ParamSpec, ...]:
    """Return the declared parameters of a tool or action body.

    `key_fields`: names that a tool's parameter without a source may take from the case.
    Raises `SourceDeclarationError` naming the parameter.
    """
    hints = get_type_hints(body, include_extras=True)
    made = []
    for parameter in inspect.signature(body).parameters.values():
        if parameter.kind in {parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL}:
            raise RegistrationError(f"`{_name(body)}` takes `*{parameter.name}`; name each one")
        if parameter.name not in hints:
            raise RegistrationError(f"`{_name(body)}.{parameter.name}` has no type; annotate it")
        made.append(
            _param(_name(body), parameter, hints[parameter.name], sources_required, key_fields)
        )
    return tuple(made)


def _param(
    owner: str,
    parameter: inspect.Parameter,
    hint: Any,
    sources_required: bool,  # noqa: FBT001 - private, and named at its one caller
    key_fields: frozenset[str] | None,
) -> ParamSpec:
    where = f"`{owner}.{parameter.name}`"
    plain, marks, optional = _unwrap(hint)
    built = next((mark for mark in marks if isinstance(mark, SourceBuilder)), None)
    word, choices = _word(plain, where)
    source: Source
    if built is not None:
        source = built.tree
    elif sources_required:
        raise SourceDeclarationError(
            f"{where} says not where it comes from; annotate it with a `Source`, "
            "or `Source.any()` for content without authority"
        )
    elif key_fields is not None and parameter.name in key_fields:
        source = CaseSource(field=parameter.name)
    else:
        source = AnySource()
    private = _private(marks)
    if sources_required:
        _fits(source, word, private, where)
        _no_sources_inside(plain, where)
    return ParamSpec(
        name=parameter.name,
        type=word,
        source=source,
        optional=optional or parameter.default is not parameter.empty,
        private=private,
        choices=choices,
        endorsable=built is None or built.may_be_endorsed,
        secret=_has(marks, SecretMark),
        leaves=tuple(
            (field.path, field.private) for field in fields_of(plain, where) if field.private
        )
        if word == "record" and inspect.isclass(plain)
        else (),
    )


def _fits(source: Source, word: str, private: str | None, where: str) -> None:
    """Refuse a source that says nothing of a value of this type."""
    if isinstance(source, AnySource) and private:
        raise SourceDeclarationError(f"{where} is an address; `Source.any()` is for content only")
    if isinstance(source, AnySource) and word not in CONTENT:
        raise SourceDeclarationError(
            f"{where} is {_a(word)}; `Source.any()` is for content only: "
            f"{', '.join(sorted(CONTENT))} or an enum"
        )
    for one in alternatives(source):
        if isinstance(one, ToolSource) and one.at_most and word not in COUNTED:
            raise SourceDeclarationError(
                f"{where} is {_a(word)}; `.at_most()` bounds an amount or a number, one by one"
            )


def _no_sources_inside(plain: Any, where: str) -> None:
    """Refuse sources on the fields of a model: a record is proven whole, or field by field."""
    if not (inspect.isclass(plain) and issubclass(plain, BaseModel)):
        return
    for name, field in plain.model_fields.items():
        _, marks, _ = _unwrap(field.annotation)
        if any(isinstance(mark, SourceBuilder) for mark in (*marks, *field.metadata)):
            raise SourceDeclarationError(
                f"{where} has a source on its field `{name}`; a record is proven whole: give "
                "`{name}` a parameter of its own".replace("{name}", name)
            )


def _a(word: str) -> str:
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def fields_of(result: Any, where: str) -> tuple[FieldSpec, ...]:
    """Return the fields of a tool's result type, by dotted path; lists as `items.*`."""
    plain, marks, _ = _unwrap(result)
    return tuple(_walk(plain, "", marks, where, FIELD_DEPTH_MAX))


def _walk(
    plain: Any, path: str, marks: tuple[Any, ...], where: str, depth: int
) -> list[FieldSpec]:
    if depth == 0:
        raise RegistrationError(f"{where} nests deeper than {FIELD_DEPTH_MAX} levels; flatten it")
    system, secret = _has(marks, SystemMark), _has(marks, SecretMark)
    inherited = (*((System,) if system else ()), *((Secret,) if secret else ()))
    if inspect.isclass(plain) and issubclass(plain, BaseModel):
        found = []
        for name, field in plain.model_fields.items():
            inner, inner_marks, _ = _unwrap(field.annotation)
            inner_marks = (*inner_marks, *field.metadata, *inherited)
            found += _walk(
                inner, f"{path}.{name}" if path else name, inner_marks, where, depth - 1
            )
        return found
    if get_origin(plain) in {list, tuple, set, frozenset}:
        members = [member for member in get_args(plain) if member is not Ellipsis]
        inner, inner_marks, _ = _unwrap(members[0])
        return _walk(inner, f"{path}.*" if path else "*", (*marks, *inner_marks), where, depth - 1)
    if get_origin(plain) is dict or plain is dict:
        if secret:
            raise RegistrationError(
                f"{where} marks a dictionary as `Secret`, whose fields nobody declares; "
                "give it a model"
            )
        return []
    word, _ = _word(plain, f"{where} `{path}`")
    return [FieldSpec(path=path, type=word, system=system, private=_private(marks), secret=secret)]


def _has(marks: tuple[Any, ...], kind: type) -> bool:
    return any(isinstance(mark, kind) for mark in marks)


def _unwrap(hint: Any) -> tuple[Any, tuple[Any, ...], bool]:
    marks: tuple[Any, ...] = ()
    optional = False
    while True:
        origin = get_origin(hint)
        if origin is Annotated:
            marks = (*marks, *hint.__metadata__)
            hint = hint.__origin__
        elif origin in {Union, types.UnionType}:
            members = [member for member in get_args(hint) if member is not types.NoneType]
            if len(members) != 1:
                return hint, marks, optional
            optional = True
            hint = members[0]
        else:
            return hint, marks, optional


def _word(plain: Any, where: str) -> tuple[str, tuple[str, ...]]:
    if plain is float:
        raise SourceDeclarationError(f"{where} is a float, which has no exact form; use `Decimal`")
    if plain in _WORDS:
        return _WORDS[plain], ()
    if get_origin(plain) is Literal:
        return "text", tuple(str(value) for value in get_args(plain))
    if inspect.isclass(plain) and issubclass(plain, Enum):
        return "text", tuple(str(member.value) for member in plain)
    if inspect.isclass(plain) and issubclass(plain, BaseModel):
        return "record", ()
    if get_origin(plain) in {list, tuple, set, frozenset} or plain in {list, tuple}:
        return "list", ()
    if get_origin(plain) is dict or plain is dict:
        return "record", ()
    raise RegistrationError(
        f"{where} has the type `{getattr(plain, '__name__', plain)}`; use text, whole numbers, "
        "`Decimal`, `Money`, dates, enums, or a model of these"
    )


def _private(marks: tuple[Any, ...]) -> str | None:
    for mark in marks:
        if isinstance(mark, fields.Typed) and mark.private is not None:
            return mark.private
    return None


def result_of(body: Callable[..., object]) -> Any:
    """Return the declared result type of a body; `None` where nothing is declared."""
    return typing.get_type_hints(body, include_extras=True).get("return")


def _name(body: Callable[..., object]) -> str:
    return getattr(body, "__name__", "?")
