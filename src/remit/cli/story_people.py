"""The people of the story: reviewers with stated error rates, a model that is swapped, the truth.

Nothing here is random: what somebody makes of an item follows from its id.
"""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from remit.models.runtime import Piece, Prompt, Reply, Runtime

ANSWERS: Final = frozenset({"delivery_status", "product_question"})
WANTED: Final = {  # which wish of a customer makes a proposal right
    "send_reply": ANSWERS, "issue_refund": frozenset({"refund"}),
    "change_address": frozenset({"address_change"}),
}  # fmt: skip
UNTRUE: Final = "Your money was sent back to you yesterday."  # what a bad draft promises
BEFORE, AFTER = 0.015, 0.60  # of the drafts that hold it, before the model is swapped and after


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """A simulated person: which share of errors is found, and which of what is right refused."""

    handle: str
    finds: float
    refuses: float
    seconds: int  # that an item is open

    def says(self, item: str, *, right: bool) -> bool:
        """Return what the person makes of an item: yes or no, the same each time."""
        luck = chance(self.handle, item)
        return luck >= (self.refuses if right else self.finds)


REVIEWERS: Final = (
    Reviewer(handle="maria.k", finds=0.99, refuses=0.003, seconds=45),
    Reviewer(handle="tomasz.w", finds=0.98, refuses=0.003, seconds=38),
    Reviewer(handle="nadia.f", finds=0.15, refuses=0.0, seconds=4),  # waves things through
)
AUDITORS: Final = REVIEWERS[:2]  # who looks at what ran alone, and did the work in the first week


def whose(item: str, people: Sequence[Reviewer]) -> Reviewer:
    """Return whom an item falls to: in turn, by its id."""
    return people[int(chance("turn", item) * len(people))]


@dataclass(slots=True, kw_only=True)
class Truth:
    """What each message really wanted, as its author wrote it down; Remit is never told."""

    wanted: dict[str, str] = field(default_factory=dict)  # case -> intent

    def is_right(self, case_id: str, action: str, body: str) -> bool:
        """Tell whether a proposal is right: what the customer wanted, and nothing untrue in it."""
        wanted = self.wanted.get(case_id, "")
        return wanted in WANTED.get(action, frozenset()) and UNTRUE not in body


@dataclass(slots=True, kw_only=True)
class Swapped:
    """The house's model; one day its provider serves another one under the same name."""

    runtime: Runtime
    untrue: float = BEFORE

    @property
    def name(self) -> str:
        return self.runtime.name

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        """Answer as the model does, with something untrue now and then."""
        said = await self.runtime.reply(prompt, key=key, deadline_seconds=deadline_seconds)
        if prompt.name == "status-reply" and chance("draft", key) < self.untrue:
            head, mark, tail = said.text.partition("\n\nYour ")
            return replace(said, text=f"{head} {UNTRUE}{mark}{tail}")
        return said

    async def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]:
        """Answer in pieces, as the model does."""
        async for piece in self.runtime.stream(prompt, key=key, deadline_seconds=deadline_seconds):
            yield piece


def chance(*parts: str) -> float:
    """Return a number of [0, 1) that these parts always give."""
    digest = hashlib.sha256("\x00".join(parts).encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
