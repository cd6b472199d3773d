"""The members of a frozen value, read at once: what is asked for often must not loop in Python."""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import fields
from functools import lru_cache
from operator import attrgetter
from types import UnionType
from typing import TypeVar, get_args

T = TypeVar("T")
Read = Callable[[object], tuple[object, ...]]


def members_of(value: object) -> Iterator[tuple[str, object]]:
    """Return name and value of each field of a dataclass, in order."""
    kind: Hashable = type(value)  # type: ignore[assignment]  # every class is
    names, read = _reader(kind)
    return zip(names, read(value), strict=True)


def odd_members(kind: type) -> tuple[str, ...]:
    """Return the fields of a dataclass that are not plainly a text, a number or nothing."""
    return tuple(field.name for field in fields(kind) if not _is_plain(field.type))


def _is_plain(kind: object) -> bool:
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    return all(one in {str, int, bool, type(None)} for one in kinds)


def changed(value: T, /, **changes: object) -> T:
    """Return a value with some of its fields changed, as `dataclasses.replace` does."""
    return type(value)(**(dict(members_of(value)) | changes))


@lru_cache(maxsize=1024)
def _reader(kind: Hashable) -> tuple[tuple[str, ...], Read]:
    names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]  # the type of a dataclass
    if len(names) > 1:
        return names, attrgetter(*names)
    return names, lambda value: tuple(getattr(value, name) for name in names)
