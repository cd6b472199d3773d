"""One sentence for each event of a rollback and of a drill."""

from collections.abc import Callable, Mapping

from remit.domain.entry import Entry
from remit.observability.told import Named, Told, number, who, word

_OUTCOMES: Mapping[str, str] = {
    "compensated": "Taken back",
    "uncompensated": "Not taken back",
    "not_needed": "Nothing to take back",
}


def _started(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="rollback",
        text=f"{word(entry, 'person') or who(entry)} has {number(entry, 'planned')} effects "
        "taken back",
        detail=(("rollback", word(entry, "rollback_id")), ("plan", word(entry, "plan"))),
        effect=True,
    )


def _planned(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="rollback",
        text=f"Effects of the plan from number {number(entry, 'first') + 1} on, newest first",
        detail=(("rollback", word(entry, "rollback_id")),),
    )


def _settled(entry: Entry, named: Named) -> Told:
    what = named.get(word(entry, "action_id"), "")
    said = _OUTCOMES.get(word(entry, "outcome"), "It is settled")
    return Told(
        kind="rollback",
        text=said + (f": {what}" if what else ""),
        detail=(("rollback", word(entry, "rollback_id")), ("code", word(entry, "code"))),
        effect=True,
        problem=word(entry, "outcome") == "uncompensated",
    )


def _finished(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="rollback",
        text=f"The rollback is done: of {number(entry, 'planned')} effects "
        f"{number(entry, 'compensated')} taken back, {number(entry, 'uncompensated')} not, "
        f"{number(entry, 'not_needed')} not needed",
        detail=(("rollback", word(entry, "rollback_id")),),
        problem=bool(number(entry, "uncompensated")),
    )


def _drilled(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="drill",
        text=f"{word(entry, 'person') or who(entry)} rehearses {word(entry, 'undo')} "
        f"of {word(entry, 'action')}",
        detail=(("action", word(entry, "action")),),
    )


def _drill_finished(entry: Entry, _named: Named) -> Told:
    passed = entry.body.get("passed") is True
    return Told(
        kind="drill",
        text=f"The rehearsal of {word(entry, 'undo')} {'passed' if passed else 'failed'} "
        f"after {number(entry, 'took_ms')} ms",
        detail=(("action", word(entry, "action")), ("code", word(entry, "code"))),
        problem=not passed,
    )


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "governance:rollback:started": _started,
    "governance:rollback:planned": _planned,
    "governance:rollback:settled": _settled,
    "governance:rollback:finished": _finished,
    "governance:drill:started": _drilled,
    "governance:drill:finished": _drill_finished,
}
