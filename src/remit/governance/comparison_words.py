"""Comparisons in words, for pages and commands: what is offered, and what it says and does not."""

from collections.abc import Mapping
from typing import Final

from remit.governance.cell_words import percent
from remit.governance.compared import Came
from remit.governance.comparisons import ComparedCase, ComparisonView, Offer

PROVES: Final = "It proves nothing for the next level and counts for nothing: a forecast only."

NAMES: Final[Mapping[str, str]] = {
    Came.SAME: "same", Came.FIXED: "fixed", Came.BROKEN: "broken", Came.DIFFERS: "differs",
    Came.STILL_WRONG: "wrong in another way", Came.INCOMPARABLE: "not comparable",
    Came.ESCALATED: "handed to a person",
}  # fmt: skip

MEANINGS: Final[Mapping[str, str]] = {
    Came.SAME: "no parameter that decides differs from what was proposed before",
    Came.FIXED: "what was proposed before was wrong, and this is what is known to be right",
    Came.BROKEN: "what was proposed before was right, and this differs from it",
    Came.DIFFERS: "what was proposed before was wrong, and nobody knows whether this is right",
    Came.STILL_WRONG: "it differs from what was proposed before and from what would be right",
    Came.INCOMPARABLE: "it could not be found out what would be proposed",
    Came.ESCALATED: "the case would go to a person without a proposal",
}  # fmt: skip

_CODES: Final[Mapping[str, str]] = {
    "away": "a model or another system did not answer",
    "case.shape": "the case does not fit what the code takes now",
    "changed": "other rules came into force meanwhile",
    "earlier.differs": "an action before it would come out otherwise",
    "earlier.open": "an action before it has no end in the record",
    "fault": "the code fails",
    "gone": "the case was erased or cannot be read",
    "nothing": "it ends without a proposal",
    "read.sends": "it would send something out that was not sent before",
    "read.shape": "what was read before no longer fits the code",
    "slow": "it took longer than five minutes",
    "workflow": "the code hands the case over",
}

_ABANDONED: Final[Mapping[str, str]] = {
    "cancelled": "somebody cancelled it",
    "changed": "other rules came into force meanwhile",
    "closed": "the process that was at it was closed",
    "failed": "it failed; see the log",
    "stopped": "a stop was set",
    "time": "it took longer than an hour",
}


def offer_said(offer: Offer) -> str:
    """Say on what the behaviour of now can be tried, and what that may cost."""
    if not offer.cases:
        return "No case under another behaviour has a final label, so there is nothing to compare."
    under = "another behaviour" if len(offer.before) == 1 else f"{len(offer.before)} behaviours"
    said = (
        f"The behaviour changed. What runs now can be tried in shadow on {_cases(offer.cases)} "
        f"under {under} whose answer is known"
    )
    if not offer.asked:
        return f"{said}; no model was asked in them, so it may cost nothing."
    answers = f"{offer.asked:,} answer{'' if offer.asked == 1 else 's'}"
    return (
        f"{said}. They took {answers} of models then; expect about as many again, and their cost."
    )


def decides(offer: Offer) -> str:
    """Say which parameters are compared, and that differences in others are not told."""
    if not offer.parameters:
        return "No parameter decides, so it is only compared whether it is proposed at all."
    *others, last = offer.parameters
    named = f"{', '.join(others)} and {last}" if others else last
    return f"What is compared is {named}: by {'these' if others else 'this'} it is right or wrong."


def under_way(here: tuple[int, int]) -> str:
    """Say how far this process is with a comparison."""
    return f"Under way: {here[0]:,} of {_cases(here[1])} looked at."


def stands(view: ComparisonView) -> str:
    """Say why a comparison has no end; empty where it has."""
    match view.state:
        case "finished":
            return ""
        case "started":
            return (
                "It was begun and has no end: another process is at it, or one was ended before "
                "it was done. Nothing of it is told, and it can be asked for again."
            )
        case _:
            why = _ABANDONED.get(view.code, view.code)
            return f"It came to no end: {why}. Nothing of it is told."


def found(view: ComparisonView) -> list[str]:
    """Say what came of a comparison, and what that is worth."""
    if view.rate is None:
        return [f"In none of {_cases(view.cases)} can both be held against each other.", PROVES]
    low, high = view.rate
    guessed = ""
    if view.differs:
        guessed = f", with {view.differs:,} of which nobody knows what is right"
    first = (
        f"Of {_cases(view.compared)} in which both can be compared it would be wrong in "
        f"{view.wrong:,}{guessed}: {percent(view.wrong / view.compared)}, and the true rate lies "
        f"between {percent(low)} and {percent(high)} unless it is one of twenty such intervals "
        "that miss it."
    )
    then = "At that rate the bar of the next level is not reached, or none is known."
    if view.expected is not None:
        then = f"At that rate about {view.expected:,} labels on average would reach the bar."
    return [first, then, PROVES]


def case_said(one: ComparedCase) -> str:
    """Say why a case came out as it did; empty where its name says all."""
    kind, _, action = one.code.partition(".")
    if kind == "instead" and action:
        return f"{action} would be proposed in its place"
    if one.code:
        return _CODES.get(one.code, one.code)
    return ", ".join(one.parameters)


def counts(view: ComparisonView) -> list[tuple[str, int, str]]:
    """Return (name, number, meaning) of each way in which cases can come out."""
    return [(NAMES[one], int(getattr(view, one.value)), MEANINGS[one]) for one in Came]


def worst_first(view: ComparisonView) -> tuple[list[ComparedCase], list[ComparedCase]]:
    """Return the cases that come out otherwise, what is broken first, and those that do not."""
    order = (
        Came.BROKEN, Came.STILL_WRONG, Came.DIFFERS, Came.ESCALATED, Came.INCOMPARABLE, Came.FIXED,
    )  # fmt: skip
    other = [one for one in view.rows if one.came != Came.SAME]
    same = [one for one in view.rows if one.came == Came.SAME]
    return sorted(other, key=lambda one: order.index(Came(one.came))), same


def _cases(number: int) -> str:
    return f"{number:,} case{'' if number == 1 else 's'}"
