"""One sentence for each event, from its body and opened payloads; nothing is guessed."""

from collections.abc import Callable, Mapping, Sequence

from remit.domain import clock
from remit.domain.entry import Entry
from remit.observability import (
    comparison_sentences,
    decision_sentences,
    effect_sentences,
    evidence_sentences,
    incident_sentences,
    rollback_sentences,
    step_sentences,
    task_sentences,
)
from remit.observability.line import Line
from remit.observability.told import Named, Told, filled_in, opened, plain, word


def line(entry: Entry, *, named: Named) -> Line:
    """Return the line of one entry."""
    teller = _TELLERS.get(entry.event)
    told = teller(entry, named) if teller else Told(kind="other", text=plain(entry.event))
    detail = list(told.detail)
    for role in told.roles:
        detail += opened(role, entry.payloads.get(role))
    detail.append(("actor", f"{entry.actor.kind.value} {entry.actor.ref}"))
    took = entry.body.get("latency_ms")
    return Line(
        seq=entry.seq,
        at=clock.instant(entry.at_us),
        kind=told.kind,
        text=told.text.strip() or plain(entry.event),
        detail=tuple(detail),
        took_ms=took if isinstance(took, int) else None,
        problem=told.problem,
        money=told.money,
        effect=told.effect,
        path=entry.path,
    )


def names_of(entries: Sequence[Entry], *, says: Mapping[str, str]) -> Named:
    """Return the sentence of each proposal, by action id."""
    named: dict[str, str] = {}
    for entry in entries:
        if entry.event == "orchestration:action:proposed":
            template = says.get(word(entry, "action")) or says.get(
                word(entry, "action").rpartition(".")[2]
            )
            named[word(entry, "action_id")] = filled_in(
                template, action=word(entry, "action"), arguments=entry.payloads.get("arguments")
            )
        elif entry.event == "governance:approval:requested":
            card = entry.payloads.get("card")
            sentence = card.get("sentence") if isinstance(card, dict) else None
            if isinstance(sentence, str):
                named[word(entry, "action_id")] = sentence
    return named


def is_problem(entry: Entry) -> bool:
    """Return whether this entry tells of trouble."""
    teller = _TELLERS.get(entry.event)
    return teller(entry, {}).problem if teller else False


def step_name(entry: Entry) -> str:
    """Return what the step of this entry is called: `read get_order`."""
    name = word(entry, "name") or word(entry, "action")
    verb = {
        "orchestration:intent:classified": "classify",
        "orchestration:model:answered": "ask",
        "orchestration:passages:retrieved": "retrieve",
        "orchestration:tool:read": "read",
        "orchestration:action:proposed": "act",
    }.get(entry.event) or word(entry, "kind")
    return f"{verb} {name}".strip() or plain(entry.event)


_TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    **step_sentences.TELLERS,
    **effect_sentences.TELLERS,
    **decision_sentences.TELLERS,
    **evidence_sentences.TELLERS,
    **incident_sentences.TELLERS,
    **comparison_sentences.TELLERS,
    **rollback_sentences.TELLERS,
    **task_sentences.TELLERS,
}

TOLD_EVENTS = frozenset(_TELLERS)
