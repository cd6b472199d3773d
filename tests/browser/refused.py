"""What the gallery's fake keeps of refusals beyond one case, and of what people vouch for."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from remit.errors import NotFoundError
from remit.governance.deciders import Deciders
from remit.governance.delegations import Delegation, Lending
from remit.governance.denial import Denial
from remit.governance.endorsement import Endorsement, Scope
from tests.browser.sample_people import DECIDERS, LENT
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
    """Keeps one refusal, to be widened and lifted, and the words that people give."""

    refused: dict[str, Denial] | None = None
    lent: dict[str, Delegation] | None = None
    words: dict[str, Endorsement] | None = None

    def endorsements(self, *, person: str, workflow: str | None = None) -> tuple[Endorsement, ...]:
        return tuple(
            one for one in (self.words or {}).values() if workflow in {None, one.workflow}
        )

    async def endorse(
        self,
        approval_id: str,
        /,
        *,
        person: str,
        parameters: Sequence[str],
        sentence: str,
        scope: Scope = Scope.CASE,
        days: int = 90,
    ) -> tuple[str, ...]:
        return self._vouched(person, parameters, scope)

    async def endorse_values(
        self,
        case_id: str,
        /,
        *,
        action: str,
        person: str,
        values: Mapping[str, str],
        sentence: str,
        scope: Scope = Scope.CASE,
        days: int = 90,
    ) -> tuple[str, ...]:
        return self._vouched(person, list(values), scope)

    async def second_endorsement(self, endorsement_id: str, /, *, person: str) -> None:
        one = (self.words or {}).get(endorsement_id)
        if one is None:
            raise NotFoundError(f"nobody vouches for `{endorsement_id}`; see the list")

    async def revoke_endorsement(
        self, endorsement_id: str, /, *, person: str, reason: str
    ) -> None:
        await self.second_endorsement(endorsement_id, person=person)
        del (self.words or {})[endorsement_id]

    def _vouched(self, person: str, names: Sequence[str], scope: Scope) -> tuple[str, ...]:
        self.words = self.words or {}
        made = []
        for name in names:
            key = f"{len(self.words):032x}"
            self.words[key] = Endorsement(
                endorsement_id=key, case_id=case_id(3), workflow="refund-desk",
                action="issue_refund", parameter=name, scope=scope.value, people=1, by=person,
                stands=True, at=DENIED.at, until=DENIED.until,
            )  # fmt: skip
            made.append(key)
        return tuple(made)

    def deciders(self, *, person: str) -> Deciders:
        return DECIDERS

    def delegations(self, *, person: str) -> tuple[Delegation, ...]:
        return tuple((LENT if self.lent is None else self.lent).values())

    async def delegate(self, lending: Lending, /, *, person: str) -> str:
        self.lent = dict(LENT) if self.lent is None else self.lent
        key = f"{len(self.lent):032x}"
        self.lent[key] = Delegation(
            delegation_id=key, giver=lending.giver, to=lending.to, workflows=lending.workflows,
            begins=lending.begins or DENIED.at, until=lending.until, cap_minor=None, currency="",
            by=person, at=DENIED.at,
        )  # fmt: skip
        return key

    async def end_delegation(self, delegation_id: str, /, *, person: str) -> None:
        self.lent = dict(LENT) if self.lent is None else self.lent
        if delegation_id not in self.lent:
            raise NotFoundError(f"there is no delegation `{delegation_id}`; see the list")
        del self.lent[delegation_id]

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
