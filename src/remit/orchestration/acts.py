"""One version of a proposal and what became of it, folded from its entries; pure."""

from collections.abc import Mapping
from dataclasses import field

from remit.domain.approval import ApprovalState, Vote, sealed
from remit.domain.clock import instant
from remit.domain.effect import EffectState
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.members import changed
from remit.domain.value import Json
from remit.governance.escalation import UNANSWERABLE

# What moves a proposal.
ACT_EVENTS = frozenset(
    {
        "orchestration:action:proposed", "policy:action:decided", "policy:action:withdrawn",
        "policy:action:expired", "governance:approval:requested", "governance:approval:voted",
        "governance:approval:decided", "governance:approval:closed",
        "governance:approval:reminded", "governance:denial:lifted",
        "orchestration:effect:intended", "orchestration:effect:confirmed",
        "orchestration:effect:failed", "orchestration:effect:ambiguous",
        "orchestration:effect:dispatched",
    }
)  # fmt: skip

REPEATED = "step.denied_again"  # the code that hands the case to a person


@dataclass(frozen=True, slots=True, kw_only=True)
class ActRecord:
    """One version of a proposal and what became of it."""

    action_id: str
    action: str
    version: int
    path: str
    arguments: Mapping[str, Json]
    author: str
    state: EffectState
    seq: int
    proposed_us: int = 0
    approval_id: str = ""
    approval_state: ApprovalState | None = None
    digest: str = ""
    bound: str = ""  # what the approval asks for, if its own digest covers just that
    wanted: tuple[str, ...] = ()  # of people, by the approval
    codes: tuple[str, ...] = ()  # why it asks
    expires_us: int = 0
    money: tuple[int, str] | None = None  # at stake
    unanswerable: bool = False  # nobody may say yes, and the owner knows
    votes: tuple[Vote, ...] = ()
    approved_us: int | None = None
    edits: Mapping[str, Json] = field(default_factory=dict)
    editor: str = ""
    effect_id: str = ""
    attempt: int = 0
    intended_us: int | None = None
    connector: str = ""
    receipt: Json = None
    code: str = ""  # why it was denied or failed
    repeated: bool = False  # denied once too often: a person has the case until it is handed back
    sent: bool = True  # False: it failed before a byte left
    faults: int = 0  # how often the gate could not tell
    finds: int = 0  # how often the other system was asked what became of it
    cleared_us: int | None = None  # since when it is allowed
    begins_us: int | None = None  # until when it can be taken back
    until_us: int | None = None  # when an accepted effect is answered at the latest
    deadline_us: int = 0  # when whoever intended it has an outcome, or is gone
    undoes: str = ""  # the action that it takes back
    reason: str = ""  # why a person takes it back


