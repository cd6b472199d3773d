"""A card as text: everything that a person must see before a verdict."""

from remit.cli import terminal
from remit.domain.approval import ApprovalState
from remit.governance.card import ApprovalView, Change


def card_text(view: ApprovalView) -> str:
    """Return what a person must see before a verdict, as text."""
    shown = view.card
    lines = [
        terminal.wrapped(shown.sentence),
        terminal.wrapped(
            f"{shown.workflow} / {shown.action}, risk {shown.risk}, version {shown.version}, "
            f"{_standing(view)}",
            first="  ",
        ),
        "",
        "It waits because",
        *(terminal.wrapped(f"{one.sentence} ({one.code})", first="  - ") for one in shown.reasons),
        *_needs(view),
        "",
        "What will run",
        *(line for change in shown.changes for line in _change(change)),
    ]
    for title, said in (
        ("What it costs", [f"{label}: {value}" for label, value in shown.cost]),
        ("What is not proven", list(shown.unknowns)),
        ("How sure", [shown.confidence] if shown.confidence else []),
        ("In the workflow's own words", [shown.workflow_reason] if shown.workflow_reason else []),
        (
            "Evidence: somebody's words, quoted",
            [f"{quote.author} [{quote.source}]: {quote.text}" for quote in shown.evidence],
        ),
    ):
        if said:
            lines += ["", title, *(terminal.wrapped(one, first="  - ") for one in said)]
    return "\n".join([*lines, "", f"case {shown.case_id}", f"digest {shown.digest}"])


def votes(view: ApprovalView) -> str:
    """Say who has said yes; how others answered shows when all have."""
    if not view.answered:
        return "nobody has said yes"
    if view.state is ApprovalState.OPEN:
        return f"{view.answered} {'has' if view.answered == 1 else 'have'} said yes"
    people = dict.fromkeys(
        f"{vote.person} for {vote.delegated_from}" if vote.delegated_from else vote.person
        for vote in view.votes
    )
    return f"{' and '.join(people)} said yes"


# -- parts ---------------------------------------------------------------------------------------


def _needs(view: ApprovalView) -> list[str]:
    needs = [
        f"{one.people} {'people' if one.people > 1 else 'person'} with role {one.role}"
        for one in view.card.requirements
    ]
    return [f"  It needs {', and '.join(needs)}; {votes(view)}."]


def _standing(view: ApprovalView) -> str:
    if view.state is ApprovalState.OPEN:
        return f"due {view.card.due_at:%Y-%m-%d %H:%M} UTC"
    by = f" by {view.decided_by}" if view.decided_by else ""
    return f"{view.state.value}{by}, the action is {view.effect_state}"


def _change(change: Change) -> list[str]:
    step = f" at step {change.step}" if change.step else ""
    now = [terminal.wrapped(change.now, first="      now: ")] if change.now else []
    accepted = (
        [terminal.wrapped(", ".join(change.accepted), first="      it would have accepted: ")]
        if change.accepted
        else []
    )
    return [
        terminal.wrapped(change.after or "(nothing)", first=f"  {change.name}: "),
        *now,
        f"      from {change.source}{step}: {change.proof}",
        *(
            terminal.wrapped(one, first="      rests on an assumption: ")
            for one in change.assumptions
        ),
        *accepted,
    ]
