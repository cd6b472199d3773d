"""What the gallery's fake keeps of refusals beyond one case."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from remit.errors import NotFoundError
from remit.governance.denial import Denial
from tests.browser.samples import case_id

DENIED = Denial(
    action_id="d" * 32,
    case_id=case_id(3),
    workflow="refund-desk",
    refused="issue_refund",
    group=False,
    subject="5f1b77aa09",
    person="a.weber",
    at=datetime(2026, 11, 20, 9, tzinfo=UTC),
    until=datetime(2026, 12, 4, 9, tzinfo=UTC),
)


class Refused:
    """Keeps one refusal, to be widened and lifted."""

    refused: dict[str, Denial] | None = None

    def denials(self, *, person: str, workflow: str | None = None) -> tuple[Denial, ...]:
        return tuple(one for one in self._kept().values() if workflow in {None, one.workflow})

    async def widen_denial(
        self, action_id: str, /, *, person: str, days: int, reason: str
    ) -> None:
        known = self._known(action_id)
        self._kept()[action_id] = replace(known, until=known.at + timedelta(days=days))

    async def lift_denial(self, action_id: str, /, *, person: str, reason: str) -> None:
        self._known(action_id)
        del self._kept()[action_id]

    def _known(self, action_id: str) -> Denial:
        if action_id not in self._kept():
            raise NotFoundError(f"there is no action `{action_id}`")
        return self._kept()[action_id]

    def _kept(self) -> dict[str, Denial]:
        if self.refused is None:
            self.refused = {DENIED.action_id: DENIED}
        return self.refused
