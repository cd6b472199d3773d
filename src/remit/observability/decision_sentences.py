"""One sentence for each event of the gate, of approvals and of the record itself."""

from collections.abc import Callable, Mapping

from remit.domain import clock
from remit.domain.entry import Entry
from remit.observability.told import (
    Named,
    Told,
    how,
    number,
    reason_sentences,
    who,
    word,
    words,
)


def _proposed(entry: Entry, named: Named) -> Told:
    sentence = named.get(word(entry, "action_id")) or word(entry, "action")
    version = entry.body.get("version")
    edited = f" (version {version})" if isinstance(version, int) and version > 1 else ""
    undoes = "; it would undo an earlier effect" if entry.body.get("undoes") else ""
    return Told(
        kind="proposed",
        text=f"Proposed: {sentence}{edited}{undoes}",
        detail=(
            ("action", word(entry, "action")),
            ("risk", word(entry, "risk")),
            ("author", word(entry, "author")),
        ),
        money=entry.body.get("money_minor") is not None,
        roles=("arguments",),
    )


_DECISIONS = {
    "cleared": "Allowed",
    "held": "Held for a person",
    "denied": "Denied",
    "blocked": "Blocked: the gate could not tell",
    "escalated": "Handed to a person by the gate",
    "ambiguous": "Not repeated, still in doubt",
    "noted": "Noted, not performed: the level allows no effect",
}


def _decided(entry: Entry, _named: Named) -> Told:
    state = word(entry, "state")
    sentences = reason_sentences(entry.payloads.get("words"))
    codes = words(entry, "codes")
    why = "; ".join(sentences[:2]) or ", ".join(codes)
    second = " at the second look" if entry.body.get("second") else ""
    return Told(
        kind="gate",
        text=_DECISIONS.get(state, state) + second + (f": {why}" if why else ""),
        detail=(
            *(("reason", one) for one in sentences),
            *(("code", one) for one in codes),
            ("level", word(entry, "level")),
            ("policy", word(entry, "policy")[:16]),
            ("digest", word(entry, "digest")[:16]),
        ),
        problem=state in {"denied", "blocked"},
    )


def _withdrawn(entry: Entry, _named: Named) -> Told:
    return Told(kind="gate", text=f"Withdrawn, nothing went out ({word(entry, 'code')})")


def _expired(_entry: Entry, _named: Named) -> Told:
    return Told(
        kind="gate", text="Nobody decided in time: not performed", problem=True, money=False
    )


def _stop(entry: Entry, _named: Named) -> Told:
    verbs = {
        "set": "set",
        "asked": "says that it may go on, as one of two, of",
        "lifted": "lifted",
    }
    what = entry.event.rpartition(":")[2]
    kind = "a hard stop" if entry.body.get("hard") else "a stop"
    kind = "a drill of a stop" if entry.body.get("drill") else kind
    return Told(
        kind="gate",
        text=f"{entry.actor.shown} {verbs[what]} {kind} for {word(entry, 'scope')}",
        detail=tuple(
            (key, word(entry, key)) for key in ("under_way", "asked_by") if key in entry.body
        ),
        problem=what == "set",
        roles=("sentence", "reason"),
    )


def _requested(entry: Entry, named: Named) -> Told:
    needs = ", ".join(words(entry, "requirements"))
    what = named.get(word(entry, "action_id"), word(entry, "action"))
    return Told(
        kind="approval",
        text=f"Asked {needs or 'a person'}: {what}",
        detail=(
            ("due", clock.text(clock.instant(number(entry, "due_us")))),
            ("expires", clock.text(clock.instant(number(entry, "expires_us")))),
            ("digest", word(entry, "digest")[:16]),
        ),
        money=entry.body.get("money_minor") is not None,
    )


def _for(entry: Entry) -> str:
    """Return who decided, and for whom if not for themself."""
    giver = word(entry, "delegated_from")
    return f"{word(entry, 'person')}{f' for {giver}' if giver else ''}"


def _voted(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="vote",
        text=f"{_for(entry)}, {word(entry, 'role')}, said yes",
        detail=how(entry),
        roles=("reason",),
    )


