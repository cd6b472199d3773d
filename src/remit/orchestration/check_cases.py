"""A check made from a case of the past: the same entries with ids, tokens and times of its own.

Nothing of it is performed: its proposal is noted, its case is known as a check to everything that
counts or wakes, and no code ever runs it.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from remit.domain import clock
from remit.domain.action import ActionSpec, AnySource
from remit.domain.approval import sealed
from remit.domain.check_event import SEEDED
from remit.domain.decision import GateFacts
from remit.domain.effect import EffectState
from remit.domain.entry import EVENTS, Draft, Entry
from remit.domain.frozen import dataclass
from remit.domain.ids import derived
from remit.domain.money import Money
from remit.domain.value import Json, digest, encode
from remit.governance import cards, cost
from remit.governance.card import Card
from remit.governance.cost import shown
from remit.governance.decided import DECIDED, Decided, decided
from remit.intake import tokens
from remit.orchestration.coins import Coins
from remit.orchestration.replay import STEP_EVENTS

ASKED: Final = "governance:approval:requested"
PROPOSED: Final = "orchestration:action:proposed"
WAITS: Final = "orchestration:wait:started"
# What a case may hold that becomes a check: what it was told and looked up, and one question.
_PLAIN: Final = frozenset(
    {
        "intake:case:received", "orchestration:run:started", "orchestration:value:derived",
        PROPOSED, DECIDED, ASKED, WAITS, *STEP_EVENTS,
    }
)  # fmt: skip
_FACTORS: Final = (Decimal(2), Decimal("0.5"), Decimal(10), Decimal("1.1"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A case of the past up to its one question, with what is known of the answer."""

    action_id: str
    approval_id: str
    entries: tuple[Entry, ...]
    told: Decided
    card: Card


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Where and when a check stands: ids of its own, and how much later it is."""

    case_id: str
    later_us: int  # between the question of the past and now
    key: str
    originals: str
    fingerprint: str


def source(entries: Sequence[Entry], action_id: str) -> Source | None:
    """Return what a case has up to the question about a proposal; `None` where it has more."""
    found: list[Entry] = []
    asked: Entry | None = None
    for one in entries:
        if one.event not in _PLAIN:
            return None
        found.append(one)
        if one.event == ASKED:
            if asked is not None or one.word("action_id") != action_id:
                return None
            asked = one
        if asked is not None and one.event == WAITS:
            break
    told = [decided(one) for one in found if one.event == DECIDED]
    proposed = [one for one in found if one.event == PROPOSED]
    alone = len(told) == len(proposed) == 1 and isinstance(told[0], Decided)
    if asked is None or found[-1].event != WAITS or not alone or "card" not in asked.payloads:
        return None
    card = cards.from_form(asked.payloads["card"])
    (decision,) = told
    if not isinstance(decision, Decided) or any(one.people > 1 for one in card.requirements):
        return None
    return Source(
        action_id=action_id, approval_id=asked.word("approval_id"), entries=tuple(found),
        told=decision, card=card,
    )  # fmt: skip


def perturbed(
    one: Source, spec: ActionSpec, draw: int, other: Mapping[str, Json] | None = None
) -> dict[str, Json] | None:
    """Return arguments that are wrong where the right ones are known; `None` where none can be.

    An amount is another one; without an amount a word of a closed list is; without both a text is
    that of another case, `other`: the right answer to somebody else.
    """
    given = dict(one.told.facts.arguments)
    factor = _FACTORS[draw % len(_FACTORS)]
    for param in spec.params:
        value = given.get(param.name)
        if param.type == "money" and isinstance(value, dict):
            money = Money(Decimal(str(value["amount"])), str(value["currency"]))
            exact = (money.amount * factor).quantize(money.amount)
            if exact == money.amount or not exact:
                continue
            amount = Money(exact, money.currency)
            return {
                **given, param.name: {"amount": amount.written, "currency": amount.currency},
            }  # fmt: skip
    for param in spec.params:
        others = [word for word in param.choices if word != given.get(param.name)]
        if param.name in given and others:
            return {**given, param.name: others[draw % len(others)]}
    for param in spec.params:
        value, text = given.get(param.name), (other or {}).get(param.name)
        free = isinstance(param.source, AnySource) and param.type == "text"
        texts = isinstance(value, str) and isinstance(text, str) and value != text
        # Of another case's people nothing is put into this one.
        if free and texts and not any(tokens.reads(str(text))):
            return {**given, param.name: text}
    return None


def drafts(
    one: Source,
    spec: ActionSpec,
    arguments: Mapping[str, Json],
    placed: Placed,
    *,
    words: Mapping[str, str],
    coins: Coins,
) -> Iterator[Draft]:
    """Yield the entries of a check; `words` are tokens of the past and those in their place."""
    ids = _ids(one, arguments, placed)
    change = {**ids, **words}
    card = _card(one, spec, arguments, placed)
    for entry in one.entries:
        body = dict(entry.body)
        payloads = dict(entry.payloads)
        match entry.event:
            case event if event == PROPOSED:
                payloads["arguments"] = dict(arguments)
                body |= _money(spec, arguments, body)
            case event if event == DECIDED:
                body["state"] = EffectState.NOTED.value
                body |= _tossed(coins, ids[one.action_id], body)
                facts = _facts(one, arguments, placed)
                payloads |= cards.facts_form(facts, one.told.decision, one.told.request)
            case event if event == ASKED:
                payloads["card"] = cards.to_form(card)
                body |= _money(spec, arguments, body)
                body |= _later(body, placed, "due_us", "expires_us")
            case event if event == WAITS:
                body |= _later(body, placed, "expires_us")
            case _:
                body |= _later(body, placed, "due_us")
        yield Draft(
            event=_event(entry.event, _changed(body, change)),
            case_id=placed.case_id,
            workflow=entry.workflow,
            actor=entry.actor,
            path=entry.path,
            run=entry.run,
            fingerprint=None if entry.fingerprint is None else placed.fingerprint,
            payloads={role: _changed(form, change) for role, form in payloads.items()},
            tenant=SEEDED,
            key=placed.key,
            originals=placed.originals,
        )


def approval_of(one: Source, placed: Placed) -> str:
    """Return the id of the question of a check."""
    return derived("approval", _action_of(one, placed), "1", placed.case_id)


# -- parts ---------------------------------------------------------------------------------------


def _action_of(one: Source, placed: Placed) -> str:
    path = next(entry.path for entry in one.entries if entry.event == PROPOSED)
    return derived(placed.case_id, path or "", "1")


def _ids(one: Source, arguments: Mapping[str, Json], placed: Placed) -> dict[str, str]:
    """Return what names the past, and what names the check in its place."""
    received, asked = one.entries[0], _asked(one)
    cluster = next(entry.word("cluster") for entry in one.entries if entry.event == DECIDED)
    own = {"case": placed.case_id, "arguments": digest(dict(arguments))}
    known = {received.word("external"), received.word("content"), asked.word("bound")}
    made = {name: digest({**own, "was": name}) for name in known if name}
    expires_us = (asked.number("expires_us") or 0) + placed.later_us
    bound = made.get(asked.word("bound"), "")
    return {
        **made,
        cluster: digest({**own, "was": cluster})[: len(cluster)],
        one.told.facts.version: placed.fingerprint,
        asked.word("digest"): sealed(bound, asked.words("requirements"), expires_us),
        received.case_id: placed.case_id,
        one.action_id: _action_of(one, placed),
        one.approval_id: approval_of(one, placed),
    }


def _asked(one: Source) -> Entry:
    return next(entry for entry in one.entries if entry.event == ASKED)


def _facts(one: Source, arguments: Mapping[str, Json], placed: Placed) -> GateFacts:
    """Return what the gate was told, with these values, and as if it were asked now."""
    facts, later = one.told.facts, timedelta(microseconds=placed.later_us)
    return replace(
        facts,
        arguments=arguments,
        latest=None if facts.latest is None else facts.latest + later,
        now=None if facts.now is None else facts.now + later,
    )


def _card(one: Source, spec: ActionSpec, arguments: Mapping[str, Json], placed: Placed) -> Card:
    """Return the card of the past with these values, and as if it were asked now."""
    card, facts = one.card, replace(one.told.facts, arguments=arguments)
    later = timedelta(microseconds=placed.later_us)
    return replace(
        card,
        sentence=cards.sentence(spec, arguments),
        money=cost.money_of(spec, arguments),
        changes=tuple(
            replace(each, after=shown(arguments.get(each.name))) for each in card.changes
        ),
        fields=tuple(replace(each, value=shown(arguments.get(each.name))) for each in card.fields),
        payload=encode(
            {"action": f"{card.workflow}.{card.action}", "arguments": dict(arguments)}
        ).decode(),
        cost=cost.cost(spec, facts, {}) if arguments != one.told.facts.arguments else card.cost,
        message=cost.message(spec, arguments),
        requested_at=card.requested_at + later,
        due_at=card.due_at + later,
        expires_at=card.expires_at + later,
    )


def _money(
    spec: ActionSpec, arguments: Mapping[str, Json], body: Mapping[str, Json]
) -> dict[str, Json]:
    money = cost.money_of(spec, arguments)
    if money is None or "money_minor" not in body:
        return {}
    return {"money_minor": money.minor, "currency": money.currency}


def _tossed(coins: Coins, action_id: str, body: Mapping[str, Json]) -> dict[str, Json]:
    """Return a coin of its own: when the key of its day is told, it is right as any other."""
    share_ppm = body["share_ppm"]
    if not isinstance(share_ppm, int):
        raise TypeError("a check is made from a row, and a row has a share")
    toss = coins.toss(action_id, share_ppm=share_ppm)
    return {"day": toss.day, "draw": toss.draw, "drawn": toss.drawn}


def _later(body: Mapping[str, Json], placed: Placed, *names: str) -> dict[str, Json]:
    return {
        name: value + placed.later_us for name in names if isinstance(value := body.get(name), int)
    }


def _changed(form: Json, change: Mapping[str, str]) -> Any:
    """Return a form with other words in it, wherever they stand."""
    text = json.dumps(form, ensure_ascii=False)
    for was, now in change.items():
        text = text.replace(was, now)
    return json.loads(text)


def _event(name: str, body: Mapping[str, Json]) -> Any:
    made: Callable[..., Any] = EVENTS[name]
    return made(**{
        key: tuple(value) if isinstance(value, list) else value for key, value in body.items()
    })  # fmt: skip


def asked_at_us(one: Source) -> int:
    """Return when the question of the past was asked."""
    return clock.microseconds(one.card.requested_at)
