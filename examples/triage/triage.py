"""Triage: labels a help-desk ticket and says which team it goes to; performs nothing."""

from remit import Case, Context, Workflow

triage = Workflow("triage")

SURE_PPM = 700_000


class Ticket(Case):
    text: str


@triage.handle
async def handle(case: Ticket, run: Context) -> str:
    label = await run.classify(case.text)
    if label.confidence is None or label.confidence.ppm < SURE_PPM:
        return await run.escalate(f"not sure; the nearest label is {label.choice or 'none'}")
    return label.choice
