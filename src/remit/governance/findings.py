"""What a person should make of an installation's health: line by line, with what to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum
from typing import Final

from remit.governance.health import LOST, Health
from remit.intake import anchors
from remit.store.lanes import LANE_UNITS_MAX

TIMER_LAG_SECONDS_MAX: Final = 30
UNSEQUENCED_SECONDS_MAX: Final = 10
AMBIGUOUS_SECONDS_MAX: Final = 15 * 60
SILENT_SECONDS_MAX: Final = 15
VERIFIED_MAX: Final = timedelta(days=2)
LOG_BYTES_MAX: Final = 256 * 1024 * 1024
ROOM_SHARE_MAX: Final = 0.8
CLOCK_AHEAD_MS_MAX: Final = 300_000
RUNBOOK: Final = "docs/how-to/look-after-it.md"


class Verdict(IntEnum):
    """How bad it is; also the exit code of the worst."""

    GOOD = 0
    LOOK = 1
    ACT = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line: what was looked at, what was seen, and what to do where it is not good."""

    topic: str
    name: str
    said: str
    verdict: Verdict = Verdict.GOOD
    then: str = ""
    alarm: bool = False  # one of those that have a line in the runbook


def findings(health: Health) -> tuple[Finding, ...]:
    """Return every line, in the order in which a person should read them."""
    return (
        *_cases(health),
        *_running(health),
        _masking(),
        *_effects(health),
        _signed(health),
        *_live(health.live),
        *_storage(health),
        *_record(health),
    )


def worst(lines: tuple[Finding, ...]) -> Verdict:
    """Return the worst verdict."""
    return max((one.verdict for one in lines), default=Verdict.GOOD)


# -- topics --------------------------------------------------------------------------------------


def _cases(health: Health) -> Iterator[Finding]:
    rows = health.rows
    yield Finding(
        topic="cases", name="balance", said=f"{rows.balance:,}",
        verdict=Verdict.ACT if rows.balance else Verdict.GOOD, alarm=True,
        then="cases are not accounted for: stop intake, copy the database, and run "
        "`remit ledger rebuild --check`" if rows.balance else "",
    )  # fmt: skip
    for workflow, counts in sorted(rows.workflows.items()):
        running = counts.get("running", 0)
        states = {
            "ready": counts.get("ready", 0) - running, "running": running,
            "parked": counts.get("parked", 0), "escalated": counts.get("escalated", 0),
            "quarantined": counts.get("quarantined", 0), "closed": counts.get("closed", 0),
        }  # fmt: skip
        theirs = states["escalated"] + states["quarantined"]
        yield Finding(
            topic="cases", name=workflow,
            said=", ".join(f"{n:,} {state}" for state, n in states.items()),
            verdict=Verdict.LOOK if theirs else Verdict.GOOD,
            then=f"{theirs:,} wait for a person who is to take them over: "
            f"`remit cases list --workflow {workflow} --status escalated`, and the quarantine"
            if theirs else "",
        )  # fmt: skip
    yield Finding(
        topic="cases", name="waits for nothing", said=f"{rows.lost:,}", alarm=True,
        verdict=Verdict.ACT if rows.lost else Verdict.GOOD,
        then=f"parked cases had nothing to wait for (`{LOST}`): hand them back, and report it"
        if rows.lost else "",
    )  # fmt: skip
    yield Finding(
        topic="cases", name="proposals for people",
        said=f"{rows.waiting:,} wait, {rows.overdue:,} overdue",
        verdict=Verdict.LOOK if rows.overdue else Verdict.GOOD,
        then="decide them in the inbox, or name somebody else" if rows.overdue else "",
    )  # fmt: skip
    days = rows.aside_oldest / 86_400
    yield Finding(
        topic="cases", name="messages in quarantine",
        said=f"{rows.aside:,} wait, {rows.overdue_aside:,} overdue",
        verdict=Verdict.LOOK if rows.overdue_aside else Verdict.GOOD,
        then=f"the oldest came {days:.1f} days ago and nothing settles it but a person: "
        "`remit cases --status quarantined`, or the page *Quarantine*"
        if rows.overdue_aside else "",
    )  # fmt: skip


