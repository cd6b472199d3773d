"""The demo's reviewer: says to each proposal what the file of messages says of it.

It signs as the people of `remit.toml` and goes through the same door as the console.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from remit.app import Remit
from remit.domain.approval import ApprovalState, RejectReason, Verdict
from remit.errors import InputFileError
from remit.governance.card import ApprovalView
from remit.governance.owners import Person

LEFT = 8  # proposals that are left for the person at the screen
ROUNDS_MAX = 4  # an edited proposal stands before the gate and another person again
PAGE = 200
CHANNEL = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One action that a message should lead to, and what a sensible person says to it."""

    action: str
    order_id: str | None
    amount: str | None
    verdict: Verdict
    edits: dict[str, str]

    def fits(self, view: ApprovalView) -> bool:
        """Return whether a held proposal is this action with these values."""
        return self.differs(view) is None

    def differs(self, view: ApprovalView) -> str | None:
        """Say in what a held proposal differs from this action."""
        after = {change.name: change.after for change in view.card.changes}
        if view.card.action != self.action:
            return f"{view.card.action}, not {self.action}"
        if (after.get("order_id") or None) != self.order_id:
            return f"order {after.get('order_id') or 'none'}, not {self.order_id or 'none'}"
        if self.amount is not None and after.get("amount") != self.amount:
            return f"{after.get('amount')}, not {self.amount}"
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One line of the file: what came, and what a good desk does with it."""

    id: str
    channel: str
    raw: dict[str, object]
    kinds: frozenset[str]
    outcome: str
    wanted: tuple[Wanted, ...]

    @property
    def injected(self) -> bool:
        """Whether the message, or a field of its order, gives orders to the machine."""
        return any(kind.startswith("injection") for kind in self.kinds)


@dataclass(slots=True, kw_only=True)
class Played:
    """What the reviewer did."""

    verdicts: Counter[str] = field(default_factory=Counter)
    two_people: int = 0
    unexpected: list[str] = field(default_factory=list)  # messages whose proposal nobody expected
    agreed: set[str] = field(default_factory=set)  # cases in which somebody said yes, or edited


def messages(path: Path, columns: dict[str, str]) -> list[Message]:
    """Read the messages; `columns` are those of `remit.toml`, field to column."""
    with path.open(encoding="utf-8") as lines:
        return [_message(json.loads(line), columns) for line in lines if line.strip()]


async def play(
    remit: Remit, cases: dict[str, Message], told: Callable[[int, int], None]
) -> Played:
    """Decide what waits as the file says, but for a few of each kind; return what was done."""
    played = Played()
    left: frozenset[str] | None = None
    decided = 0
    for _ in range(ROUNDS_MAX):
        views = waiting(remit)
        if left is None:
            left = _left([(view, cases[view.card.case_id]) for view in views])
        ours = [view for view in views if view.card.case_id not in left]
        if not ours:
            break
        total = decided + len(ours)
        for view in ours:
            await _answer(remit, view, cases[view.card.case_id], played)
            decided += 1
            told(decided, total)
        await remit.settled()
    return played


def waiting(remit: Remit) -> list[ApprovalView]:
    """Return everything that waits, with its cards, in the order in which it was asked for."""
    reader = next(iter(remit.people()))
    views: list[ApprovalView] = []
    after: str | None = None
    while True:
        page = remit.inbox(person=reader, after=after, limit=PAGE)
        views += [remit.approval(row.approval_id, person=reader) for row in page.rows]
        after = page.after
        if after is None:
            return sorted(views, key=lambda view: (view.card.due_at, view.card.approval_id))


# -- parts ---------------------------------------------------------------------------------------


async def _answer(remit: Remit, view: ApprovalView, message: Message, played: Played) -> None:
    wanted = next((one for one in message.wanted if one.fits(view)), None)
    edited = view.card.version > 1  # an edited version: what was to be changed has been changed
    if wanted is None and not edited:
        played.unexpected.append(message.id)
    verdict = Verdict.APPROVE if edited else Verdict.REJECT if wanted is None else wanted.verdict
    said = {vote.person for vote in view.votes}
    people = [one for one in _entitled(remit, view) if one.handle not in said]
    if verdict is Verdict.APPROVE:
        for person in people:
            view = await _decide(remit, view, person, verdict)
            if view.state is not ApprovalState.OPEN:
                break
        else:
            return
        played.two_people += len(view.votes) > 1
    else:
        edits = wanted.edits if wanted is not None else None
        await _decide(remit, view, people[0], verdict, edits)
    played.verdicts[verdict.value] += 1
    if verdict is not Verdict.REJECT:
        played.agreed.add(view.card.case_id)


async def _decide(
    remit: Remit,
    view: ApprovalView,
    person: Person,
    verdict: Verdict,
    edits: dict[str, str] | None = None,
) -> ApprovalView:
    return await remit.decide(
        view.card.approval_id,
        person=person.handle,
        verdict=verdict,
        digest=view.card.digest,
        channel=CHANNEL,
        edits=edits if verdict is Verdict.EDIT else None,
        reason=RejectReason.POLICY if verdict is Verdict.REJECT else None,
        note="played by the demo",
    )


def _entitled(remit: Remit, view: ApprovalView) -> list[Person]:
    """Return who may say yes, those first who have most of the roles that are asked for."""
    wanted = {one.role for one in view.card.requirements}
    able = [one for one in remit.people().values() if one.active and one.roles & wanted]
    return sorted(able, key=lambda one: -len(one.roles & wanted))


def _left(waiting: Sequence[tuple[ApprovalView, Message]]) -> frozenset[str]:
    """Return the cases to leave: one of each kind that has others, then more of the largest."""
    groups: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for view, message in waiting:
        wanted = next((one for one in message.wanted if one.fits(view)), None)
        people = max((one.people for one in view.card.requirements), default=1)
        verdict = "unexpected" if wanted is None else wanted.verdict.value
        if wanted is not None and not message.injected:
            groups[(view.card.action, verdict, people)].append(view.card.case_id)
    kept = [group.pop() for group in groups.values() if len(group) > 1]
    while len(kept) < LEFT and any(len(group) > 1 for group in groups.values()):
        kept.append(max(groups.values(), key=len).pop())
    return frozenset(kept[:LEFT])


def _message(line: dict[str, object], columns: dict[str, str]) -> Message:
    expected = line.get("expected")
    if not isinstance(expected, dict) or not isinstance(line.get("id"), str):
        raise InputFileError("a line of the demo's messages has no id or no expected outcome")
    taken = {column: name for name, column in columns.items()}
    skipped = {"id", "channel", "kinds", "expected"}
    return Message(
        id=str(line["id"]),
        channel=str(line.get("channel", "mail")),
        raw={taken.get(name, name): value for name, value in line.items() if name not in skipped},
        kinds=frozenset(_words(line.get("kinds"))),
        outcome=str(expected["outcome"]),
        wanted=tuple(
            Wanted(
                action=str(one["action"]),
                order_id=one["order_id"],
                amount=one["amount"],
                verdict=Verdict(one["verdict"]),
                edits=dict(one.get("edit", {})),
            )
            for one in expected["actions"]
        ),
    )


def _words(value: object) -> Iterator[str]:
    return (str(one) for one in value) if isinstance(value, list) else iter(())
