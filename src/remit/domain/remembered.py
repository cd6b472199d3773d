"""What was made of an object that never changes, made once."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

OBJECTS_MAX: Final = 1_024

K = TypeVar("K")
T = TypeVar("T")


class Remembered(Generic[K, T]):
    """A function of one frozen object that remembers by identity: comparing would cost more."""

    def __init__(self, make: Callable[[K], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[K, T]] = {}

    def __call__(self, one: K) -> T:
        """Return what the function makes of the object."""
        found = self._made.get(id(one))
        if found is not None and found[0] is one:
            return found[1]
        made = self._make(one)
        if len(self._made) >= OBJECTS_MAX:
            self._made.clear()
        self._made[id(one)] = (one, made)  # kept, so that no other object gets its identity
        return made
