"""A decision of the gate as it was recorded, read back: what it was told, and what it answered."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from remit.domain.check_event import SEEDED
from remit.domain.decision import Decision, GateFacts
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.value import Canonical, Json
from remit.governance import forms
from remit.governance.cards import SPLIT
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.policy.request import PolicyRequest
from remit.store.connection import Connection

DECIDED: Final = "policy:action:decided"
PAGE: Final = 500  # entries of one query


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One decision with everything that it rested on."""

    case_id: str
    seq: int
    at_us: int
    facts: GateFacts
    decision: Decision
    request: PolicyRequest | None  # what the rules were asked; None: they were not


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A decision whose words are gone with the case's key: it stands, and cannot be made again."""

    case_id: str
    seq: int


def decided(entry: Entry) -> Decided | Unreadable:
    """Return the decision that an entry holds."""
    told, words = entry.payloads.get("facts"), entry.payloads.get("words")
    if not (isinstance(told, dict) and isinstance(words, dict)):
        return Unreadable(case_id=entry.case_id, seq=entry.seq)
    facts = forms.read(GateFacts, _joined(told, words))
    return Decided(
        case_id=entry.case_id,
        seq=entry.seq,
        at_us=entry.at_us,
        facts=facts,
        decision=forms.read(Decision, words["decision"]),
        request=_asked(words.get("asked"), facts),
    )


def every(
    connection: Connection,
    keys: KeyRing,
    *,
    workflow: str | None = None,
    case: str = "",
    since_us: int = 0,
) -> Iterator[Decided | Unreadable]:
    """Yield all decisions of a record, or of cases whose id begins so, oldest first by case.

    What measures reviewers was decided about nothing and is left out.
    """
    for entry in entries(connection, keys, workflow=workflow, case=case, since_us=since_us):
        yield decided(entry)


def entries(
    connection: Connection,
    keys: KeyRing,
    *,
    workflow: str | None = None,
    case: str = "",
    since_us: int = 0,
    until_us: int | None = None,
) -> Iterator[Entry]:
    """Yield the entries of decisions, as `every` reads them."""
    where = "e.event = ? AND e.tenant <> ? AND e.at_us >= ?"
    values: list[str | int] = [DECIDED, SEEDED, since_us]
    if until_us is not None:
        where += " AND e.at_us <= ?"
        values.append(until_us)
    if workflow is not None:
        where += " AND e.workflow = ?"
        values.append(workflow)
    if case:
        where += " AND e.case_id >= ? AND e.case_id < ?"
        values += [case, f"{case}~"]  # an id holds no sign that sorts after this one
    after: tuple[str, int] = ("", 0)
    while True:
        page = connection.rows(
            f"SELECT e.case_id, e.seq FROM entries e WHERE {where}"  # noqa: S608 - words of ours
            " AND (e.case_id, e.seq) > (?, ?) ORDER BY e.case_id, e.seq LIMIT ?",
            (*values, *after, PAGE),
        )
        yield from record.several(
            connection, keys, [(one, seq) for one, seq in page], missing=True
        )
        if len(page) < PAGE:
            return
        after = page[-1]


def _asked(form: Json, facts: GateFacts) -> PolicyRequest | None:
    if form is None:
        return None
    arguments = {
        name: Canonical(type=facts.types[name], form=value)
        for name, value in facts.arguments.items()
    }
    return replace(forms.read(PolicyRequest, form), arguments=arguments)


def _joined(told: Mapping[str, Json], words: Mapping[str, Json]) -> dict[str, Json]:
    """Return the facts as one form again: `cards.facts_form` has parted them."""
    facts = told["facts"]
    if not isinstance(facts, dict):
        raise TypeError("the facts of a decision are a record")
    made = dict(facts)
    for name, part, _ in SPLIT:
        made[part] = words[name]
    typed, written = made["arguments"], words["arguments"]
    if isinstance(typed, dict) and isinstance(written, dict):
        made["arguments"] = {**typed, **written}
    return made