def _running(health: Health) -> Iterator[Finding]:
    rows, at_work = health.rows, bool(health.owner)
    silent = [one for one in rows.workers if (one.silent_seconds or 0) > SILENT_SECONDS_MAX]
    left = bool(rows.workers) and not at_work
    unfinished = sum(rows.states.get(state, 0) for state in ("ready", "parked"))
    said = f"{len(rows.workers)} at work" if at_work else "not running"
    then = ""
    if silent:
        then = f"{len(silent)} have said nothing for a while; the others take over their cases"
    elif left:
        said = "not running; the last one ended without a word"
        then = "it was killed or its host failed: start it again, nothing is lost"
    elif unfinished and not (at_work and rows.workers):
        then = f"{unfinished:,} cases are open and nobody works on them: start `remit serve`"
    yield Finding(
        topic="running", name="workers", said=said, then=then,
        verdict=Verdict.LOOK if then else Verdict.GOOD,
    )  # fmt: skip
    late = rows.ready_oldest > health.bounds.ready_seconds_max
    yield Finding(
        topic="running", name="oldest ready case",
        said=_length(rows.ready_oldest) if rows.states.get("ready") else "none",
        verdict=Verdict.LOOK if late else Verdict.GOOD,
        then="more is ready than is worked on: add a worker, or see what slows them (effects, "
        "breakers)" if late and at_work else "start a worker" if late else "",
    )  # fmt: skip
    lagging = rows.timer_lag > TIMER_LAG_SECONDS_MAX
    yield Finding(
        topic="running", name="timer lag", said=_length(rows.timer_lag), alarm=True,
        verdict=_alarmed(lagging, at_work=at_work),
        then="reminders and expiry are late: see whether the process that keeps the clock is "
        "busy or gone, and whether its clock is right" if lagging and at_work
        else "they catch up when somebody works again" if lagging else "",
    )  # fmt: skip
    behind = rows.unsequenced_oldest > UNSEQUENCED_SECONDS_MAX
    yield Finding(
        topic="running", name="entries without a number",
        said=f"{rows.unsequenced:,}"
        + (f", the oldest {_length(rows.unsequenced_oldest)}" if rows.unsequenced else ""),
        alarm=True, verdict=_alarmed(behind, at_work=at_work),
        then="nobody numbers entries, so money waits and intake stops: see the log of the "
        "process that leads, and restart it" if behind else "",
    )  # fmt: skip


def _masking() -> Finding:
    """Return what scans texts for values in this environment; every scanner finds the same."""
    name = anchors.scanner()
    sooner = {
        "google-re2": "; `remit[fast]` brings hyperscan, which is sooner, where there is a wheel",
        "re": "; the same is found sooner with `remit[fast]`, else with `remit[fast-re2]`",
    }
    return Finding(topic="running", name="values are sought by", said=name + sooner.get(name, ""))


def _effects(health: Health) -> Iterator[Finding]:
    rows = health.rows
    yield Finding(
        topic="effects", name="unsettled",
        said=f"{rows.unsettled:,}"
        + (f", the oldest {_length(rows.unsettled_oldest)}" if rows.unsettled else ""),
    )  # fmt: skip
    old = rows.ambiguous_oldest > AMBIGUOUS_SECONDS_MAX
    yield Finding(
        topic="effects", name="in doubt", alarm=True,
        said=f"{rows.ambiguous:,}"
        + (f", the oldest {_length(rows.ambiguous_oldest)}" if rows.ambiguous else ""),
        verdict=Verdict.ACT if old else Verdict.LOOK if rows.ambiguous else Verdict.GOOD,
        then="ask the other system what became of them and say so on the case's page; do not "
        "repeat them by hand" if old else "they are being asked about" if rows.ambiguous else "",
    )  # fmt: skip
    for what, n in rows.tried_later.items():
        yield Finding(
            topic="effects", name=what, said=f"{n:,} cases wait to try again",
            verdict=Verdict.LOOK, then="they go on by themselves once the other side answers",
        )  # fmt: skip


def _signed(health: Health) -> Finding:
    """Return whether changed rules wait, or come into force with nobody's signature."""
    waiting, signers = health.rows.rules_waiting, health.bounds.signers
    said = f"of {', '.join(waiting)} wait for signatures" if waiting else "none"
    then = (
        "those in force stay until then: `remit policy changes`, or the page *Policies*"
        if waiting
        else ""
    )
    if not signers:
        said = "none; nobody signs here"
        then = "rules that let more pass are in force as they are written: set `changes.people`"
    return Finding(
        topic="effects", name="rules that wait", said=said, then=then, alarm=True,
        verdict=Verdict.LOOK if then else Verdict.GOOD,
    )  # fmt: skip


