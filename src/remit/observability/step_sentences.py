"""One sentence for each event of intake, of the workflow's steps and of its waits."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from remit.domain import assumption, clock
from remit.domain.entry import Entry
from remit.observability.told import (
    Named,
    Told,
    counted,
    who,
    word,
    words,
    written,
)

MEMBER_CHARACTERS_MAX = 60
VALUE_CHARACTERS_MAX = 80


def _received(entry: Entry, _named: Named) -> Told:
    outcomes = entry.body.get("outcomes")
    assumptions = words(entry, "assumptions")
    doubt = f", {len(assumptions)} assumed" if assumptions else ""
    count = len(outcomes) if isinstance(outcomes, dict) else 0
    return Told(
        kind="received",
        text=f"Came in by {word(entry, 'channel')}: {counted(count, 'field')}{doubt}",
        detail=(
            *(("assumed", one) for one in _grounds(entry)),
            *(("noted", one) for one in words(entry, "notes")),
        ),
        roles=("fields",),
    )


def _grounds(entry: Entry) -> Iterator[str]:
    """Yield what each field rests on: what was taken for granted, and on which evidence."""
    kept = entry.payloads.get("grounds")
    evidence = kept.get("evidence") if isinstance(kept, dict) else None
    for one in words(entry, "assumptions"):
        said = evidence.get(one) if isinstance(evidence, dict) else None
        yield f"{one.partition(':')[0]}: {assumption.words_of(one, evidence=said)}"


def _quarantined(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="received",
        text=f"Came in by {word(entry, 'channel')} and went to quarantine: "
        f"{', '.join(words(entry, 'codes'))}",
        problem=True,
        roles=("reasons",),
    )


def _released(entry: Entry, _named: Named) -> Told:
    chosen = [one.partition(":")[0] for one in words(entry, "chosen")]
    corrected = words(entry, "corrected")
    settled = f"; chose {', '.join(chosen)}" if chosen else ""
    settled += f"; typed {', '.join(corrected)}" if corrected else ""
    return Told(
        kind="received",
        text=f"{who(entry)} released it from quarantine{settled}",
        detail=tuple(("assumed", one) for one in _grounds(entry)),
        roles=("choices", "fields"),
    )


def _run(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="run",
        text="The workflow began" if not entry.run else "The workflow went on",
        detail=(("version", word(entry, "version")),),
    )


def _classified(entry: Entry, _named: Named) -> Told:
    ppm = entry.body.get("confidence_ppm")
    sure = f", confidence {ppm / 1_000_000:.2f}" if isinstance(ppm, int) else ", no confidence"
    return Told(
        kind="classify",
        text=f"{word(entry, 'name') or 'Classified'}: {word(entry, 'choice')}{sure}",
        detail=(("model", word(entry, "model")),),
        roles=("result",),
    )


def _answered(entry: Entry, _named: Named) -> Told:
    spent = [
        f"{word(entry, key)} tokens {way}"
        for key, way in (("input_tokens", "in"), ("output_tokens", "out"))
        if key in entry.body
    ]
    attempts = entry.body.get("attempts")
    again = f", at attempt {attempts}" if isinstance(attempts, int) and attempts > 1 else ""
    ppm = entry.body.get("confidence_ppm")
    sure = f", confidence {ppm / 1_000_000:.2f}" if isinstance(ppm, int) else ""
    finish = word(entry, "finish")
    cut = finish not in {"stop", "end", "tool_calls", ""}
    return Told(
        kind="model",
        text=f"The model {word(entry, 'model')} answered {word(entry, 'name')}{again}{sure}"
        + (f"; it ended by {finish}" if cut else ""),
        detail=(
            ("prompt", word(entry, "prompt")[:16]),
            ("finish", finish),
            ("spent", ", ".join(spent) or "not told"),
            *((("sure by", by),) if (by := word(entry, "sure_by")) else ()),
        ),
        roles=("prompt", "result"),
    )


def _retrieved(entry: Entry, _named: Named) -> Told:
    citations = words(entry, "citations")
    gap = word(entry, "gap")
    found = f"Found {counted(len(citations), 'passage')}" if citations else "Found no passage"
    return Told(
        kind="retrieved",
        text=f"{found} in {word(entry, 'name') or 'the knowledge'}"
        + (f"; gap: {gap}" if gap else ""),
        detail=tuple(("cites", one) for one in citations),
        roles=("query", "result"),
    )


def _read(entry: Entry, _named: Named) -> Told:
    result = entry.payloads.get("result")
    short = ""
    if isinstance(result, dict):
        shown = [f"{key} {written(value)}" for key, value in list(result.items())[:3]]
        short = " → " + ", ".join(one for one in shown if len(one) <= MEMBER_CHARACTERS_MAX)
    asked = entry.payloads.get("arguments")
    given = (
        ", ".join(written(value) for value in asked.values()) if isinstance(asked, dict) else ""
    )
    return Told(
        kind="read",
        text=f"Read {word(entry, 'name')}({given}){short}",
        detail=(("connector", word(entry, "connector")),),
        roles=("arguments", "result"),
    )


def _derived(entry: Entry, _named: Named) -> Told:
    result = entry.payloads.get("result")
    value = written(result) if "result" in entry.payloads else ""
    shown = f": {value}" if value and len(value) <= VALUE_CHARACTERS_MAX else ""
    kind = word(entry, "kind")
    name = word(entry, "name")
    what = kind if name in {"", kind} else f"{kind} {name}"
    return Told(kind="derived", text=f"Worked out {what}{shown}", roles=("result",))


def _step_failed(entry: Entry, _named: Named) -> Told:
    final = entry.body.get("final") is True
    end = "and will not be tried again" if final else "and will be tried again"
    return Told(
        kind="error",
        text=f"{word(entry, 'kind')} {word(entry, 'name')} failed ({word(entry, 'code')}) {end}",
        detail=(("attempt", word(entry, "attempt")),),
        problem=True,
        roles=("error",),
    )


_WAITS = {
    "approval": "a person's answer",
    "time": "a set time",
    "retry": "the next try",
    "effect": "the other system",
    "breaker": "the other system, which failed too often in a row",
    "place": "its turn at the other system, which may be asked only so often at once",
    "settling": "the outcome of what was begun before it was cancelled",
    "lift": "what holds it to be lifted: a stop, a limit or a fault",
    "grace": "the end of the time in which it can be taken back",
}


def _wait(entry: Entry, _named: Named) -> Told:
    expires = entry.body.get("expires_us")
    until = (
        (("at the latest", clock.text(clock.instant(expires))),)
        if isinstance(expires, int)
        else ()
    )
    kind = word(entry, "kind")
    return Told(kind="wait", text=f"Waits for {_WAITS.get(kind, kind)}", detail=until)


def _wait_ended(entry: Entry, _named: Named) -> Told:
    kind = word(entry, "kind")
    return Told(
        kind="wait", text=f"No longer waits for {_WAITS.get(kind, kind)}: {word(entry, 'how')}"
    )


def _escalated(entry: Entry, _named: Named) -> Told:
    note = entry.payloads.get("note")
    why = written(note) if isinstance(note, str) else word(entry, "code")
    return Told(
        kind="escalated",
        text=f"Handed to a person: {why}",
        detail=(("code", word(entry, "code")),),
        roles=("note",),
    )


def _closed(entry: Entry, _named: Named) -> Told:
    result = word(entry, "result")
    return Told(
        kind="closed",
        text=f"Closed: {word(entry, 'outcome')}" + (f", {result}" if result else ""),
        roles=("result",),
    )


def _reopened(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="received",
        text=f"{who(entry)} handed it back to the workflow",
        detail=(("reason", word(entry, "reason")),),
        roles=("note",),
    )


def _diverged(entry: Entry, _named: Named) -> Told:
    recorded, found = word(entry, "recorded"), word(entry, "found")
    text = {
        "arguments": f"Step {entry.path}, {recorded}, is asked for with other arguments now",
        "result": f"What step {entry.path}, {recorded}, recorded no longer fits its type",
        "ended": f"The code ended, but step {entry.path}, {recorded}, is recorded",
        "new": f"The code asks for {found} at step {entry.path}, and {recorded} is recorded after",
    }.get(
        word(entry, "why"), f"Step {entry.path} was {recorded}, and the code now asks for {found}"
    )
    return Told(
        kind="error",
        text=f"{text}; nothing was performed",
        detail=(
            ("asked at", word(entry, "at")),
            ("recorded version", word(entry, "recorded_version")),
            ("found version", word(entry, "found_version")),
            ("code", word(entry, "code")),
        ),
        problem=True,
        roles=("calls",),
    )


def _yielded(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="wait",
        text="Its turn is over; it goes on when it is its turn again",
        detail=(("reason", word(entry, "reason")), ("steps", word(entry, "steps"))),
    )


def _faulted(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="error",
        text=f"The code failed with {word(entry, 'code')}; it is tried again",
        detail=(("try", word(entry, "attempt")),),
        problem=True,
        roles=("trace",),
    )


def _reassigned(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="error",
        text="The process that ran it is gone; it is run again",
        detail=(("process", word(entry, "worker")), ("try", word(entry, "attempt"))),
        problem=True,
    )


def _overdue(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="wait",
        text="It has taken longer than its workflow gives it",
        detail=(("due", clock.text(clock.instant(entry.number("due_us") or 0))),),
        problem=True,
    )


def _ran(entry: Entry, _named: Named) -> Told:
    late = ", late" if entry.body.get("late") else ""
    return Told(
        kind="started",
        text=f"The job {word(entry, 'name')} began{late}",
        detail=(("due", clock.text(clock.instant(entry.number("due_us") or 0))),),
    )


def _clock(entry: Entry, _named: Named) -> Told:
    seconds = (entry.number("ahead_ms") or 0) // 1_000
    return Told(kind="started", text=f"{who(entry)} said the clock is right, {seconds} s ahead")


def _reminded(entry: Entry, _named: Named) -> Told:
    told = _overstayed(entry, "decide", "for a decision")
    text = told.text
    if word(entry, "stage") == "unanswerable":
        text = "Too few people may decide this"
    if word(entry, "to"):
        text = f"{text}; {word(entry, 'to').partition(':')[2]} has it now"
    return replace(
        told, text=text, detail=(("approval", word(entry, "approval_id")), *told.detail)
    )


def _still_aside(entry: Entry, _named: Named) -> Told:
    return _overstayed(entry, "settle it in quarantine", "in quarantine")


def _overstayed(entry: Entry, what: str, where: str) -> Told:
    """Tell a reminder: half the time for something has passed, all of it, or more."""
    stage = word(entry, "stage")
    said = {"warn": f"Half the time to {what} has passed", "due": f"The time to {what} has passed"}
    return Told(
        kind="wait",
        text=said.get(stage, f"It still waits {where}"),
        detail=(("reminder", word(entry, "step")),),
        problem=stage != "warn",
    )


def _cancel_asked(entry: Entry, _named: Named) -> Told:
    return Told(kind="closed", text=f"{who(entry)} asked to cancel it", roles=("reason",))


def _differed(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="error",
        text="Replayed in the background, it did not come out the same",
        detail=(
            ("step", entry.path or ""),
            ("recorded", word(entry, "recorded")),
            ("found", word(entry, "found")),
            ("asked at", word(entry, "at")),
            ("version", word(entry, "version")),
        ),
        problem=True,
        roles=("calls",),
    )


def _gap(entry: Entry, _named: Named) -> Told:
    return Told(
        kind="retrieved",
        text=f"The knowledge did not answer ({word(entry, 'code')})",
        detail=(("collection", word(entry, "collection")),),
        roles=("question",),
    )


TELLERS: Mapping[str, Callable[[Entry, Named], Told]] = {
    "intake:case:received": _received,
    "intake:case:quarantined": _quarantined,
    "intake:case:released": _released,
    "orchestration:run:started": _run,
    "orchestration:intent:classified": _classified,
    "orchestration:model:answered": _answered,
    "orchestration:passages:retrieved": _retrieved,
    "orchestration:tool:read": _read,
    "orchestration:value:derived": _derived,
    "orchestration:step:failed": _step_failed,
    "orchestration:wait:started": _wait,
    "orchestration:wait:ended": _wait_ended,
    "orchestration:case:escalated": _escalated,
    "orchestration:case:closed": _closed,
    "orchestration:case:reopened": _reopened,
    "orchestration:case:diverged": _diverged,
    "orchestration:replay:differed": _differed,
    "orchestration:run:yielded": _yielded,
    "orchestration:run:faulted": _faulted,
    "orchestration:case:reassigned": _reassigned,
    "orchestration:case:overdue": _overdue,
    "governance:approval:reminded": _reminded,
    "governance:quarantine:reminded": _still_aside,
    "orchestration:schedule:ran": _ran,
    "orchestration:clock:confirmed": _clock,
    "orchestration:cancel:asked": _cancel_asked,
    "governance:gap:observed": _gap,
}
