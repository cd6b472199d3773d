"""Values made again from the forms in which entries keep them, by their declared types.

The other way round is `cards.facts_form`. The types are few: frozen dataclasses and what these
hold. JSON inside them stays as it is.
"""

import types
from collections.abc import Callable, Hashable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import TypeVar, Union, get_args, get_origin, get_type_hints

from remit.domain import action
from remit.domain.value import Json

T = TypeVar("T")
Reader = Callable[[Json], object]


def read(kind: type[T], form: Json) -> T:
    """Return the value of a kind that has this form; raises `TypeError` or `ValueError`."""
    kept: Hashable = kind  # type: ignore[assignment]  # every class is
    value = _reader(kept)(form)
    if not isinstance(value, kind):
        raise TypeError(f"a form of {kind.__name__} makes no other value")
    return value


@cache
def _reader(kind: Hashable) -> Reader:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in {Union, types.UnionType}:
        return _of_union(arguments)
    if origin is tuple:
        return _of_tuple(arguments)
    if origin is frozenset:
        item = _reader(arguments[0])
        return lambda form: frozenset(item(one) for one in _items(form))
    if origin is not None and issubclass(origin, Mapping):
        value = _reader(arguments[1])
        return lambda form: {name: value(one) for name, one in _members(form).items()}
    if not isinstance(kind, type):
        raise TypeError(f"no entry keeps a {kind}")
    if is_dataclass(kind):
        return _of_dataclass(kind)
    if issubclass(kind, Enum):
        return kind
    if kind is datetime:
        return lambda form: datetime.fromisoformat(str(form))
    return lambda form: _plain(kind, form)


def _plain(kind: type, form: Json) -> Json:
    if not isinstance(form, kind):
        raise TypeError(f"{kind.__name__} is declared, {type(form).__name__} is kept")
    return form


def _of_tuple(arguments: tuple[object, ...]) -> Reader:
    if arguments[-1] is Ellipsis:
        item = _reader(arguments[0])
        return lambda form: tuple(item(one) for one in _items(form))
    each = [_reader(one) for one in arguments]
    return lambda form: tuple(reader(one) for reader, one in zip(each, _items(form), strict=True))


def _of_union(arguments: tuple[object, ...]) -> Reader:
    """Return the reader of `X | None`, or of dataclasses that their members tell apart."""
    others = [one for one in arguments if one is not types.NoneType]
    if {bool, int, str} <= set(others):  # JSON stays as it is
        return lambda form: form
    if all(isinstance(one, type) and is_dataclass(one) for one in others):
        named = {frozenset(field.name for field in fields(one)): _reader(one) for one in others}  # type: ignore[arg-type]  # they are dataclasses

        def of_one(form: Json) -> object:
            return None if form is None else named[frozenset(_members(form))](form)

        return of_one
    if len(others) != 1:
        raise TypeError(f"no entry keeps one of {others}")
    inner = _reader(others[0])
    return lambda form: None if form is None else inner(form)


def _of_dataclass(kind: type) -> Reader:
    hints = get_type_hints(kind, localns=vars(action))
    made = [one for one in fields(kind) if one.init]
    readers: dict[str, Reader] = {}

    def of_members(form: Json) -> object:
        if not readers:  # late: a dataclass may hold itself
            readers.update({one.name: _reader(hints[one.name]) for one in made})
        given = _members(form)
        needed = {one.name for one in made if _needed(one.default, one.default_factory)}
        if not needed <= given.keys() <= readers.keys():
            raise ValueError(f"these are not the members of {kind.__name__}: {sorted(given)}")
        return kind(**{name: readers[name](value) for name, value in given.items()})

    return of_members


def _needed(default: object, factory: object) -> bool:
    return default is MISSING and factory is MISSING


def _items(form: Json) -> list[Json]:
    if not isinstance(form, list):
        raise TypeError(f"a list is declared, {type(form).__name__} is kept")
    return form


def _members(form: Json) -> dict[str, Json]:
    if not isinstance(form, dict):
        raise TypeError(f"members are declared, {type(form).__name__} is kept")
    return form
