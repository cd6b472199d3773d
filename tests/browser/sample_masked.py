"""The gallery's masked values: some that may go somewhere, some nowhere, one of a hostile tool."""

from collections.abc import Sequence

from remit.domain.entry import Entry
from remit.governance.casebook import CaseLine
from remit.governance.masked import OWN_CONNECTOR, Entitled, MaskedView, of_entries
from tests.browser.samples import HOSTILE

ATTRIBUTES = {
    "PERSON_7K3QX4M2": "",
    "EMAIL_9TBD2345": "at nordlicht.example",
    "EMAIL_QX4M2345": "",
    "CARD_W2HE2345": "Visa, ends in 1111",
    "PHONE_3M7QX42A": HOSTILE,
}


def masked_of(entries: Sequence[Entry], row: CaseLine) -> MaskedView:
    """Return what was masked in the gallery's case."""
    return of_entries(
        entries,
        row=row,
        attributes=ATTRIBUTES if row.number != 4 else {},
        rules=(
            Entitled(owner="get_customer", parameter="email", type="EMAIL",
                     destination=OWN_CONNECTOR),
            Entitled(owner="send_reply", parameter="body", type="EMAIL",
                     destination="mail:case.sender", listed=True),
            Entitled(owner="issue_refund", parameter="person", type="PERSON",
                     destination=OWN_CONNECTOR),
        ),
    )  # fmt: skip
