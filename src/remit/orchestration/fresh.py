"""Cases that this process has just taken in: their first run reads and masks nothing again."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from remit.domain.entry import Entry
from remit.domain.members import changed
from remit.intake.mask import Masker
from remit.ledger.keys import ContentKey
from remit.orchestration.scopes import NewRows

CASES_MAX: Final = 1_024


@dataclass(slots=True)
class FreshCase:
    """The scope of a new case and, once it is durable, its first entry as replay reads it."""

    masker: Masker
    rows: NewRows
    key: ContentKey
    originals: ContentKey
    entry: Entry | None = None


class Fresh:
    """Remembers a bounded number of them; what is not found here is read from the record."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._cases: OrderedDict[str, FreshCase] = OrderedDict()

    def scope(self, case_id: str, scope: FreshCase) -> None:
        """Keep the scope of a message that is being taken in."""
        with self._guard:
            self._cases[case_id] = scope
            while len(self._cases) > CASES_MAX:
                self._cases.popitem(last=False)

    def committed(self, entry: Entry) -> None:
        """Note a durable entry: the first with its masked fields; any other ends the freshness."""
        if entry.case_id not in self._cases:
            return
        with self._guard:
            if entry.seq > 1 or "fields" not in entry.payloads:
                self._cases.pop(entry.case_id, None)
            elif entry.case_id in self._cases:
                roles = entry.payloads.keys() & {"fields", "grounds"}
                kept = changed(entry, payloads={name: entry.payloads[name] for name in roles})
                self._cases[entry.case_id].entry = kept

    def take(self, case_id: str) -> FreshCase | None:
        """Hand over a case, once."""
        with self._guard:
            found = self._cases.pop(case_id, None)
        return found if found is not None and found.entry is not None else None
