"""Events that tell of rules: a change of them proposed, signed, refused, and what is in force."""

from remit.domain.entry import Event, declared


@declared("policy:book:loaded", "rules")
class BookLoaded(Event):
    """Rules came into force; what is in force is what the last of these says, in all processes.

    A large book is told in several entries: the first holds the rules.
    """

    before: str  # digest of the book in force until now, empty for the first
    digest: str
    rules: int
    slices: tuple[str, ...]  # digests of what decides each action, as decisions name them
    texts: str = ""  # digest of the files as they were written
    how: str = ""  # first | same | tighter | signed | unsigned
    change: str = ""  # digest of the change that this puts in force
    part: int = 0


@declared("policy:book:proposed", "rules", "weighed")
class BookProposed(Event):
    """A change of rules waits for people who did not write it; one that waited before is over."""

    change: str  # digest of both books whole: what a signature is bound to
    before: str  # digest of the files of the book in force
    texts: str  # and of those that are proposed
    digest: str
    codes: tuple[str, ...]  # why it waits: allowed | flips | invariant | sampled | unreadable
    people: int  # how many must sign
    proposer: str = ""  # whose change it is, who may not sign; empty: it was found in the folder


@declared("policy:book:signed")
class BookSigned(Event):
    """Somebody who did not write a change of rules signed it."""

    change: str


@declared("policy:book:refused", "reason")
class BookRefused(Event):
    """Somebody refused a change of rules; the rules in force stay."""

    change: str


@declared("policy:book:withdrawn")
class BookWithdrawn(Event):
    """A change that was found in the folder of rules is not there any more."""

    change: str
