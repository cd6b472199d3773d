"""The gallery's quarantine: readings to pick, one that cannot be, a long text, hostile words."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from remit.errors import NotFoundError, StillDoubtfulError
from remit.governance.set_aside import Doubt, QuarantinePage, Reading, SetAside
from tests.browser.samples import HOSTILE, LONG, case_id

PROSE = (
    "I bought the Tarn jacket in your shop on the third and it is a size too small, although the "
    "table on your page says otherwise; my neighbour EMAIL_9TBD2345 saw it too. "
) * 26


def set_aside(now: datetime) -> tuple[SetAside, ...]:
    """Return what waits for a certain reading."""
    return (
        SetAside(
            case_id=case_id(21),
            workflow="refund-desk",
            channel="mail",
            received_at=now - timedelta(hours=26),
            owner="l.costa",
            above="a.weber",
            due_at=now - timedelta(hours=2),
            overdue=True,
            reasons=(
                Doubt(
                    field="ordered_on",
                    code="date.order_ambiguous",
                    sentence="day and month could be swapped in `03/04/2026`; the sender's date"
                    " order is not known",
                    offers=(
                        Reading(shown="2026-04-03", says="Friday 3 April 2026"),
                        Reading(shown="2026-03-04", says="Wednesday 4 March 2026"),
                    ),
                ),
                Doubt(
                    field="amount",
                    code="amount.separator_ambiguous",
                    sentence="the separator in `1.234 EUR` could mark thousands or decimals; the"
                    " sender's format is unknown",
                    offers=(
                        Reading(shown="1234", says="1,234.00 EUR, as a German number"),
                        Reading(
                            shown="1.234",
                            says="as an English number",
                            blocked="`1.234` is finer than the currency's smallest unit; confirm"
                            " the amount",
                        ),
                    ),
                ),
                Doubt(
                    field="phone",
                    code="phone.several",
                    sentence="more than one phone number; pick one",
                    offers=(
                        Reading(shown="PHONE_7K3QX4M2", says="a number of DE"),
                        Reading(shown="PHONE_QX4M2345"),
                    ),
                ),
                Doubt(field="order_id", code="id.length", sentence=HOSTILE),
            ),
            text={
                "message": HOSTILE, "ordered_on": "03/04/2026", "amount": "1.234 EUR",
                "phone": "PHONE_7K3QX4M2 / PHONE_QX4M2345", "order_id": HOSTILE,
            },
        ),
        SetAside(
            case_id=case_id(22),
            workflow="triage",
            channel="api",
            received_at=now - timedelta(minutes=4),
            due_at=now + timedelta(hours=23, minutes=56),
            reasons=(
                Doubt(
                    field="message",
                    code="text.mojibake",
                    sentence="this text seems to have been decoded wrongly before it came; compare"
                    " it with its source",
                ),
            ),
            text={"message": PROSE[:4_000], "subject": LONG},
        ),
        SetAside(
            case_id=case_id(23),
            workflow="triage",
            channel="mail",
            received_at=now - timedelta(days=3),
            owner="gone",
            reasons=(
                Doubt(
                    field="",
                    code="intake.masking_failed",
                    sentence="masking failed for this message; it stays sealed until masking"
                    " works",
                ),
            ),
            text={},
        ),
    )  # fmt: skip


def still_doubtful() -> tuple[Doubt, ...]:
    """Return what the gallery leaves in doubt where an amount is typed that does not settle it."""
    return (
        Doubt(
            field="amount",
            code="currency.missing",
            sentence="`19.00 again` names no currency; add its three letters",
        ),
    )


class Aside:
    """The quarantine of the gallery's Remit."""

    now: datetime
    released: dict[str, Mapping[str, str]]

    def quarantine(
        self,
        *,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
        overdue: bool = False,
    ) -> QuarantinePage:
        rows = [
            one
            for one in set_aside(self.now)
            if one.case_id not in self.released and workflow in {None, one.workflow}
        ]
        late = [one for one in rows if one.overdue]
        shown = late if overdue else rows
        return QuarantinePage(rows=tuple(shown), after=None, overdue=len(late))

    def quarantined(self, wanted: str, /) -> SetAside:
        for one in self.quarantine().rows:
            if one.case_id == wanted:
                return one
        raise NotFoundError(f"no message waits under `{wanted}`; look at its case")

    async def release(
        self,
        case_id: str,
        /,
        *,
        person: str,
        corrections: Mapping[str, str],
        choices: Mapping[str, str] | None = None,
    ) -> None:
        if "again" in corrections.get("amount", ""):
            raise StillDoubtfulError("still doubtful", doubts=still_doubtful())
        self.released[case_id] = {**(choices or {}), **corrections}

    async def discard(
        self,
        case_id: str,
        /,
        *,
        person: str,
        reason: str,
    ) -> None:
        self.released[case_id] = {"discarded": reason}
