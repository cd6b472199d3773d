"""How values and requirements are said to people."""

from remit.domain.approval import Requirement
from remit.domain.decision import Lift
from remit.domain.value import Json, encode

SHOWN_CHARACTERS_MAX = 80


def show(form: Json) -> str:
    """Return a canonical form as people read it: `19.00 EUR`, `1007`, `nothing`."""
    match form:
        case None:
            return "nothing"
        case str():
            return _cut(form)
        case {"amount": str() as amount, "currency": str() as currency}:
            return f"{amount} {currency}"
        case _:
            return _cut(encode(form).decode())


def needed(lift: Lift) -> str:
    """Return who or what takes a hold away."""
    return people(lift.requirement) if lift.requirement else lift.event


def people(requirement: Requirement) -> str:
    """Return `1 person with role approver` or `2 different people with role refund-approver`."""
    if requirement.people == 1:
        return f"1 person with role {requirement.role}"
    return f"{requirement.people} different people with role {requirement.role}"


def percent(ppm: int) -> str:
    """Return parts per million as a percentage, unrounded: `93.5 %`."""
    whole, rest = divmod(ppm, 10_000)
    return f"{whole}.{f'{rest:04}'.rstrip('0') or '0'} %"


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN_CHARACTERS_MAX else text[: SHOWN_CHARACTERS_MAX - 1] + "…"
