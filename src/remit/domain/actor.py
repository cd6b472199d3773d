"""Who acts."""

from enum import StrEnum

from remit.domain.frozen import dataclass

# The parts of Remit that the record names as services; no other program may have such a name.
OWN_SERVICES = frozenset({
    "clock", "erasure", "executor", "gate", "heartbeat", "intake", "keys", "ledger", "monitors",
    "policy", "replay", "retention", "rollback", "settings", "signer", "supervisor",
})  # fmt: skip


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

    @property
    def shown(self) -> str:
        """What pages say: a person's handle, or `service:NAME`, which no handle can be."""
        return self.ref if self.kind is ActorKind.PERSON else f"{self.kind.value}:{self.ref}"


def person(ref: str) -> Actor:
    """Return the person with this handle."""
    return Actor(kind=ActorKind.PERSON, ref=ref)


def workflow(ref: str) -> Actor:
    """Return the workflow of this name as an actor."""
    return Actor(kind=ActorKind.WORKFLOW, ref=ref)


def service(ref: str) -> Actor:
    """Return a part of Remit, or another program, as an actor."""
    return Actor(kind=ActorKind.SERVICE, ref=ref)
