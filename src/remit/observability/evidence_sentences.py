"""One sentence for each event of how a cell earns its level."""

from collections.abc import Callable, Mapping

from remit.domain.entry import Entry
from remit.observability.told import Named, Told, who, word

KIND = "evidence"
_SAID = {
    "right": "was right first time",
    "wrong": "was not right",
    "void": "counts for nothing",
    "pending": "is open",
}


def _cell(entry: Entry) -> str:
    return f"{word(entry, 'action')}, {word(entry, 'segment')}"


def _percent(entry: Entry, name: str) -> str:
    return f"{(entry.number(name) or 0) / 10_000:g} %"


def _plan(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=(
            f"From here on {word(entry, 'action')} is judged against "
            f"{_percent(entry, 'error_max_ppm')} wrong; what was counted before is over"
        ),
        detail=(
            ("plan", word(entry, "version")),
            ("a stream at that rate is accepted in", _percent(entry, "false_grant_max_ppm")),
            ("label window", f"{entry.number('window_days')} days"),
            ("reviewers", word(entry, "reviewers")),
        ),
    )


def _committed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=f"The key of the coins of {word(entry, 'day')} is fixed",
        detail=(("SHA-256", word(entry, "digest")),),
    )


def _revealed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=f"The key of the coins of {word(entry, 'day')} is told: each can be tossed again",
        detail=(("key", word(entry, "key")),),
    )


def _over(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=f"Attempt {(entry.number('attempt') or 0) + 1} of {_cell(entry)} is over",
        detail=(("code", word(entry, "code")),),
    )


def _carried(entry: Entry, _named: Named) -> Told:
    gone = len(entry.words("gone"))
    rows, proof = entry.number("rows") or 0, word(entry, "proof")
    text = f"The evidence of {_cell(entry)} goes on under rules that allow less: {rows:,} rows"
    if gone:
        text += f", of which {gone:,} would not run any more"
    return Told(
        kind=KIND,
        text=text,
        detail=(
            ("proof", proof),
            ("right ones dropped", str(entry.number("dropped"))),
            ("wrong or open ones kept", str(entry.number("stayed"))),
        ),
    )


def _grid(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=(
            f"{len(entry.words('thresholds'))} confidences are tried as thresholds of "
            f"{_cell(entry)}, fixed by its first rows"
        ),
        detail=(("low mark", _percent(entry, "low_mark_ppm")),),
    )


def _label(entry: Entry, named: Named) -> Told:
    what = named.get(word(entry, "action_id"), "")
    said = _SAID.get(word(entry, "outcome"), word(entry, "outcome"))
    return Told(
        kind=KIND,
        text=f"{who(entry)}: it {said}" + (f": {what}" if what else ""),
        detail=(
            ("code", word(entry, "code")),
            ("source", word(entry, "source")),
            ("severity", word(entry, "severity")),
        ),
        roles=("reason",),
        problem=word(entry, "outcome") == "wrong",
    )


def _contested(entry: Entry, named: Named) -> Told:
    what = named.get(word(entry, "action_id"), "")
    return Told(
        kind=KIND,
        text=f"{who(entry)}: it was right, though it was called wrong"
        + (f": {what}" if what else ""),
        detail=(("waits for", "a second person who says so too"),),
        roles=("reason",),
    )


def _fired(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=(
            f"{_cell(entry)}: too much went wrong for {_percent(entry, 'rate_max_ppm')} "
            f"({word(entry, 'detector')}, row {entry.number('rows')})"
        ),
        detail=(("row", word(entry, "row")), ("log statistic", word(entry, "statistic"))),
        problem=True,
    )


def _surge(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=f"Each of the next {entry.number('cases')} cases of {_cell(entry)} is looked at",
        detail=(("code", word(entry, "code")),),
        problem=True,
    )


def _calm(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=f"Not every case of {_cell(entry)} is looked at any more",
        detail=(("code", word(entry, "code")),),
    )


def _dealt(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text="A proposal of which the right answer is known was put among those that wait",
        detail=(("check", word(entry, "check_id")), ("origin", word(entry, "origin"))),
    )


def _answered(entry: Entry, _named: Named) -> Told:
    caught = entry.body.get("caught") is True
    said = "answered rightly" if caught else "did not"
    return Told(
        kind=KIND,
        text=f"A check was answered: {who(entry)} {said}",
        detail=(("check", word(entry, "check_id")), ("verdict", word(entry, "verdict"))),
        problem=not caught,
    )


def _unanswered(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text="A check ended without an answer; it measures nobody",
        detail=(("check", word(entry, "check_id")), ("code", word(entry, "code"))),
    )


def _alarmed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=(
            f"{word(entry, 'reviewer')} approved {entry.number('missed')} of "
            f"{entry.number('dealt')} proposals that were known to be wrong: what they call right "
            "is judged again, and nothing rises"
        ),
        problem=True,
    )


def _cleared(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=(
            f"{word(entry, 'reviewer')} answered {entry.number('answers')} fresh checks in a row "
            "rightly and is no longer under alarm"
        ),
    )


def _exhausted(entry: Entry, _named: Named) -> Told:
    return Told(
        kind=KIND,
        text=f"No proposal of {word(entry, 'action')} is left that reviewers have not seen",
        detail=(("risk", word(entry, "risk")),),
        problem=True,
    )


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "governance:plan:set": _plan,
    "governance:day_key:committed": _committed,
    "governance:day_key:revealed": _revealed,
    "governance:evidence:carried": _carried,
    "governance:evidence_stream:closed": _over,
    "governance:grid:fixed": _grid,
    "governance:label:given": _label,
    "governance:label:contested": _contested,
    "governance:detector:fired": _fired,
    "governance:check:dealt": _dealt,
    "governance:check:answered": _answered,
    "governance:check:closed": _unanswered,
    "governance:checks:exhausted": _exhausted,
    "governance:reviewer:alarmed": _alarmed,
    "governance:reviewer:cleared": _cleared,
    "governance:surge:begun": _surge,
    "governance:surge:ended": _calm,
}