_VERDICTS = {
    "approve": "approved",
    "reject": "rejected",
    "edit": "changed the values of",
    "escalate": "handed to a person",
}


def _verdict(entry: Entry, named: Named) -> Told:
    verb = _VERDICTS.get(word(entry, "verdict"), word(entry, "verdict"))
    what = named.get(word(entry, "action_id"))
    reason = word(entry, "reason")
    return Told(
        kind="vote",
        text=f"{word(entry, 'person')}, {word(entry, 'role')}, {verb}"
        + (f": {what}" if what else "")
        + (f" (reason: {reason})" if reason else ""),
        detail=how(entry),
        roles=("reason",),
    )


def _approval_closed(entry: Entry, _named: Named) -> Told:
    words = {
        "superseded": "The request was replaced by a new version",
        "revoked": "The yes was taken back",
        "expired": "The request expired: not performed",
        "consumed": "The yes was used, once",
        "void": "The yes no longer holds: something changed",
    }
    state = word(entry, "state")
    return Told(
        kind="approval",
        text=words.get(state, state),
        detail=(("code", word(entry, "code")),),
        problem=state in {"expired", "void"},
    )


_REMARKS = {
    "claimed": "is at it",
    "freed": "is not at it any more",
    "assigned": "passed it to",
    "commented": "said a word about it",
    "snoozed": "wants to see it again later",
}


def _remark(entry: Entry, _named: Named) -> Told:
    """Tell what somebody did about an approval without deciding it."""
    kind = entry.event.rpartition(":")[2]
    text = f"{who(entry)} {_REMARKS[kind]}"
    if to := word(entry, "to"):
        text = f"{text} {to}"
    if asked := word(entry, "asked"):
        text = f"{who(entry)} asked {asked} about it"
    return Told(
        kind="approval",
        text=text,
        detail=(("approval", word(entry, "approval_id")),),
        roles=("comment",),
    )


def _endorsement(entry: Entry, _: Named) -> Told:
    """Tell whose word a value rests on."""
    who = entry.actor.ref
    verb = entry.event.rpartition(":")[2]
    if verb == "given":
        where = {"case": "in this case", "subject": "in every case of this sender"}
        text = (
            f"{who} vouches for {word(entry, 'parameter').replace('_', ' ')} of "
            f"{word(entry, 'action').replace('_', ' ')} "
            f"{where.get(word(entry, 'scope'), 'in the whole workflow')}"
        )
    elif verb == "seconded":
        text = f"{who} vouches for the same value too"
    else:
        text = f"{who} took back that a value is vouched for"
    return Told(kind="approval", text=text, roles=("value", "reason"))


def _delegation(entry: Entry, _: Named) -> Told:
    """Tell that roles were lent or taken back."""
    if entry.event.endswith("ended"):
        text = f"{entry.actor.ref} ended a delegation"
    else:
        text = f"{entry.actor.ref} lent the roles of {word(entry, 'giver')} to {word(entry, 'to')}"
    return Told(kind="approval", text=text)


def _denial(entry: Entry, _: Named) -> Told:
    """Tell that a no was widened or lifted."""
    if entry.event.endswith("lifted"):
        text = f"{entry.actor.ref} lifted a no: what is proposed from here on is judged anew"
    else:
        what = word(entry, "kind").partition(":")[2].replace("_", " ")
        text = f"{entry.actor.ref} said no to {what} in every case of this sender, for a while"
    return Told(kind="approval", text=text, roles=("reason",))


def _grant(entry: Entry, _named: Named) -> Told:
    lowered = entry.event.endswith("lowered")
    verb = "fell to" if lowered else "was set to"
    return Told(
        kind="gate",
        text=f"The level of {word(entry, 'action')} {verb} {word(entry, 'level')}",
        detail=(("segment", word(entry, "segment")), ("code", word(entry, "code"))),
        problem=lowered,
    )


_BOOK = {
    "loaded": "Rules came into force",
    "proposed": "Changed rules wait for signatures",
    "signed": "{who} signed changed rules",
    "refused": "{who} refused changed rules",
    "withdrawn": "Changed rules are not in their folder any more",
}


