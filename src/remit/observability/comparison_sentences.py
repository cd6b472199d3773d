"""One sentence for each event of comparisons of a new behaviour with what is known."""

from collections.abc import Callable, Mapping

from remit.domain.entry import Entry
from remit.observability.told import Named, Told, number, who, word

KIND = "evidence"
_CAME = {
    "same": "would be proposed again",
    "fixed": "would be right now",
    "broken": "would not be right any more",
    "differs": "would come out otherwise",
    "still_wrong": "would be wrong in another way",
    "incomparable": "could not be compared",
    "escalated": "would go to a person",
}


def _started(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=(
            f"{word(entry, 'person') or who(entry)} has the behaviour of now of "
            f"{word(entry, 'action')}, {word(entry, 'segment')}, compared on "
            f"{number(entry, 'cases')} cases whose answer is known"
        ),
        detail=(
            ("behaviour", word(entry, "fingerprint")),
            ("answers of models then", word(entry, "asked")),
        ),
    )


def _compared(entry: Entry, named: Named) -> Told:
    what = named.get(word(entry, "action_id"), "") or f"case {word(entry, 'case_id')}"
    came = word(entry, "came")
    return Told(
        kind=KIND,
        text=f"In shadow, {what} {_CAME.get(came, came)}",
        detail=(
            ("code", word(entry, "code")),
            ("differs in", ", ".join(entry.words("parameters"))),
        ),
    )


def _finished(entry: Entry, _named: Named) -> Told:
    names = ("same", "fixed", "broken", "differs", "still_wrong", "incomparable", "escalated")
    return Told(
        kind=KIND,
        text=(
            f"Of {number(entry, 'cases')} cases in shadow {number(entry, 'broken')} are broken "
            f"and {number(entry, 'fixed')} fixed; it is a forecast and no evidence"
        ),
        detail=tuple((name.replace("_", " "), word(entry, name)) for name in names),
    )


def _abandoned(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text="A comparison came to no end; nothing of it is told",
        detail=(("code", word(entry, "code")), ("cases looked at", word(entry, "done"))),
    )


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "governance:comparison:started": _started,
    "governance:comparison:compared": _compared,
    "governance:comparison:finished": _finished,
    "governance:comparison:abandoned": _abandoned,
}
