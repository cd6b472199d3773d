"""The verdict on a record, in lines: what was found, and what could not be said."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from remit.ledger.judge import LOCAL, Finding, Head, Judge, Receipt

Result = Literal["intact", "tampered", "incomplete", "unreadable"]

TAIL_SECONDS_MAX: Final = 120  # two anchor intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """A verdict and everything it rests on.

    Exit codes: 0 intact and anchored by another operator than `local` with a fresh tail,
    1 tampered, 2 intact but vouched for here only or not completely known, 3 no verdict.
    """

    result: Result
    exit_code: int
    lines: tuple[str, ...]
    size: int
    first_bad: int | None
    checks: tuple[Finding, ...]
    anchored: Mapping[str, int] = field(default_factory=dict)  # operator -> entries it vouches for
    tail_seconds: int | None = None


def unreadable(sentence: str) -> VerifyReport:
    """Return the report of what no verdict is possible about."""
    return VerifyReport(
        result="unreadable", exit_code=3, lines=(f"result    {sentence}",), size=0,
        first_bad=None, checks=(),
    )  # fmt: skip


def judged(
    seen: Judge, head: Head, receipts: Sequence[Receipt], *, unchecked: Sequence[str] = ()
) -> VerifyReport:
    """Run a judge and put its verdict into lines: what was found, and what could not be said."""
    seen.run(head, receipts)
    return report(seen, head, unchecked=unchecked)


def report(seen: Judge, head: Head, *, unchecked: Sequence[str] = ()) -> VerifyReport:
    """Return the verdict on what was seen."""
    size = seen.tree.size
    outside = {name: one for name, one in seen.anchored.items() if name != LOCAL}
    reach = max((upto for upto, _ in outside.values()), default=0)
    tail = _seconds(seen.anchored_at, seen.now) if reach and reach < size else 0
    part = seen.newer or seen.first or seen.beyond or not seen.form
    result: Result = "tampered" if seen.found else "incomplete" if part else "intact"
    fresh = bool(reach) and tail <= TAIL_SECONDS_MAX
    several = len(seen.successions.sizes) > 1
    keys = " ".join(vkey.split("+")[1] for vkey in seen.vkeys)
    keys = seen.successions.line() if several else keys
    span = f"entries {seen.first:,}..{size - 1:,}" if size else "no entries"
    lines = [f"origin    {head.origin}   {span}   key {keys}", *_ranges(seen, reach, tail)]
    if seen.now:
        lines.append(f"last      {seen.now[:10]} {seen.now[11:19]} UTC, by the writers' clocks")
    lines += (
        [f"erased    {seen.erased} payloads by {seen.erasures} erasures, each on record"]
        if seen.erasures
        else ["erased    none"]
    )
    lines += seen.lines
    not_checked = [*unchecked, "whether something was never written"]
    lines.append(f"not checked  {'; '.join(not_checked)}")
    lines += [
        f"bad       {'' if f.position is None else f'{f.position:,}: '}{f.text} ({f.check})"
        for f in seen.findings
    ]
    if seen.found > len(seen.findings):
        lines.append(f"bad       and {seen.found - len(seen.findings)} more")
    lines.append(f"result    {_sentence(seen, result, reach, tail)}")
    return VerifyReport(
        result=result,
        exit_code=1 if result == "tampered" else 0 if result == "intact" and fresh else 2,
        lines=tuple(lines),
        size=size,
        first_bad=min((f.position for f in seen.findings if f.position is not None), default=None),
        checks=tuple(seen.findings),
        anchored={name: upto for name, (upto, _) in seen.anchored.items()},
        tail_seconds=tail if reach else None,
    )


def _ranges(seen: Judge, reach: int, tail: int) -> Iterator[str]:
    size, signed = seen.tree.size, seen.signed
    named = ", ".join(
        f"{name} (to {upto - 1:,}{f', {at}' if at else ''})"
        for name, (upto, at) in sorted(seen.anchored.items())
    )
    count = len(seen.anchored)
    best = max((upto for upto, _ in seen.anchored.values()), default=0)
    if best:
        yield f"anchored  0..{best - 1:,}   {count} operator{'s' * (count > 1)}: {named}"
    else:
        yield "anchored  none"
    if set(seen.anchored) <= {LOCAL}:
        yield "          whoever owns that host can rewrite ledger, key and anchor together"
    alone = max(signed - reach, 0)
    since = f", {tail} s" if reach and tail else ""
    yield (
        f"signed    {reach:,}..{signed - 1:,}   {alone:,} entries{since}: "
        "only the log key vouches for them"
        if alone
        else "signed    all that is anchored"
        if size
        else "signed    none"
    )
    yield f"unsigned  {f'{signed:,}..{size - 1:,}' if signed < size else 'none'}"


def _sentence(seen: Judge, result: Result, reach: int, tail: int) -> str:
    if result == "tampered":
        return f"tampered; {seen.found} findings"
    if seen.newer:
        return f"incomplete; {seen.newer} entries were written by a newer Remit"
    if not seen.form:
        return "incomplete; tree, signatures and anchors fit, entries were not read"
    if seen.first:
        return f"incomplete; entries before {seen.first:,} are not carried here"
    if seen.beyond:
        return f"incomplete; an anchor holds {seen.beyond:,} entries, {seen.tree.size:,} are here"
    if not seen.tree.size:
        return "intact and empty"
    if not reach:
        return "intact, not anchored outside this host"
    behind = f"tail of {tail} s" if reach < seen.tree.size else "no tail"
    old = "" if tail <= TAIL_SECONDS_MAX else f", older than {TAIL_SECONDS_MAX} s"
    return f"intact; anchored to {reach - 1:,}, {behind}{old}"


def _seconds(since: str, until: str) -> int:
    try:
        spent = datetime.fromisoformat(until) - datetime.fromisoformat(since)
    except ValueError:
        return sys.maxsize
    return max(round(spent.total_seconds()), 0)