def _live(live: Mapping[str, object] | None) -> Iterator[Finding]:
    if live is None:
        yield Finding(topic="process", name="in memory", said="not running")
        return
    breakers = _table(live, "breakers")
    opened = sorted(target for target, state in breakers.items() if state != "closed")
    yield Finding(
        topic="process", name="breakers",
        said=", ".join(f"{target} {breakers[target]}" for target in opened) or "all closed",
        verdict=Verdict.LOOK if opened else Verdict.GOOD,
        then="cases wait for these without spending a try; see that the other side is well"
        if opened else "",
    )  # fmt: skip
    for target, one in sorted(_table(live, "places").items()):
        places = one if isinstance(one, Mapping) else {}
        line = _number(places, "in_line")
        yield Finding(
            topic="process", name=f"places at {target}",
            said=f"{_number(places, 'calls')} of {_number(places, 'most')} taken, {line} in line, "
            f"{_number(places, 'parked'):,} parked since its start",
            verdict=Verdict.LOOK if line else Verdict.GOOD,
            then="calls wait for each other: raise `concurrent_max` if the other side can take it"
            if line else "",
        )  # fmt: skip
    refused = _number(live, "rules_refused")
    yield Finding(
        topic="process", name="rules", said=f"of {refused:,} workflows do not load" if refused
        else "loaded", alarm=True, verdict=Verdict.ACT if refused else Verdict.GOOD,
        then="each of their effects is blocked: `remit check` names file, line and rule; mend it "
        "and start again" if refused else "",
    )  # fmt: skip
    stranded = _number(live, "stranded")
    yield Finding(
        topic="process", name="stranded", said=f"{stranded:,}", alarm=True,
        verdict=Verdict.ACT if stranded else Verdict.GOOD,
        then="they are pinned to a version that no worker carries: start one with that code, or "
        'set `in_flight = "follow"`' if stranded else "",
    )  # fmt: skip
    depths = _table(live, "writer_lane")
    share = max(
        (_number(depths, lane) / most for lane, most in LANE_UNITS_MAX.items()), default=0.0
    )
    yield Finding(
        topic="process", name="writer lane", alarm=True,
        said=", ".join(f"{_number(depths, lane):,} of {most:,} {lane}"
                       for lane, most in LANE_UNITS_MAX.items()),
        verdict=Verdict.ACT if share >= 1 else Verdict.LOOK if share > 1 / 2 else Verdict.GOOD,
        then="writes wait in line: the disk or the server is too slow, or too much comes in; "
        "intake says no until it is shorter" if share > 1 / 2 else "",
    )  # fmt: skip
    ahead = _number(live, "clock_ahead_ms")
    yield Finding(
        topic="process", name="clock", said=f"{ahead:,} ms ahead",
        verdict=Verdict.ACT if ahead > CLOCK_AHEAD_MS_MAX else Verdict.GOOD,
        then="set the clock right, or have an owner confirm it" if ahead > CLOCK_AHEAD_MS_MAX
        else "",
    )  # fmt: skip
    lag = _table(live, "start_lag_ms")
    yield Finding(
        topic="process", name="runs",
        said=f"{_number(live, 'running'):,} now, {_number(live, 'turns'):,} turns since its start,"
        f" {_number(live, 'suspects'):,} suspects, begun after {_number(lag, 'p50')} ms (p50), "
        f"{_number(lag, 'p95')} ms (p95); fenced {_number(live, 'fenced'):,}, decided again on "
        f"newer facts {_number(live, 'stale_facts'):,}",
    )  # fmt: skip
    late = _number(live, "late_finds")
    yield Finding(
        topic="process", name="late finds", said=f"{late:,} since its start",
        verdict=Verdict.LOOK if late else Verdict.GOOD,
        then="a request to a model still held a value, which was masked as it left: take values "
        "out of prompts; where there are none, report it as a fault" if late else "",
    )  # fmt: skip
    refused = _number(live, "intake_refused")
    yield Finding(topic="process", name="messages refused", said=f"{refused:,} since its start")


