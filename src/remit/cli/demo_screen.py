"""The demo's one screen: what happened, each figure beside what it is checked against."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from remit.cli import terminal
from remit.cli.demo_reviewer import Played
from remit.ledger.verify import VerifyReport

SHOP_KINDS = {
    "issue_refund": "refund",
    "change_address": "address_change",
    "send_reply": "message",
}
ONLY_HERE = "(no byte changed since it was written; the owner of this computer alone says so)"
REASONS_SHOWN_MAX = 3
DIFFERENCES_SHOWN_MAX = 3
QUIET = ("unsigned  none", "erased    none", "last ")
STOPPED_SHOWN_MAX = 2
TITLE = 10  # columns before the text
UNSETTLED = ("intended", "dispatched", "ambiguous")  # nobody knows yet whether it happened


@dataclass(slots=True, kw_only=True)
class Figures:
    """What the run counted."""

    messages: int
    held: int = 0  # before anybody decided, as the next two
    escalated: int = 0
    quarantined: int = 0
    why_held: Counter[str] = field(default_factory=Counter)
    why_escalated: Counter[str] = field(default_factory=Counter)
    why_quarantined: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)  # from the messages' expected outcomes
    counts: Mapping[str, int] = field(default_factory=dict)  # at the end
    proposals: Counter[tuple[str, str]] = field(default_factory=Counter)  # (action, state)
    shop: Mapping[str, int] = field(default_factory=dict)
    played: Played = field(default_factory=Played)
    reviewers: Sequence[str] = ()
    injected: int = 0
    injected_due: list[str] = field(default_factory=list)  # effects that were due anyway
    injected_outside: list[str] = field(default_factory=list)
    stopped_after_yes: list[str] = field(default_factory=list)
    report: VerifyReport | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    grace_seconds: int = 0

    @property
    def open(self) -> int:
        """How many cases neither ended nor were set aside."""
        return self.counts["ready"] + self.counts["parked"] + self.counts["escalated"]

    def confirmed(self, action: str) -> int:
        """How many effects of an action the other system confirmed."""
        return self.proposals[action, "confirmed"]


def problems(figures: Figures) -> list[str]:
    """Return what is off, in sentences; nothing means that the demo did what it says."""
    found = []
    counts = figures.counts
    if counts["received"] != counts["closed"] + figures.open + counts["quarantined"]:
        found.append("received is not closed + open + quarantined")
    if counts["received"] != figures.messages:
        found.append(f"{figures.messages} messages were sent and {counts['received']} received")
    kinds = Counter(dict(figures.shop))
    for action, kind in SHOP_KINDS.items():
        if kinds.pop(kind, 0) != figures.confirmed(action):
            found.append(f"Remit confirmed {figures.confirmed(action)} {action}, the shop differs")
    found += [f"the shop has {n} {kind} that nobody asked for" for kind, n in kinds.items() if n]
    for (action, state), number in sorted(figures.proposals.items()):
        if state in UNSETTLED:
            found.append(f"{number} {action} are {state}")
    if figures.injected_outside:
        found.append(f"an injected message achieved {', '.join(figures.injected_outside)}")
    if figures.report is None or figures.report.result != "intact":
        found.append("the ledger does not verify")
    return found


def screen(figures: Figures, folder: str) -> list[str]:
    """Return the screen: at most 40 lines of 100 columns."""
    return [line for part in _parts(figures, folder) for line in part.split("\n")]


def _parts(figures: Figures, folder: str) -> Iterator[str]:
    counts = figures.counts
    yield "Demo: invented data, nothing leaves your computer."
    yield f"{figures.messages} messages came to a shop's refund desk; all is kept in {folder}"
    yield "Before any person decided, the desk"
    yield from _reasons(f"held {figures.held} proposals for a person's approval", figures.why_held)
    yield from _reasons(
        f"escalated {figures.escalated}: a person takes the case over", figures.why_escalated
    )
    yield from _reasons(
        f"quarantined {figures.quarantined}: no certain reading, so nothing worked on them",
        figures.why_quarantined,
    )
    yield ""
    said, played = figures.played.verdicts, figures.played
    yield _row(
        "Reviewer",
        f"a stand-in, signing as {', '.join(figures.reviewers)}, followed the messages' file: "
        f"{said['approve']} approved ({played.two_people} by two people), {said['edit']} "
        f"edited, {said['reject']} rejected ({len(played.unexpected)} not as expected there); "
        f"{counts['waiting']} left for you. Grace time is 0 s in this demo run; "
        f"{figures.grace_seconds} s when served",
    )
    yield _row("Cases", _cases(figures))
    for at, action in enumerate(SHOP_KINDS):
        yield _row("Effects" if at == 0 else "", _effect(figures, action))
    for at, stopped in enumerate(figures.stopped_after_yes[:STOPPED_SHOWN_MAX]):
        yield terminal.shortened(f"{'Stopped' if at == 0 else '':<{TITLE}}after a yes, {stopped}")
    agreed = figures.messages - len(figures.differences)
    shown = "; ".join(figures.differences[:DIFFERENCES_SHOWN_MAX])
    more = len(figures.differences) - DIFFERENCES_SHOWN_MAX
    rest = f"; {more} more" if more > 0 else ""
    yield _row(
        "Expected",
        f"{agreed} of {figures.messages} as the messages' file says"
        + (f"; not: {shown}{rest}" if figures.differences else ""),
    )
    outside = ", ".join(figures.injected_outside) or "0 effects beyond what was due"
    yield _row(
        "Injected",
        f"{figures.injected} messages or order notes gave orders to the machine and achieved "
        f"{outside} ({len(figures.injected_due)} due and approved)",
    )
    yield from _ledger(figures.report)
    took = ", ".join(f"{name} {seconds:.1f}" for name, seconds in figures.seconds.items())
    yield _row("Took", f"{sum(figures.seconds.values()):.1f} s: {took}")
    for problem in problems(figures):
        yield _row("OFF", problem)


def _cases(figures: Figures) -> str:
    counts = figures.counts
    whole = counts["closed"] + figures.open + counts["quarantined"]
    holds = "" if whole == counts["received"] else ": DOES NOT HOLD"
    return (
        f"{counts['received']} received = {counts['closed']} closed + {figures.open} open "
        f"({counts['parked']} held, {counts['escalated']} escalated) + "
        f"{counts['quarantined']} quarantined{holds}"
    )


def _row(title: str, text: str) -> str:
    return terminal.wrapped(text, first=f"{title:<{TITLE}}")


def _reasons(title: str, reasons: Counter[str]) -> Iterator[str]:
    yield f"  {title}"
    shown = reasons.most_common(REASONS_SHOWN_MAX)
    rest = sum(reasons.values()) - sum(number for _, number in shown)
    for reason, number in shown:
        yield terminal.wrapped(reason, first=f"    {number:>3}  ")
    if rest:
        others = len(reasons) - len(shown)
        yield f"    {rest:>3}  for {others} other reason{'s' if others > 1 else ''}"


def _effect(figures: Figures, action: str) -> str:
    ours, theirs = figures.confirmed(action), figures.shop.get(SHOP_KINDS[action], 0)
    verdict = "equal" if ours == theirs else "DIFFERENT"
    return f"{ours:>3}  {action} confirmed; the shop itself counts {theirs}: {verdict}"


def _ledger(report: VerifyReport | None) -> Iterator[str]:
    if report is None:
        return
    sound = report.result == "intact"  # then the lines that say nothing new are left out
    lines = [line for line in report.lines if not (sound and line.startswith(QUIET))]
    for at, line in enumerate(lines):
        title = f"{'Ledger' if at == 0 else '':<{TITLE}}"
        yield terminal.shortened(f"{title}{terminal.safe(line)}")
    if report.result == "intact" and report.exit_code:
        yield _row("", f"          {ONLY_HERE}")
