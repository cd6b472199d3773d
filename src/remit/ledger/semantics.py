"""What the entries mean together: each rule has a code, and looks at bodies, never at contents.

Memory grows with actions and cases, a few hundred bytes each; nothing else of the judge does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from remit.ledger.judge import Bad, Head
from remit.ledger.leaf import Json, Leaf
from remit.ledger.silence import BEAT, ENDED, Silence, shifted
from remit.ledger.successions import ROTATED

RULES: Final = {
    "LS01": "an outcome has exactly one intent before it",
    "LS02": "an attempt has at most one final outcome, and an effect is confirmed at most once",
    "LS03": "an intent is settled in time; those that are not are listed, not condemned",
    "LS04": "what the gate allows names a policy book that was loaded before",
    "LS05": "an intent was cleared by the gate over the same digest",
    "LS06": "an intent whose action was held has a yes over the same digest from enough people",
    "LS07": "a yes comes from a person, who is not who proposed, before the approval expires",
    "LS08": "what the gate clears without a yes needs a grant in force of at least that level",
    "LS09": "a case begins with its receipt: received = closed + open + quarantined",
    "LS10": "a cause is an earlier entry",
    "LS11": "an undo follows an effect, and what is called undone was",
    "LS12": "cases run where a process is at work, and it is not silent while a case is open",
    "LS13": "an origin is opened once, at the beginning, with the key that verifies it",
    "LS14": "keys, origins, grants, erasures, holds, pruning: by a person or a service of Remit",
}
OPEN_INTENT_SECONDS_MAX: Final = 86_400
_LEVELS: Final = ("shadow", "draft", "approve-each", "sampled", "autonomous")
_FREE: Final = _LEVELS.index("sampled")  # from here on nobody is asked each time
_SERIOUS: Final = ("money", "irreversible")
_OF_CASES: Final = frozenset(
    "action case effect intent model passages run step tool value wait".split()
)
_EFFECT: Final = "orchestration:effect:"
_FINAL: Final = ("confirmed", "failed")
_OUTCOMES: Final = (*_FINAL, "ambiguous", "dispatched", "late", "reconciled")
_BEGINNINGS: Final = ("intake:case:received", "intake:case:quarantined")
_GOVERNED: Final = tuple(
    f"ledger:{noun}:"
    for noun in ("key", "log_key", "origin", "format", "erasure", "legal_hold", "range")
)
_LISTED_MAX: Final = 5

_Broken = Callable[[str, str], None]  # code, text


@dataclass(slots=True)
class _Approval:
    digest: str
    needed: tuple[tuple[int, str], ...]  # people, role
    expires: str  # as leaves write an instant
    yes: dict[str, str] = field(default_factory=dict)  # person -> roles


@dataclass(slots=True)
class _Action:
    author: str
    cell: tuple[str, str]  # workflow, name
    undoes: str
    edited: bool = False  # a person wrote it in place of another, at a risk that needs nobody else
    cleared: str = ""  # digest of the last clearance
    free: bool = False  # cleared at a level at which nobody is asked each time
    approvals: dict[str, _Approval] = field(default_factory=dict)
    attempts: dict[int, str] = field(default_factory=dict)  # attempt -> final outcome, or ""
    since: dict[int, tuple[int, str]] = field(default_factory=dict)  # attempt -> where, deadline
    confirmed: bool = False


class Semantics:
    """Sees each leaf in order and says which rule it breaks."""

    def __init__(self, *, key_ids: Sequence[str]) -> None:
        self._key_ids = list(key_ids)
        self._whole = True
        self._actions: dict[str, _Action] = {}
        self._cases: dict[str, str] = {}  # case -> open | closed | quarantined
        self._books: set[str] = set()  # slices of all books that were loaded
        self._book: dict[str, str] = {}  # by workflow: the one that is in use
        self._grants: dict[tuple[str, str], tuple[int, str]] = {}  # workflow, action -> level, end
        self._edits: set[tuple[str, str]] = set()  # action that was edited, by whom
        self._asked: dict[str, tuple[_Action, _Approval]] = {}
        self._ids: set[int] = set()
        self._opened: tuple[int, str] | None = None  # the origin's first key, and where
        self._silence = Silence()
        self._open = 0
        self._now = ""
        self._seen = 0
        self._looks: Mapping[str, Callable[[Leaf, _Broken], None]] = {
            "orchestration:action:proposed": self._proposed,
            "policy:action:decided": self._decided,
            "policy:book:loaded": self._loaded,
            "governance:approval:requested": self._requested,
            "governance:approval:voted": self._said,
            "governance:approval:decided": self._said,
            "governance:approval:closed": self._ended,
            "governance:grant:given": self._grant,
            "governance:grant:lowered": self._grant,
            "orchestration:run:started": self._started,
            BEAT: self._beaten,
            ENDED: self._beaten,
        }

    def begin(self, head: Head) -> None:
        """Of a part nothing is asked that what came before might answer."""
        self._whole = head.first == 0

    def see(self, position: int, leaf: Leaf, bad: Bad) -> None:
        """Look at one leaf."""

        def broken(code: str, text: str) -> None:
            bad(code, position, text)

        self._seen += 1
        self._now = max(self._now, leaf.at)
        if leaf.at > self._silence.due:
            self._silence.passed(leaf.at)
        source, _, rest = leaf.event.partition(":")
        noun = rest.partition(":")[0]
        self._causes(leaf, broken)
        if source == "intake" or (source == "orchestration" and noun in _OF_CASES):
            self._case(leaf, broken)
        look = self._looks.get(leaf.event)
        if look is not None:
            look(leaf, broken)
        elif leaf.event.startswith(_EFFECT):
            self._outcome(position, leaf, broken)
        elif leaf.event.startswith(_GOVERNED):
            self._governed(position, leaf, broken)

    def end(self, bad: Bad) -> Sequence[str]:
        """Return the lines that a report shows: what was counted, and intents without an end."""
        if self._opened and self._opened[1] not in self._key_ids:
            bad("LS13", self._opened[0], "the origin was opened with another key than verifies it")
        states = list(self._cases.values())
        counted = ", ".join(
            f"{states.count(name)} {name}" for name in ("closed", "open", "quarantined")
        )
        rules = f"{self._seen:,} entries by {len(RULES)} rules"
        lines = [f"semantic  {rules}; {len(states):,} cases: {counted}"]
        lines += self._silence.end(self._now, lambda code, text: bad(code, None, text))
        late = shifted(self._now, -OPEN_INTENT_SECONDS_MAX)
        old = sorted(
            where
            for action in self._actions.values()
            for attempt, (where, deadline) in action.since.items()
            if not action.attempts[attempt] and deadline < late
        )
        if old:
            listed = ", ".join(f"{where:,}" for where in old[:_LISTED_MAX])
            more = f" and {len(old) - _LISTED_MAX} more" if len(old) > _LISTED_MAX else ""
            lines.append(f"open      intents without an outcome (LS03): {listed}{more}")
        return lines

    # -- cases and causes

    def _case(self, leaf: Leaf, broken: _Broken) -> None:
        case, event = leaf.case_id, leaf.event
        if event in _BEGINNINGS:
            if case in self._cases:
                broken("LS09", f"case `{case}` is received twice")
            self._cases[case] = "open" if event.endswith("received") else "quarantined"
            self._count(leaf, event.endswith("received"))
            return
        if case not in self._cases:
            if self._whole:
                broken("LS09", f"`{event}` is of case `{case}`, which was never received")
            self._cases[case] = "open"
            self._count(leaf, 1)
        if event == "orchestration:case:closed":
            self._count(leaf, -(self._cases[case] == "open"))
            self._cases[case] = "closed"
        elif event in ("orchestration:case:reopened", "intake:case:released"):
            self._count(leaf, self._cases[case] != "open")
            self._cases[case] = "open"

    def _count(self, leaf: Leaf, change: int) -> None:
        if not self._open and change > 0:
            self._silence.opened(leaf.at)
        self._open += change
        if not self._open:
            self._silence.closed()

    def _causes(self, leaf: Leaf, broken: _Broken) -> None:
        causes = leaf.value.get("causes")
        for cause in causes if isinstance(causes, list) else ():
            if self._whole and hash(cause) not in self._ids:
                broken("LS10", f"cause `{cause}` is no earlier entry")
        self._ids.add(hash(leaf.id))

    # -- proposals, decisions, approvals

    def _proposed(self, leaf: Leaf, broken: _Broken) -> None:
        body = leaf.body
        undoes, cell = _word(body, "undoes"), (_workflow(leaf), _word(body, "action"))
        author, risk = _word(body, "author"), _word(body, "risk")
        if author == "workflow":
            self._started(leaf, broken)
        edited = (_word(body, "replaces"), author) in self._edits and risk not in _SERIOUS
        self._actions[_word(body, "action_id")] = _Action(author, cell, undoes, edited)
        if undoes and self._whole and undoes not in self._actions:
            broken("LS11", f"an undo is proposed of `{undoes}`, which nobody proposed")

    def _decided(self, leaf: Leaf, broken: _Broken) -> None:
        body = leaf.body
        action = self._action(body)
        if action is None or _word(body, "state") != "cleared":
            return
        policy, level = _word(body, "policy"), _word(body, "level")
        action.cleared, action.free = _word(body, "digest"), _rank(level) >= _FREE
        if self._whole and policy not in self._books:
            broken("LS04", f"policy `{policy[:12]}` was not loaded before")
        if action.free and not action.undoes and self._whole:
            given, end = self._grants.get(action.cell, (-1, ""))
            if given < _rank(level) or end < leaf.at:
                broken("LS08", f"the gate cleared at level `{level}`, and no grant goes that far")

    def _requested(self, leaf: Leaf, broken: _Broken) -> None:
        del broken
        action, needed = self._action(leaf.body), leaf.body.get("requirements")
        people = [str(one).partition(" ") for one in needed] if isinstance(needed, list) else []
        if action is None:
            return
        approval = _Approval(
            _word(leaf.body, "digest"),
            tuple((int(count) if count.isdigit() else 1, role) for count, _, role in people),
            _moment(_count(leaf.body, "expires_us")),
        )
        action.approvals[_word(leaf.body, "approval_id")] = approval
        self._asked[_word(leaf.body, "approval_id")] = (action, approval)

    def _said(self, leaf: Leaf, broken: _Broken) -> None:
        body, actor = leaf.body, leaf.value["actor"]
        action, approval = self._asked.get(_word(body, "approval_id"), (None, None))
        person = _word(body, "person")
        if _word(body, "verdict") == "edit":
            self._edits.add((_word(body, "action_id"), person))
        if action is None or approval is None or _word(body, "verdict") not in ("", "approve"):
            return
        own = action.author == person and _word(body, "channel") != "edit"
        if _word(body, "digest") != approval.digest:
            broken("LS06", f"`{person}` said yes to another digest than was asked for")
            return
        if not isinstance(actor, dict) or actor.get("kind") != "person" or own:
            broken("LS07", f"`{person}` said yes, and is no person, or the one who proposed")
        elif leaf.at > approval.expires:
            broken("LS07", f"`{person}` said yes after the approval had expired")
        approval.yes[person] = f"{approval.yes.get(person, '')} {_word(body, 'role')}"

    def _ended(self, leaf: Leaf, broken: _Broken) -> None:
        del broken
        action = self._action(leaf.body)
        if action is not None and _word(leaf.body, "state") != "consumed":
            action.approvals.pop(_word(leaf.body, "approval_id"), None)

    # -- effects

    def _intended(self, leaf: Leaf, broken: _Broken) -> None:
        body = leaf.body
        action, attempt, digest = (
            self._action(body),
            _count(body, "attempt"),
            _word(body, "digest"),
        )
        if action is None:
            if self._whole:
                broken("LS05", "an effect is intended that nobody proposed")
            return
        if attempt in action.attempts:
            broken("LS01", f"attempt {attempt} is intended twice")
        if digest != action.cleared and self._whole:
            broken("LS05", "an effect is intended that the gate did not clear over this digest")
        asked = bool(action.approvals) or not action.free
        enough = any(_enough(one, digest) for one in action.approvals.values())
        enough = enough or (action.edited and not action.approvals)
        if asked and not enough and not action.undoes and self._whole:
            broken("LS06", "an effect is intended without a yes of enough people over it")
        action.attempts[attempt] = ""
        action.since[attempt] = (0, _moment(_count(body, "deadline_us")))

    def _outcome(self, position: int, leaf: Leaf, broken: _Broken) -> None:
        body, what = leaf.body, leaf.event.removeprefix(_EFFECT)
        action, attempt = self._action(body), _count(body, "attempt")
        if what == "intended":
            self._intended(leaf, broken)
            if action is not None:
                action.since[attempt] = (position, action.since[attempt][1])
        elif what in _OUTCOMES:
            if action is None or attempt not in action.attempts:
                if self._whole:
                    broken("LS01", f"attempt {attempt} is {what} and was never intended")
            elif what in _FINAL:
                twice = action.attempts[attempt] in _FINAL
                if twice or (action.confirmed and what == "confirmed"):
                    broken("LS02", f"attempt {attempt} is {what} after a final outcome")
                action.attempts[attempt] = what
                action.confirmed = action.confirmed or what == "confirmed"
            elif what == "reconciled" and _word(body, "finding") == "absent":
                action.attempts[attempt] = "absent"
        elif self._whole:
            self._undone(what, action, _word(body, "by"), broken)

    def _undone(self, what: str, action: _Action | None, by: str, broken: _Broken) -> None:
        undo = self._actions.get(by)
        if action is None or not action.confirmed:
            broken("LS11", f"an effect is {what} that was never confirmed")
        elif what == "compensated" and (undo is None or not undo.confirmed):
            broken("LS11", "an effect is compensated, and its undo was never confirmed")

    # -- governance and the ledger itself

    def _loaded(self, leaf: Leaf, broken: _Broken) -> None:
        workflow, before, digest = (
            _workflow(leaf),
            _word(leaf.body, "before"),
            _word(leaf.body, "digest"),
        )
        known = self._book.get(workflow, "")
        if self._whole and known not in (before, digest):  # it may be told in several entries
            broken("LS04", f"book `{digest[:12]}` follows `{before[:12]}`, not what was in use")
        self._book[workflow] = digest
        slices = leaf.body.get("slices")
        self._books.update(map(str, slices if isinstance(slices, list) else ()))

    def _grant(self, leaf: Leaf, broken: _Broken) -> None:
        body, level = leaf.body, _word(leaf.body, "level")
        cell = (_workflow(leaf), _word(body, "action"))
        given = leaf.event.endswith("given")
        actor = leaf.value["actor"]
        if given and (not isinstance(actor, dict) or actor.get("kind") != "person"):
            broken("LS14", "a grant was given by nobody")
        end = _moment(_count(body, "expires_us")) if given else self._grants.get(cell, (0, ""))[1]
        self._grants[cell] = (_rank(level), end)

    def _beaten(self, leaf: Leaf, broken: _Broken) -> None:
        self._silence.see(leaf, broken, whole=self._whole)

    def _started(self, leaf: Leaf, broken: _Broken) -> None:
        del leaf
        if self._whole:
            self._silence.works(broken)

    def _governed(self, position: int, leaf: Leaf, broken: _Broken) -> None:
        actor = leaf.value["actor"]
        if not isinstance(actor, dict) or actor.get("kind") not in ("service", "person"):
            broken("LS14", f"`{leaf.event}` was done by neither a service of Remit nor a person")
        if leaf.event == ROTATED:  # the judge says whether it is vouched for
            self._key_ids += _word(leaf.body, "before").split("+")[1:2]
        if leaf.event == "ledger:origin:opened":
            if position:
                broken("LS13", "an origin is opened inside another")
            self._opened = (position, _word(leaf.body, "key"))

    def _action(self, body: Mapping[str, Json]) -> _Action | None:
        return self._actions.get(_word(body, "action_id"))


def _enough(approval: _Approval, digest: str) -> bool:
    """Did as many people of each role say yes to this digest as were asked for?"""
    return approval.digest == digest and all(
        sum(role in roles.split() for roles in approval.yes.values()) >= people
        for people, role in approval.needed
    )


def _rank(level: str) -> int:
    return _LEVELS.index(level) if level in _LEVELS else -1


def _workflow(leaf: Leaf) -> str:
    return str(leaf.value["workflow"])


def _word(body: Mapping[str, Json], name: str) -> str:
    value = body.get(name)
    return value if isinstance(value, str) else ""


def _count(body: Mapping[str, Json], name: str) -> int:
    value = body.get(name)
    return value if isinstance(value, int) else 0


def _moment(microseconds: int) -> str:
    """Return an instant as leaves write it; one that is none is the beginning of time."""
    try:
        moment = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=microseconds)
    except OverflowError:
        return ""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