def _storage(health: Health) -> Iterator[Finding]:
    if health.free_bytes is not None:
        least = health.bounds.disk_free_min
        low, near = health.free_bytes < least, health.free_bytes < 2 * least
        yield Finding(
            topic="storage", name="free on the disk", said=_bytes(health.free_bytes),
            verdict=Verdict.ACT if low else Verdict.LOOK if near else Verdict.GOOD,
            then="intake is off: make room" if low else "make room before intake stops"
            if near else "",
        )  # fmt: skip
    yield Finding(topic="storage", name="database", said=_bytes(health.database_bytes))
    if health.log_bytes is not None:
        long = health.log_bytes > LOG_BYTES_MAX
        yield Finding(
            topic="storage", name="write-ahead log", said=_bytes(health.log_bytes),
            verdict=Verdict.LOOK if long else Verdict.GOOD,
            then="somebody reads for very long; end that, and the log is cut" if long else "",
        )  # fmt: skip
    if health.reserve is not None and (health.owner or health.reserve):
        yield Finding(
            topic="storage", name="reserve for a full disk",
            said="kept" if health.reserve else "not kept",
            verdict=Verdict.GOOD if health.reserve else Verdict.ACT,
            then="" if health.reserve else "make room; `remit doctor` has it set aside again "
            "where `remit serve` answers, else it is at the next start",
        )  # fmt: skip
    if health.room is not None:
        room = health.room
        full = room.used > room.allowed * ROOM_SHARE_MAX
        yield Finding(
            topic="storage", name="sessions of the server",
            said=f"{room.used} of {room.allowed}, {room.processes} processes of Remit",
            verdict=Verdict.LOOK if full else Verdict.GOOD,
            then="set a lower `sessions_max`, or raise `max_connections` of the server"
            if full else "",
        )  # fmt: skip


def _record(health: Health) -> Iterator[Finding]:
    keys = health.keys
    began = timedelta(seconds=max(0.0, health.at.timestamp() - keys.epoch.began_us / 1_000_000))
    overdue = began > timedelta(days=keys.rotation_days + 1)
    yield Finding(
        topic="record", name="keys", said=f"{keys.store}; this epoch is {began.days} days old",
        verdict=Verdict.LOOK if overdue else Verdict.GOOD,
        then=f"it should end after {keys.rotation_days}: see that `keep_cron` is set and somebody "
        "works at that hour, or run `remit ledger rotate --root`" if overdue else "",
    )  # fmt: skip
    view = health.anchors
    tail = (
        f"{view.tail_entries:,} entries newer, the oldest {_length(view.tail_seconds)}"
        if view.tail_entries else "every entry is anchored"
    )  # fmt: skip
    yield Finding(
        topic="record", name="anchors", said=f"{'this host only; ' if view.warning else ''}{tail}",
        verdict=Verdict.ACT if view.fork or (view.alarm and not view.warning and health.owner)
        else Verdict.LOOK if view.warning or view.alarm else Verdict.GOOD,
        then=view.fork or view.warning or ("see `remit ledger anchors --ask`" if view.alarm
        else ""),
    )  # fmt: skip
    last = health.rows.verified
    stale = last is not None and health.at - last.at > VERIFIED_MAX
    bad = last is not None and last.result != "intact"
    yield Finding(
        topic="record", name="last full verify",
        said="never" if last is None
        else f"{last.result}, {last.size:,} entries, {last.at:%Y-%m-%d %H:%M} UTC",
        verdict=Verdict.ACT if bad else Verdict.LOOK if last is None or stale else Verdict.GOOD,
        then="run `remit ledger verify`, and keep a copy of the database before anything else"
        if bad else "`verify_cron` has it done where somebody works at that hour; "
        "`remit ledger verify` looks now" if last is None or stale else "",
    )  # fmt: skip


def _alarmed(over: bool, *, at_work: bool) -> Verdict:  # noqa: FBT001 - the question itself
    """Return what a bound that is passed means: while nobody works, it is no surprise."""
    return Verdict.GOOD if not over else Verdict.ACT if at_work else Verdict.LOOK


def _number(table: Mapping[str, object], name: str) -> int:
    found = table.get(name, 0)
    return found if isinstance(found, int) else 0


def _table(table: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = table.get(name)
    return found if isinstance(found, Mapping) else {}


def _length(seconds: int) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _bytes(number: int) -> str:
    for power, unit in ((3, "GiB"), (2, "MiB"), (1, "KiB")):
        if number >= 1024**power:
            return f"{number / 1024**power:,.1f} {unit}"
    return f"{number} bytes"