def moved(act: ActRecord, entry: Entry) -> ActRecord:
    """Return the record as one more entry leaves it."""
    body = entry.body
    if act.state is EffectState.NOTED and entry.event.startswith("governance:approval:"):
        return act  # a check of the desk: its run has gone on, and no answer moves it
    match entry.event:
        case "policy:action:decided":
            codes = body["codes"]
            code = str(codes[0]) if isinstance(codes, list | tuple) and codes else ""
            state = EffectState(str(body["state"]))
            return changed(
                act,
                state=state,
                code=code,
                repeated=REPEATED in entry.words("codes"),
                faults=act.faults + (state is EffectState.BLOCKED),
                cleared_us=(act.cleared_us or entry.at_us)
                if state is EffectState.CLEARED
                else None,
                begins_us=entry.number("begins_us"),
            )
        case "governance:denial:lifted":
            return changed(act, code="denial.lifted")
        case "governance:approval:requested":
            return changed(
                act,
                approval_id=str(body["approval_id"]),
                approval_state=ApprovalState.OPEN,
                digest=str(body["digest"]),
                bound=_bound(entry),
                unanswerable=False,
                money=_money(entry),
                wanted=tuple(entry.words("requirements")),
                codes=tuple(entry.words("codes")),
                expires_us=entry.number("expires_us") or 0,
                votes=(),
                approved_us=None,
            )
        case "governance:approval:voted":
            return changed(act, votes=(*act.votes, *_votes(act, entry)))
        case "governance:approval:decided":
            return _verdict(act, entry)
        case "governance:approval:reminded" if entry.word("stage") == UNANSWERABLE:
            return changed(act, unanswerable=True)
        case "governance:approval:closed":
            return changed(act, approval_state=ApprovalState(str(body["state"])))
        case "orchestration:effect:intended":
            return changed(
                act,
                state=EffectState.INTENDED,
                effect_id=str(body["effect_id"]),
                attempt=int(str(body["attempt"])),
                intended_us=entry.at_us,
                deadline_us=entry.number("deadline_us") or 0,
                connector=str(body["connector"]),
                digest=str(body["digest"]),
            )
        case "orchestration:effect:confirmed":
            return changed(act, state=EffectState.CONFIRMED, receipt=entry.payloads.get("receipt"))
        case "orchestration:effect:failed":
            return changed(
                act, state=EffectState.FAILED, code=str(body["code"]), sent=bool(body["sent"])
            )
        case "orchestration:effect:ambiguous":
            return changed(
                act, state=EffectState.AMBIGUOUS, code=str(body["code"]), finds=act.finds + 1
            )
        case "orchestration:effect:dispatched":
            return changed(act, state=EffectState.DISPATCHED, until_us=entry.number("until_us"))
        case "policy:action:withdrawn":
            return changed(act, state=EffectState.WITHDRAWN, code=str(body["code"]))
        case "policy:action:expired":
            return changed(act, state=EffectState.EXPIRED, code="approval.expired")
        case _:
            return act


def _money(entry: Entry) -> tuple[int, str] | None:
    minor = entry.number("money_minor")
    return None if minor is None else (minor, entry.word("currency"))


def _bound(entry: Entry) -> str:
    """Return what is asked for, where the digest that people decide on covers just that."""
    bound, expires_us = entry.word("bound"), entry.number("expires_us") or 0
    whole = sealed(bound, entry.words("requirements"), expires_us)
    return bound if whole == entry.word("digest") else ""


def _verdict(act: ActRecord, entry: Entry) -> ActRecord:
    body = entry.body
    match str(body["verdict"]):
        case "approve":
            return changed(
                act,
                approval_state=ApprovalState.APPROVED,
                votes=(*act.votes, *_votes(act, entry)),
                approved_us=entry.at_us,
            )
        case "reject":
            return changed(
                act,
                approval_state=ApprovalState.DENIED,
                state=EffectState.DENIED,
                code=f"rejected.{body.get('reason', 'other')}",
            )
        case "edit":
            reason = entry.payloads.get("reason")
            edits = reason.get("edits") if isinstance(reason, dict) else None
            return changed(
                act,
                approval_state=ApprovalState.SUPERSEDED,
                state=EffectState.REPLACED,
                edits=edits if isinstance(edits, dict) else {},
                editor=str(body["person"]),
                approved_us=entry.at_us,
            )
        case _:
            return changed(
                act,
                approval_state=ApprovalState.REVOKED,
                state=EffectState.WITHDRAWN,
                code="desk.escalated",
            )


def _votes(act: ActRecord, entry: Entry) -> tuple[Vote, ...]:
    """Return a yes once for each role that it meets, as one to what was asked for with it.

    INVARIANT: a yes to another digest than was shown is a yes to nothing
    (tests/security/test_approvals.py).
    """
    shown = entry.word("digest") == act.digest
    return tuple(
        Vote(
            person=entry.word("person"),
            role=role,
            digest=act.bound if shown else "",
            at=instant(entry.at_us),
            delegated_from=entry.word("delegated_from"),
        )
        for role in entry.word("role").split()
    )
