"""What happened to a case, read from its entries: a timeline in sentences, and spans."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from remit.domain import clock
from remit.domain.entry import Entry
from remit.observability import sentences
from remit.observability.line import Line, Parts, Span, Timeline

__all__ = ["Line", "Parts", "Span", "Timeline", "spans", "timeline"]

GAP_SECONDS_MIN = 120.0

_WAITS_FOR_US = {"approval", "person", "escalated"}


def timeline(entries: Sequence[Entry], *, says: Mapping[str, str]) -> Timeline:
    """Tell a case's entries, in their order, as lines that a person reads.

    `says` maps an action's name to its sentence with `{parameter}` slots. Only what the entries
    and their opened payloads hold is used: tokens stay tokens.
    """
    ordered = sorted(entries, key=lambda entry: entry.seq)
    named = sentences.names_of(ordered, says=says)
    lines: list[Line] = []
    previous: Entry | None = None
    for entry in ordered:
        line = sentences.line(entry, named=named)
        if previous is not None:
            seconds = (entry.at_us - previous.at_us) / 1_000_000
            if seconds > GAP_SECONDS_MIN:
                line = replace(line, gap_before_seconds=seconds)
        lines.append(line)
        previous = entry
    if not ordered:
        return Timeline()
    closed = ordered[-1] if ordered[-1].event == "orchestration:case:closed" else None
    return Timeline(
        lines=tuple(lines),
        started_at=clock.instant(ordered[0].at_us),
        ended_at=clock.instant(closed.at_us) if closed else None,
        parts=_parts(ordered),
        first_seq=ordered[0].seq,
        last_seq=ordered[-1].seq,
    )


def spans(entries: Sequence[Entry]) -> tuple[Span, ...]:
    """Return the case, its runs, their steps and effects, each with start and end.

    A span without an end has not ended. A parent always stands before its children.
    """
    ordered = sorted(entries, key=lambda entry: entry.seq)
    if not ordered:
        return ()
    case_id = ordered[0].case_id
    ended = ordered[-1].event == "orchestration:case:closed"
    made: dict[str, Span] = {
        case_id: Span(
            id=case_id,
            parent=None,
            depth=0,
            kind="case",
            name=f"case of {ordered[0].workflow}",
            start_us=ordered[0].at_us,
            end_us=ordered[-1].at_us if ended else None,
            status="closed" if ended else "open",
            seq=ordered[0].seq,
        )
    }
    for entry in ordered:
        run = f"run {entry.run if entry.run is not None else 0}"
        if entry.path is not None or entry.run is not None:
            _stretch(made, entry, key=run, kind="run", name=run, parent=case_id, depth=1)
        if entry.path is not None:
            step = sentences.step_name(entry)
            key = f"step {entry.path}"
            _stretch(made, entry, key=key, kind="step", name=step, parent=run, depth=2)
        if entry.event.startswith("orchestration:effect:"):
            _effect(made, entry, case_id=case_id)
    return _in_tree_order(made)


def _stretch(
    made: dict[str, Span],
    entry: Entry,
    *,
    key: str,
    kind: str,
    name: str,
    parent: str,
    depth: int,
) -> None:
    """Open the span at this entry, or let it last until here."""
    took = entry.body.get("latency_ms")
    began = entry.at_us - (took if isinstance(took, int) else 0) * 1_000
    problem = kind == "step" and sentences.is_problem(entry)
    known = made.get(key)
    if known is None:
        made[key] = Span(
            id=key,
            parent=parent,
            depth=depth,
            kind=kind,
            name=name,
            start_us=began,
            end_us=entry.at_us,
            status="problem" if problem else "ok",
            seq=entry.seq,
        )
        return
    made[key] = replace(
        known,
        start_us=min(known.start_us, began),
        end_us=entry.at_us,
        status="problem" if problem else known.status,
    )


def _effect(made: dict[str, Span], entry: Entry, *, case_id: str) -> None:
    action_id = str(entry.body.get("action_id", ""))
    key = f"effect {action_id}"
    state = entry.event.rpartition(":")[2]
    step = f"step {entry.path}"
    parent, depth = (step, 3) if step in made else (case_id, 1)
    known = made.get(key)
    span = known or Span(
        id=key,
        parent=parent,
        depth=depth,
        kind="effect",
        name=f"effect {action_id[:8]}",
        start_us=entry.at_us,
        end_us=None,
        status=state,
        seq=entry.seq,
    )
    settled = state in {"confirmed", "failed", "compensated", "reconciled"}
    made[key] = replace(span, status=state, end_us=entry.at_us if settled else span.end_us)


def _in_tree_order(made: Mapping[str, Span]) -> tuple[Span, ...]:
    children: dict[str | None, list[Span]] = {}
    for span in made.values():
        children.setdefault(span.parent, []).append(span)
    ordered: list[Span] = []
    waiting = list(children.get(None, []))
    while waiting:
        span = waiting.pop(0)
        ordered.append(span)
        waiting = sorted(children.get(span.id, []), key=lambda one: one.start_us) + waiting
    return tuple(ordered)


def _parts(entries: Sequence[Entry]) -> Parts:
    """Split the whole time into waiting for us, for other systems, and the rest: work."""
    total = entries[-1].at_us - entries[0].at_us
    ours = systems = 0
    waits: dict[tuple[str, str], tuple[int, str]] = {}
    escalated_at: int | None = None
    for entry in entries:
        ref = str(entry.body.get("ref", ""))
        kind = str(entry.body.get("kind", ""))
        match entry.event:
            case "orchestration:wait:started":
                waits[kind, ref] = (entry.at_us, kind)
            case "orchestration:wait:ended":
                began, what = waits.pop((kind, ref), (entry.at_us, kind))
                if what in _WAITS_FOR_US:
                    ours += entry.at_us - began
                else:
                    systems += entry.at_us - began
            case "orchestration:case:escalated":
                escalated_at = entry.at_us
            case "orchestration:case:closed" | "orchestration:case:reopened" if escalated_at:
                ours += entry.at_us - escalated_at
                escalated_at = None
            case "orchestration:tool:read" | "orchestration:effect:confirmed":
                took = entry.body.get("latency_ms")
                systems += (took if isinstance(took, int) else 0) * 1_000
            case _:
                pass
    work = max(0, total - ours - systems)
    return Parts(
        work_seconds=work / 1_000_000,
        us_seconds=ours / 1_000_000,
        systems_seconds=systems / 1_000_000,
    )
