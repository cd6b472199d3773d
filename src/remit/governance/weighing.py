"""What a change of rules would do, as it is kept for those who sign: differences, finds, flips."""

from collections.abc import Mapping
from typing import Final

from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.governance import decided, forms
from remit.governance.cards import form_of
from remit.governance.cost import shown
from remit.governance.decided import Decided, Unreadable
from remit.ledger.seal import KeyRing
from remit.policy import backtest
from remit.policy.backtest import Again
from remit.policy.book import PolicyBook
from remit.policy.difference import RuleChange
from remit.policy.request import PolicyRequest
from remit.policy.weighing import FLIPS, Weighed
from remit.store.connection import Connection

DAYS: Final = 30  # of recorded decisions that are made again
DECISIONS_MAX: Final = 5_000  # of these, the oldest first; `remit policy backtest` makes all
SHOWN_MAX: Final = 50  # flips, and requests newly allowed, that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Flip:
    """One recorded decision that another book would have made otherwise."""

    case_id: str
    seq: int
    action: str
    before: str
    after: str
    rules: tuple[str, ...]
    loosens: bool
    broken: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Newly:
    """A request that comes nearer to an allow."""

    action: str
    before: str
    after: str
    request: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """How far one action was searched, and whether it is proved that nothing is newly allowed."""

    action: str
    asked: int
    possible: int
    proved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BackTest:
    """Recorded decisions made again under another book."""

    decisions: int = 0
    erased: int = 0  # not readable any more
    whole: bool = True  # all that there are of these days
    flips: tuple[Flip, ...] = ()
    flipped: int = 0
    loosened: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything that those who sign a change are shown."""

    changes: tuple[RuleChange, ...]
    newly: tuple[Newly, ...]
    looked: tuple[Looked, ...]
    tested: BackTest


def findings(weighed: Weighed, tested: BackTest) -> Findings:
    """Return what is kept of a comparison."""
    found = [
        Newly(
            action=one.action, before=one.before, after=one.after,
            request=request_line(one.request),
        )
        for each in weighed.searched
        for one in each.witnesses
    ]  # fmt: skip
    found += [
        Newly(action=action, before="not allowed", after="allow", request=request_line(request))
        for action, request in weighed.newly
    ]
    return Findings(
        changes=weighed.changes,
        newly=tuple(found[:SHOWN_MAX]),
        looked=tuple(
            Looked(
                action=one.action, asked=one.asked, possible=one.possible,
                proved=one.action in weighed.proved,
            )
            for one in weighed.searched
        ),
        tested=tested,
    )  # fmt: skip


def codes(weighed: Weighed, tested: BackTest) -> tuple[str, ...]:
    """Return why a change needs people; empty where it surely lets nothing more pass."""
    return (*weighed.codes, *((FLIPS,) if tested.loosened else ()))


def form(found: Findings) -> Json:
    """Return findings as they are kept beside a proposed change."""
    return form_of(found)


def read(kept: Json) -> Findings:
    """Return findings as they were kept."""
    return forms.read(Findings, kept)


def test(
    connection: Connection, keys: KeyRing, book: PolicyBook, *, workflow: str, since_us: int
) -> BackTest:
    """Make recorded decisions of a workflow again under a book, no more than so many."""
    flips: list[Flip] = []
    made = erased = loosened = flipped = 0
    whole = True
    for one in decided.every(connection, keys, workflow=workflow, since_us=since_us):
        if made + erased >= DECISIONS_MAX:
            whole = False
            break
        if isinstance(one, Unreadable):
            erased += 1
            continue
        made += 1
        if one.request is None:
            continue
        again = backtest.again(one.facts, one.decision, one.request, book)
        if again.flips or again.broken:
            flipped += 1
            loosened += again.loosens or bool(again.broken)
            flips.append(flip(one, again))
    flips.sort(key=lambda one: (not one.loosens, one.rules, one.case_id, one.seq))
    return BackTest(
        decisions=made, erased=erased, whole=whole, flips=tuple(flips[:SHOWN_MAX]),
        flipped=flipped, loosened=loosened,
    )  # fmt: skip


def flip(one: Decided, made: Again) -> Flip:
    """Return a flip in short."""
    return Flip(
        case_id=one.case_id,
        seq=one.seq,
        action=f"{one.facts.workflow}.{one.facts.action}",
        before=made.before.verdict.value,
        after=made.after.verdict.value,
        rules=made.rules,
        loosens=made.loosens,
        broken=made.broken,
    )


def request_line(one: PolicyRequest) -> str:
    """Return a request as one line, arguments and facts by their names."""
    parts = [
        f"{name}={shown(value.form)}"
        for values in (one.arguments, one.facts, one.fields)
        for name, value in values.items()
    ]
    parts += [f"{name} is {label.value}" for name, label in one.labels.items()]
    parts += [f"{one.approvals} agreed", f"level {one.level.value}"]
    told: Mapping[str, str | None] = {
        "channel": one.channel, "segment": one.segment, "subject": one.subject,
    }  # fmt: skip
    parts += [f"{name} {value}" for name, value in told.items() if value is not None]
    return f"{one.name}: {', '.join(parts)}"
