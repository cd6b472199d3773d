"""Dataclasses that are frozen for the type checker, and cost at run time what others cost.

A frozen dataclass sets each of its fields by a call, four times as dear as an assignment, and a
case makes some hundred values with a thousand fields. What may not be assigned to is a promise of
our own code to itself, so mypy holds it; values that are handed to authors stay frozen in earnest.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    import dataclasses

    def dataclass(cls: type | None = None, /, *, frozen: bool = False, **options: bool) -> object:
        """Make a dataclass; a frozen one is equal and hashed by its fields, and not guarded."""
        if frozen:
            options["unsafe_hash"] = options.get("eq", True)
        return dataclasses.dataclass(cls, **options)


__all__ = ["dataclass"]
