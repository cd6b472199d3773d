"""An entry of the ledger: what is drafted, what is read back, and how an event is declared."""

from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import ClassVar, TypeVar, dataclass_transform

from remit.domain.actor import Actor
from remit.domain.frozen import dataclass
from remit.domain.members import members_of
from remit.domain.value import Json

EVENTS: dict[str, type["Event"]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A body; its class names the event and the payload roles that may stand beside it."""

    NAME: ClassVar[str] = ""
    ROLES: ClassVar[tuple[str, ...]] = ()
    FACTS: ClassVar[frozenset[str]] = frozenset()  # roles that say nothing of a person
    OTHERS: ClassVar[tuple[str, ...]] = ()  # members that are not plainly a text or a number

    def body(self) -> dict[str, Json]:
        """Return the JSON body; optional members that are None are left out."""
        members = dict(members_of(self))
        for name in self.OTHERS:
            value = members[name]
            if value is None:
                del members[name]
            elif type(value) is not str:
                members[name] = _json(value)
        return members  # type: ignore[return-value]  # the others were plain


def _json(value: object) -> Json:
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if value is None or isinstance(value, str | int):
        return value
    raise TypeError(f"`{type(value).__name__}` does not belong in an entry's body")


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An entry to append: everything but its number, its place and its seal."""

    event: Event
    case_id: str  # the stream: a case, or a control stream
    workflow: str
    actor: Actor
    path: str | None = None  # step of the workflow code
    run: int | None = None
    causes: tuple[str, ...] = ()
    on_behalf_of: Actor | None = None
    fingerprint: str | None = None
    payloads: Mapping[str, Json] = field(default_factory=dict)  # role -> masked content
    tenant: str = "default"
    key: str | None = None  # id of the case's key; None: found by what the case has
    originals: str | None = None  # id of the key of what came in; None: found likewise
    body: Mapping[str, Json] = field(init=False)  # that of the event, made once

    def __post_init__(self) -> None:
        object.__setattr__(self, "body", self.event.body())


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An entry as it was read back; payloads are opened on demand by the ledger."""

    id: str
    case_id: str
    seq: int
    event: str
    body: Mapping[str, Json]
    actor: Actor
    at_us: int
    workflow: str
    tenant: str = "default"
    path: str | None = None
    run: int | None = None
    fingerprint: str | None = None
    payloads: Mapping[str, Json] = field(default_factory=dict)
    on_behalf_of: Actor | None = None

    def word(self, name: str) -> str:
        """Return a text of the body; empty where there is none."""
        value = self.body.get(name)
        return "" if value is None else str(value)

    def number(self, name: str) -> int | None:
        """Return a whole number of the body; `None` where there is none."""
        value = self.body.get(name)
        return value if isinstance(value, int) else None

    def words(self, name: str) -> tuple[str, ...]:
        """Return a list of texts of the body."""
        value = self.body.get(name)
        return tuple(str(one) for one in value) if isinstance(value, list | tuple) else ()


E = TypeVar("E", bound=Event)


@dataclass_transform(kw_only_default=True, frozen_default=True)
def declared(name: str, *roles: str, facts: str | None = None) -> Callable[[type[E]], type[E]]:
    """Declare an event: its name, and the payload roles that may stand beside it.

    What stands under the role `facts` says nothing of a person, and outlives an erasure.
    """

    def declare(cls: type[E]) -> type[E]:
        made = dataclass(frozen=True, slots=True, kw_only=True)(cls)
        made.NAME = name
        made.ROLES = roles
        made.FACTS = frozenset(() if facts is None else (facts,))
        made.OTHERS = tuple(
            each.name for each in fields(made) if each.type not in (str, int, bool)
        )
        EVENTS[name] = made
        return made

    return declare
