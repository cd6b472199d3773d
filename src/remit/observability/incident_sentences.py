"""One sentence for each event of an incident."""

from collections.abc import Callable, Mapping

from remit.domain.entry import Entry
from remit.domain.incident import SAYS, Correction
from remit.observability.told import Named, Told, number, who, word, words

FOUND: Mapping[str, str] = {
    Correction.TO_CHECK.value: "to check",
    Correction.NO_HARM.value: "no harm",
    Correction.UNDONE.value: "undone",
    Correction.BY_HAND.value: "corrected by hand",
    Correction.CANNOT.value: "cannot be corrected",
}
_SAYS = {seen.value: says for seen, says in SAYS.items()}
_HELD = {"lowered": "nothing of the cell runs alone", "unsent": "nothing was sent"}


def _declared(entry: Entry, _named: Named) -> Told:
    of = word(entry, "case_ref") or word(entry, "action") or entry.workflow
    return Told(
        kind="incident",
        text=f"Incident {number(entry, 'number')} is declared on the {word(entry, 'scope')} {of}, "
        f"{word(entry, 'severity')}. {_SAYS.get(word(entry, 'code'), '')}",
        detail=(("incident", word(entry, "incident_id")), ("code", word(entry, "code"))),
        problem=True,
        roles=("sentence",),
    )


def _reported(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="incident",
        text=f"The incident is reported again, {word(entry, 'severity')}. "
        f"{_SAYS.get(word(entry, 'code'), '')}",
        detail=(("incident", word(entry, "incident_id")), ("code", word(entry, "code"))),
        problem=True,
        roles=("sentence",),
    )


def _contained(entry: Entry, _named: Named) -> Told:
    held = _HELD.get(word(entry, "how"), f"a stop stands on {word(entry, 'by')}")
    return Told(
        kind="incident",
        text=f"The incident is contained: {held}",
        detail=(("incident", word(entry, "incident_id")), ("by", word(entry, "by"))),
    )


def _corrected(entry: Entry, _named: Named) -> Told:
    many = len(words(entry, "actions"))
    found = FOUND.get(word(entry, "finding"), word(entry, "finding"))
    return Told(
        kind="incident",
        text=f"{who(entry)} says of {many} effect{'' if many == 1 else 's'}: {found}",
        detail=(("incident", word(entry, "incident_id")),),
        effect=True,
    )


def _resolved(entry: Entry, _named: Named) -> Told:
    counts = ", ".join(f"{number(entry, name)} {FOUND[name]}" for name in _COUNTED)
    return Told(
        kind="incident",
        text=f"{who(entry)} resolves the incident: {counts}",
        detail=(("incident", word(entry, "incident_id")),),
    )


def _reviewed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="incident",
        text="The incident is reviewed",
        detail=(("incident", word(entry, "incident_id")),),
        roles=("found",),
    )


def _dismissed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="incident",
        text="The incident is dismissed; it counts all the same",
        detail=(("incident", word(entry, "incident_id")),),
        roles=("reason",),
    )


_COUNTED = tuple(name for name in FOUND if name != Correction.TO_CHECK.value)

TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "governance:incident:declared": _declared,
    "governance:incident:reported": _reported,
    "governance:incident:contained": _contained,
    "governance:correction:set": _corrected,
    "governance:incident:resolved": _resolved,
    "governance:incident:reviewed": _reviewed,
    "governance:incident:dismissed": _dismissed,
}
