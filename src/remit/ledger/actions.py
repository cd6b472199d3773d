"""What the entries of an action mean together: proposal, decisions, a yes, effect, undo."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from remit.ledger.leaf import Json, Leaf, moment, number, word
from remit.ledger.lent import Lent, people_behind

_WHOLE: Final = "all"  # the segment of an action that declares none
_LEVELS: Final = ("shadow", "draft", "approve-each", "sampled", "autonomous")
_FREE: Final = _LEVELS.index("sampled")  # from here on nobody is asked each time
_SERIOUS: Final = ("money", "irreversible")
EFFECT: Final = "orchestration:effect:"
_FINAL: Final = ("confirmed", "failed")
_OUTCOMES: Final = (*_FINAL, "ambiguous", "dispatched", "late", "reconciled")

Broken = Callable[[str, str], None]  # code, text


@dataclass(slots=True)
class _Approval:
    digest: str  # what people decide on
    bound: str  # what it asks for
    needed: tuple[tuple[int, str], ...]  # people, role
    expires: str  # as leaves write an instant
    moved: tuple[int, str]  # minor units and currency, or none of one
    yes: dict[str, str] = field(default_factory=dict)  # person -> roles
    givers: dict[str, str] = field(default_factory=dict)  # person -> for whom they said it


@dataclass(slots=True)
class _Action:
    author: str
    name: tuple[str, str]  # workflow, action
    undoes: str
    edited: bool = False  # a person wrote it in place of another, at a risk that needs nobody else
    cleared: str = ""  # digest of the last clearance
    free: bool = False  # cleared at a level at which nobody is asked each time
    approvals: dict[str, _Approval] = field(default_factory=dict)
    attempts: dict[int, str] = field(default_factory=dict)  # attempt -> final outcome, or ""
    since: dict[int, tuple[int, str]] = field(default_factory=dict)  # attempt -> where, deadline
    confirmed: bool = False


class Actions:
    """Knows each action of a record, and what allowed it: books, grants, people."""

    def __init__(self) -> None:
        self.whole = True
        self._actions: dict[str, _Action] = {}
        self._books: set[str] = set()  # slices of all books that were loaded
        self._book: dict[str, str] = {}  # by workflow: the one that is in use
        self._grants: dict[tuple[str, str, str], tuple[int, str]] = {}  # of cells: level, end
        self._edits: set[tuple[str, str]] = set()  # action that was edited, by whom
        self._asked: dict[str, tuple[_Action, _Approval]] = {}
        self._brought: dict[str, str] = {}  # case -> the person who brought it in
        self._lent = Lent()
        self.looks: Mapping[str, Callable[[Leaf, Broken], None]] = {
            "policy:action:decided": self._decided,
            "policy:book:loaded": self._loaded,
            "governance:approval:requested": self._requested,
            "governance:approval:voted": self._said,
            "governance:approval:decided": self._said,
            "governance:approval:closed": self._ended,
            "intake:case:received": self._came,
            "intake:case:quarantined": self._came,
            "governance:delegation:given": self._lent.given,
            "governance:delegation:ended": self._lent.ended,
            "governance:grant:given": self._grant,
            "governance:grant:lowered": self._grant,
        }

    def open_since(self, late: str) -> list[int]:
        """Return where intents stand that had to be settled before an instant and were not."""
        return sorted(
            where
            for action in self._actions.values()
            for attempt, (where, deadline) in action.since.items()
            if not action.attempts[attempt] and deadline < late
        )

    # -- proposals, decisions, approvals

    def proposed(self, leaf: Leaf, broken: Broken) -> None:
        """Take in a new action."""
        body = leaf.body
        undoes, name = word(body, "undoes"), (_workflow(leaf), word(body, "action"))
        author, risk = word(body, "author"), word(body, "risk")
        edited = (word(body, "replaces"), author) in self._edits and risk not in _SERIOUS
        self._actions[word(body, "action_id")] = _Action(author, name, undoes, edited)
        if undoes and self.whole and undoes not in self._actions:
            broken("LS11", f"an undo is proposed of `{undoes}`, which nobody proposed")

    def _came(self, leaf: Leaf, broken: Broken) -> None:
        del broken
        kind, _, handle = word(leaf.body, "by").partition(":")
        if kind == "person":
            self._brought[leaf.case_id] = handle

    def _decided(self, leaf: Leaf, broken: Broken) -> None:
        body = leaf.body
        action = self._action(body)
        if action is None or word(body, "state") != "cleared":
            return
        policy, level = word(body, "policy"), word(body, "level")
        action.cleared, action.free = word(body, "digest"), _rank(level) >= _FREE
        if self.whole and policy not in self._books:
            broken("LS04", f"policy `{policy[:12]}` was not loaded before")
        if action.free and not action.undoes and self.whole:
            cell = (*action.name, word(body, "segment") or _WHOLE)
            given, end = self._grants.get(cell, (-1, ""))
            if given < _rank(level) or end < leaf.at:
                broken("LS08", f"the gate cleared at level `{level}`, and no grant goes that far")

    def _requested(self, leaf: Leaf, broken: Broken) -> None:
        if not _covers(leaf.body):
            broken("LS06", "an approval's digest does not cover what, whom and until when it asks")
        action, needed = self._action(leaf.body), leaf.body.get("requirements")
        people = [str(one).partition(" ") for one in needed] if isinstance(needed, list) else []
        if action is None:
            return
        approval = _Approval(
            word(leaf.body, "digest"),
            word(leaf.body, "bound"),
            tuple((int(count) if count.isdigit() else 1, role) for count, _, role in people),
            moment(number(leaf.body, "expires_us")),
            (number(leaf.body, "money_minor"), word(leaf.body, "currency")),
        )
        action.approvals[word(leaf.body, "approval_id")] = approval
        self._asked[word(leaf.body, "approval_id")] = (action, approval)

    def _said(self, leaf: Leaf, broken: Broken) -> None:
        body, actor = leaf.body, leaf.value["actor"]
        action, approval = self._asked.get(word(body, "approval_id"), (None, None))
        person = word(body, "person")
        if word(body, "verdict") == "edit":
            self._edits.add((word(body, "action_id"), person))
        if action is None or approval is None or word(body, "verdict") not in ("", "approve"):
            return
        own = action.author == person and word(body, "channel") != "edit"
        own = own or self._brought.get(leaf.case_id) == person
        if word(body, "digest") != approval.digest:
            broken("LS06", f"`{person}` said yes to another digest than was asked for")
            return
        if not isinstance(actor, dict) or actor.get("kind") != "person" or own:
            broken(
                "LS07", f"`{person}` said yes, and is no person, or who proposed or brought it in"
            )
        elif leaf.at > approval.expires:
            broken("LS07", f"`{person}` said yes after the approval had expired")
        giver = word(body, "delegated_from")
        if giver and self._brought.get(leaf.case_id) == giver:
            broken("LS07", f"`{person}` said yes for `{giver}`, who brought the case in")
        elif giver and self.whole and not self._lent.covers(leaf, person, giver, approval.moved):
            broken("LS07", f"`{person}` said yes for `{giver}`, who had not lent that")
        if giver:
            approval.givers[person] = giver
        approval.yes[person] = f"{approval.yes.get(person, '')} {word(body, 'role')}"

    def _ended(self, leaf: Leaf, broken: Broken) -> None:
        del broken
        action = self._action(leaf.body)
        if action is not None and word(leaf.body, "state") != "consumed":
            action.approvals.pop(word(leaf.body, "approval_id"), None)

    # -- effects

    def _intended(self, leaf: Leaf, broken: Broken) -> None:
        body = leaf.body
        action, attempt, digest = (
            self._action(body),
            number(body, "attempt"),
            word(body, "digest"),
        )
        if action is None:
            if self.whole:
                broken("LS05", "an effect is intended that nobody proposed")
            return
        if attempt in action.attempts:
            broken("LS01", f"attempt {attempt} is intended twice")
        if digest != action.cleared and self.whole:
            broken("LS05", "an effect is intended that the gate did not clear over this digest")
        asked = bool(action.approvals) or not action.free
        enough = any(
            _enough(one, digest, self._lapsed(one, leaf)) for one in action.approvals.values()
        )
        enough = enough or (action.edited and not action.approvals)
        if asked and not enough and not action.undoes and self.whole:
            broken("LS06", "an effect is intended without a yes of enough people over it")
        action.attempts[attempt] = ""
        action.since[attempt] = (0, moment(number(body, "deadline_us")))

    def _lapsed(self, approval: _Approval, leaf: Leaf) -> frozenset[str]:
        """Return who said yes for somebody whose roles they have not any more."""
        return frozenset(
            person
            for person, giver in approval.givers.items()
            if self.whole and not self._lent.covers(leaf, person, giver, approval.moved)
        )

    def outcome(self, position: int, leaf: Leaf, broken: Broken) -> None:
        """Judge an intent, what came of it, or its undoing."""
        body, what = leaf.body, leaf.event.removeprefix(EFFECT)
        action, attempt = self._action(body), number(body, "attempt")
        if what == "intended":
            self._intended(leaf, broken)
            if action is not None:
                action.since[attempt] = (position, action.since[attempt][1])
        elif what in _OUTCOMES:
            if action is None or attempt not in action.attempts:
                if self.whole:
                    broken("LS01", f"attempt {attempt} is {what} and was never intended")
            elif what in _FINAL:
                twice = action.attempts[attempt] in _FINAL
                if twice or (action.confirmed and what == "confirmed"):
                    broken("LS02", f"attempt {attempt} is {what} after a final outcome")
                action.attempts[attempt] = what
                action.confirmed = action.confirmed or what == "confirmed"
            elif what == "reconciled" and word(body, "finding") == "absent":
                action.attempts[attempt] = "absent"
        elif self.whole:
            self._undone(what, action, leaf, broken)

    def _undone(self, what: str, action: _Action | None, leaf: Leaf, broken: Broken) -> None:
        undo, actor = self._actions.get(word(leaf.body, "by")), leaf.value["actor"]
        if action is None or not action.confirmed:
            broken("LS11", f"an effect is {what} that was never confirmed")
        elif what == "compensated" and leaf.body.get("by_hand") is True:
            if not isinstance(actor, dict) or actor.get("kind") != "person":
                broken("LS11", "an effect was put right by hand, and by no person")
        elif what == "compensated" and (undo is None or not undo.confirmed):
            broken("LS11", "an effect is compensated, and its undo was never confirmed")

    # -- books and grants

    def _loaded(self, leaf: Leaf, broken: Broken) -> None:
        workflow, before, digest = (
            _workflow(leaf),
            word(leaf.body, "before"),
            word(leaf.body, "digest"),
        )
        known = self._book.get(workflow, "")
        if self.whole and known not in (before, digest):  # it may be told in several entries
            broken("LS04", f"book `{digest[:12]}` follows `{before[:12]}`, not what was in use")
        self._book[workflow] = digest
        slices = leaf.body.get("slices")
        self._books.update(map(str, slices if isinstance(slices, list) else ()))

    def _grant(self, leaf: Leaf, broken: Broken) -> None:
        body, level = leaf.body, word(leaf.body, "level")
        cell = (_workflow(leaf), word(body, "action"), word(body, "segment") or _WHOLE)
        given = leaf.event.endswith("given")
        actor = leaf.value["actor"]
        if given and (not isinstance(actor, dict) or actor.get("kind") != "person"):
            broken("LS14", "a grant was given by nobody")
        end = moment(number(body, "expires_us")) if given else self._grants.get(cell, (0, ""))[1]
        self._grants[cell] = (_rank(level), end)

    def _action(self, body: Mapping[str, Json]) -> _Action | None:
        return self._actions.get(word(body, "action_id"))


def _enough(approval: _Approval, digest: str, lapsed: frozenset[str]) -> bool:
    """Did as many people of each role say yes to this digest as were asked for?"""
    yes = {who: roles for who, roles in approval.yes.items() if who not in lapsed}
    one = people_behind(yes, {who: giver for who, giver in approval.givers.items() if who in yes})
    return approval.bound == digest and all(
        len({one[who] for who, roles in yes.items() if role in roles.split()}) >= people
        for people, role in approval.needed
    )


def _covers(body: Mapping[str, Json]) -> bool:
    """Is the digest that people decide on made from what stands beside it?"""
    asked = body.get("requirements")
    whole: dict[str, Json] = {
        "bound": word(body, "bound"),
        "expires_us": number(body, "expires_us"),
        "requirements": asked if isinstance(asked, list) else [],
    }
    text = json.dumps(whole, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="replace")).hexdigest() == word(body, "digest")


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1


def _workflow(leaf: Leaf) -> str:
    return str(leaf.value["workflow"])
