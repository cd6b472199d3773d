"""A proposal before the gate has seen it, and what was gathered about it."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, Witness
from remit.domain.decision import GateFacts
from remit.domain.frozen import dataclass
from remit.domain.value import Canonical, Json
from remit.orchestration.standing import Standing
from remit.policy.request import PolicyRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is asked for, before the gate has seen it."""

    action_id: str
    action: str
    version: int
    path: str
    author: str
    arguments: Mapping[str, Json]  # canonical, masked
    endorsed: Mapping[str, Json]  # values that the author, a person, typed
    connector: str = ""
    undo: bool = False
    undoes: str | None = None
    repeats: bool = False  # the effect itself is in doubt, and is not there


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved:
    """What an effect takes of a limit when it is cleared."""

    key: str  # the limit, and the digest of for whom
    quantity: int
    max: int  # that it allows


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Facts, and what else the desk and the transaction need."""

    facts: GateFacts
    asked: PolicyRequest | None  # what the rules were asked
    standing: Standing
    record: str  # keyed digest of the record acted upon
    bounds: tuple[str, ...]  # keyed digests of the bounds that were looked at
    takes: tuple[str, ...]  # of which this takes so much: digest and quantity
    limits: Mapping[str, int]  # of those that cover it, by key: since when what happened counts
    reserves: tuple[Reserved, ...]  # what this takes of them
    room_us: Mapping[str, int]  # when there may be room in a limit again, by name
    witnesses: tuple[Witness, ...]
    money: tuple[int, str] | None  # minor units and currency at stake


def canonical_values(
    spec: ActionSpec | None, arguments: Mapping[str, Json]
) -> dict[str, Canonical]:
    """Return arguments with the type words under which they are compared."""
    made = {}
    for name, form in arguments.items():
        param = None if spec is None else spec.param(name)
        word = param.type if param is not None else "text"
        if form is None:
            word = "null"
        made[name] = Canonical(type=word, form=form)
    return made
