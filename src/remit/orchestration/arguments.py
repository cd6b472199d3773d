"""Values that workflow code hands to a step, in canonical form."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from remit.domain.money import Money
from remit.domain.value import Canonical, Json, canonical, encode
from remit.errors import ArgumentsInvalidError


def forms(arguments: Mapping[str, object]) -> dict[str, Json]:
    """Return the canonical JSON form of each argument.

    Raises `ArgumentsInvalidError` naming the argument that has none.
    """
    return {name: value.form for name, value in canonicals(arguments).items()}


def canonicals(arguments: Mapping[str, object]) -> dict[str, Canonical]:
    """Return the canonical value of each argument.

    Raises `ArgumentsInvalidError` naming the argument that has none.
    """
    made = {}
    for name, value in arguments.items():
        try:
            made[name] = canonical(plain(value))
        except TypeError as error:
            raise ArgumentsInvalidError(f"argument `{name}`: {error}") from error
    return made


def plain(value: object) -> Any:
    """Return models and frozen values as mappings, deeply; everything else as it is."""
    if type(value) is str:
        return value
    match value:
        case Money():
            return value
        case BaseModel():
            return {name: plain(getattr(value, name)) for name in type(value).model_fields}
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case set() | frozenset():  # in one order, whatever the hash seed
            return sorted((plain(item) for item in value), key=lambda one: encode(_form(one)))
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return {
                field.name: plain(getattr(value, field.name))
                for field in dataclasses.fields(value)
            }
        case _:
            return value


def _form(value: object) -> Json:
    return canonical(value).form
