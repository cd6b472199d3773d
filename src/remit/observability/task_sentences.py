"""One sentence for each event of a task."""

from collections.abc import Callable, Mapping

from remit.domain.entry import Entry
from remit.domain.task import SAYS, Finding
from remit.observability.told import Named, Told, who, word

_SAID: Mapping[str, str] = {
    Finding.HAPPENED.value: "it happened",
    Finding.ABSENT.value: "it did not happen",
    Finding.CORRECTED.value: "it was put right by hand",
}
_SAYS = {kind.value: says for kind, says in SAYS.items()}


def _opened(entry: Entry, named: Named) -> Told:
    what = named.get(word(entry, "action_id"), "")
    says = _SAYS.get(word(entry, "kind"), "look at it")
    return Told(
        kind="task",
        text=f"Left to {word(entry, 'owner')}: {says}" + (f": {what}" if what else ""),
        detail=(("code", word(entry, "code")), ("task", word(entry, "task_id"))),
        problem=True,
    )


def _closed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="task",
        text=f"The task is closed: {word(entry, 'how')}",
        detail=(("task", word(entry, "task_id")),),
        roles=("evidence",),
    )


def _attested(entry: Entry, named: Named) -> Told:
    what = named.get(word(entry, "action_id"), "")
    said = _SAID.get(word(entry, "finding"), "it is known")
    return Told(
        kind="task",
        text=f"{who(entry)} says that {said}" + (f": {what}" if what else ""),
        detail=(("reference", word(entry, "reference")),),
        effect=True,
        roles=("evidence",),
    )


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "governance:task:opened": _opened,
    "governance:task:closed": _closed,
    "governance:effect:attested": _attested,
}