def _book(entry: Entry, _named: Named) -> Told:
    """Tell what became of rules."""
    text = _BOOK[entry.event.rpartition(":")[2]].format(who=entry.actor.ref)
    keys = ("how", "digest", "change", "rules", "people")
    return Told(
        kind="gate",
        text=text,
        detail=tuple((key, word(entry, key)) for key in keys if entry.body.get(key)),
        roles=("reason",),
    )


def _other(text: str, *keys: str) -> Callable[[Entry, Named], Told]:
    def told(entry: Entry, _named: Named) -> Told:
        return Told(
            kind="other",
            text=text,
            detail=tuple((key, word(entry, key)) for key in keys if key in entry.body),
        )

    return told


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "orchestration:action:proposed": _proposed,
    "policy:action:decided": _decided,
    "policy:action:withdrawn": _withdrawn,
    "policy:action:expired": _expired,
    "policy:stop:set": _stop,
    "policy:limit:raised": _other("A limit was raised for a time", "name", "max", "until_us"),
    "policy:limits:loaded": _other("Other limits are in force", "before", "digest"),
    "policy:stop_lift:asked": _stop,
    "policy:stop:lifted": _stop,
    "policy:stop:drilled": _other(
        "A stop was drilled", "scope", "under_way", "intended_after", "unfinished", "stop_ms"
    ),
    "policy:book:loaded": _book,
    "policy:book:proposed": _book,
    "policy:book:signed": _book,
    "policy:book:refused": _book,
    "policy:book:withdrawn": _book,
    "governance:approval:requested": _requested,
    "governance:approval:voted": _voted,
    "governance:approval:decided": _verdict,
    "governance:approval:closed": _approval_closed,
    "governance:approval:claimed": _remark,
    "governance:approval:freed": _remark,
    "governance:approval:assigned": _remark,
    "governance:approval:commented": _remark,
    "governance:approval:snoozed": _remark,
    "governance:endorsement:given": _endorsement,
    "governance:endorsement:seconded": _endorsement,
    "governance:endorsement:revoked": _endorsement,
    "governance:delegation:given": _delegation,
    "governance:delegation:ended": _delegation,
    "governance:denial:widened": _denial,
    "governance:denial:lifted": _denial,
    "governance:grant:given": _grant,
    "governance:grant:lowered": _grant,
    "ledger:origin:opened": _other("The ledger was opened", "origin", "key"),
    "ledger:writer:opened": _other("A writer began", "writer", "follows"),
    "ledger:heartbeat:recorded": _other("A process was at work", "process", "number"),
    "ledger:heartbeat:ended": _other("A process ended its work", "process", "how"),
    "ledger:anchor:received": _other("A checkpoint is kept elsewhere", "operator", "kind", "size"),
    "api:content:disclosed": _other("Content was handed over", "role", "recipient", "ground"),
    "ledger:origin:recovered": _other("The ledger went on under another origin"),
    "ledger:key:rotated": _other("A new root key wraps every key", "before", "root"),
    "ledger:log_key:rotated": _other("A new key signs the log", "number", "before", "key"),
    "ledger:checkpoint:abandoned": _other("A signature was never used", "size", "root"),
    "ledger:log_key:begun": _other("The log is signed by its new key", "number", "key"),
    "ledger:key:destroyed": _other("A root key was destroyed", "root"),
    "ledger:erasure:requested": _other("An erasure was requested", "ground", "cases"),
    "ledger:erasure:refused": _other("An erasure was refused", "ground", "code", "holds"),
    "ledger:values:resealed": _other("A masked value was erased", "token", "values"),
    "ledger:erasure:completed": _other("Content was erased", "ground", "cases", "payloads"),
    "ledger:legal_hold:placed": _other("A legal hold was placed", "kind", "ref", "ground"),
    "ledger:legal_hold:released": _other("A legal hold was released", "ground"),
    "ledger:range:pruned": _other("A month past its term was pruned", "month", "entries"),
    "ledger:verify:finished": _other("The ledger was verified", "size", "result"),
    "ledger:projections:rebuilt": _other(
        "Rows that differed were made anew from the entries", "size", "differences", "by"
    ),
}
