"""What a new behaviour came to in one case, beside the proposal of before and what is known."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

from remit.domain.frozen import dataclass
from remit.domain.plan import Plan
from remit.domain.value import Json, digest


class Came(StrEnum):
    """How a proposal of the new behaviour stands to that of before."""

    SAME = "same"  # no material parameter differs
    FIXED = "fixed"  # the one of before was wrong; this is what is known to be right
    BROKEN = "broken"  # the one of before was right; this differs
    DIFFERS = "differs"  # the one of before was wrong; nobody knows whether this is right
    STILL_WRONG = "still_wrong"  # it differs from the one of before, and from what is right
    INCOMPARABLE = "incomparable"
    ESCALATED = "escalated"  # a person would get the case


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is known of a case: what was proposed in it, and what would have been right."""

    proposed: Mapping[str, Json]
    right: bool
    corrected: Mapping[str, Json] | None = None  # what was right instead, where that is known
    nothing: bool = False  # that nothing should have been done


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposes:
    """The new behaviour would propose this."""

    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """It would propose another action in its place; of no name: it would end without any."""

    action: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hands:
    """It would hand the case to a person."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """It could not be found out what it would do."""

    code: str


Ended = Proposes | Other | Hands | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What came of one case."""

    case_id: str
    action_id: str
    right: bool  # the proposal of before was right
    came: Came
    code: str = ""
    parameters: tuple[str, ...] = ()

    @property
    def form(self) -> dict[str, Json]:
        """As the digest of a comparison covers it."""
        return {
            "action_id": self.action_id, "case_id": self.case_id, "came": self.came.value,
            "code": self.code, "parameters": list(self.parameters), "right": self.right,
        }  # fmt: skip


# Of these it is known, or taken for granted, that the new behaviour would be wrong.
WRONG: Final = frozenset({Came.BROKEN, Came.DIFFERS, Came.STILL_WRONG})
COMPARABLE: Final = frozenset({Came.SAME, Came.FIXED, *WRONG})


def judge(plan: Plan, truth: Truth, ended: Ended) -> tuple[Came, str, tuple[str, ...]]:
    """Return how it stands to what is known, why, and the material parameters that differ.

    By rule, as what people did themselves is compared with what was proposed.
    """
    match ended:
        case Unknown(code=code):
            return Came.INCOMPARABLE, code, ()
        case Hands(code=code):
            return Came.ESCALATED, code, ()
        case Other(action=action):
            code = f"instead.{action}" if action else "nothing"
            if truth.right:
                return Came.BROKEN, code, ()
            if truth.nothing:
                return (Came.STILL_WRONG if action else Came.FIXED), code, ()
            known = truth.corrected is not None
            return (Came.STILL_WRONG if known else Came.DIFFERS), code, ()
        case Proposes(arguments=arguments):
            differs = plan.differing(arguments, truth.proposed)
            if not differs:
                return Came.SAME, "", ()
            return _differing(plan, truth, arguments), "", differs


def results(found: Sequence[Compared]) -> str:
    """Return the digest of what came of each case, in order."""
    return digest([one.form for one in found])


def _differing(plan: Plan, truth: Truth, arguments: Mapping[str, Json]) -> Came:
    if truth.right:
        return Came.BROKEN
    if truth.nothing:
        return Came.STILL_WRONG
    if truth.corrected is None:
        return Came.DIFFERS
    return Came.STILL_WRONG if plan.differing(arguments, truth.corrected) else Came.FIXED
