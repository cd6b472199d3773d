"""Who acts."""

from enum import StrEnum

from remit.domain.frozen import dataclass


class ActorKind(StrEnum):
    PERSON = "person"
    SERVICE = "service"
    WORKFLOW = "workflow"
    MODEL = "model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """Somebody or something that does what an entry says."""

    kind: ActorKind
    ref: str  # an account handle or the name of a workflow or service, never a person's name


def person(ref: str) -> Actor:
    """Return the person with this handle."""
    return Actor(kind=ActorKind.PERSON, ref=ref)


def workflow(ref: str) -> Actor:
    """Return the workflow of this name as an actor."""
    return Actor(kind=ActorKind.WORKFLOW, ref=ref)


def service(ref: str) -> Actor:
    """Return a part of Remit, or another program, as an actor."""
    return Actor(kind=ActorKind.SERVICE, ref=ref)
