"""One sentence for each event of an effect."""

from collections.abc import Callable, Mapping

from remit.domain.entry import Entry
from remit.observability.told import (
    Body,
    Named,
    Told,
    word,
    words,
)


def _effect(
    text: str, *, problem: bool = False, roles: tuple[str, ...] = ()
) -> Callable[[Entry, Named], Told]:
    def told(entry: Entry, named: Named) -> Told:
        what = named.get(word(entry, "action_id"), "")
        filled = text.format_map(Body(entry.body))
        detail = [
            (label, str(entry.body[key]))
            for key, label in (
                ("connector", "connector"),
                ("reference", "reference"),
                ("attempt", "attempt"),
                ("code", "code"),
                ("effect_id", "idempotency key"),
                ("digest", "digest"),
            )
            if key in entry.body
        ]
        reveals = [("turned back", one) for one in words(entry, "reveals")]
        return Told(
            kind="effect",
            text=f"{filled}: {what}" if what else filled,
            detail=(*detail, *reveals),
            problem=problem,
            effect=True,
            roles=roles,
        )

    return told


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "orchestration:effect:intended": _effect("About to be performed by {connector}"),
    "orchestration:effect:dispatched": _effect("Sent; the answer comes later", roles=("receipt",)),
    "orchestration:effect:confirmed": _effect("Done, receipt {reference}", roles=("receipt",)),
    "orchestration:effect:failed": _effect("Not done ({code})", problem=True, roles=("error",)),
    "orchestration:effect:ambiguous": _effect(
        "It may have happened; do not repeat it", problem=True, roles=("error",)
    ),
    "orchestration:effect:reconciled": _effect(
        "Found out what became of it: {finding}", roles=("receipt",)
    ),
    "orchestration:effect:late": _effect(
        "The answer came late: {outcome}", problem=True, roles=("receipt",)
    ),
    "orchestration:effect:compensating": _effect("Is being undone"),
    "orchestration:effect:compensated": _effect("Undone"),
    "orchestration:effect:uncompensated": _effect("Could not be undone ({code})", problem=True),
}
