"""The part of a running Remit at which people vouch for values."""

import json
from collections.abc import Callable, Mapping, Sequence

from remit.domain import actor, clock
from remit.domain.action import AnySource, LiteralSource, ParamSpec, alternatives
from remit.domain.approval import ApprovalState
from remit.domain.value import Canonical, Json
from remit.errors import (
    ApprovalClosedError,
    InvalidEditError,
    NotEntitledError,
    NotFoundError,
    RequestInvalidError,
)
from remit.governance import approvals, checks, edits, endorsements, inbox
from remit.governance.endorsement import DAYS_MAX, Endorsement, Scope, Vouched
from remit.governance.owners import roles_of
from remit.intake import tokens
from remit.intake.mask import Masker
from remit.orchestration import endorsed
from remit.orchestration.desk import OWNER_ROLE, Desk
from remit.orchestration.proposed import canonical_values
from remit.policy.sources import elements
from remit.store import cases, vault
from remit.store import endorsements as rows
from remit.store.endorsements import EndorsementRow
from remit.store.unit import UnitOfWork

PEOPLE_FAR = 2  # who must vouch for money and recipients in a whole workflow


class Endorsing(Desk):
    """Takes a person's word for a value: it is proven by it, and no action is approved."""

    def endorsements(self, *, person: str, workflow: str | None = None) -> tuple[Endorsement, ...]:
        """Return what people vouch for today, the newest first."""
        roles_of(self._people, person)
        now_us = clock.microseconds(self.now())
        found = self.database.read(lambda c: rows.every(c, after_us=now_us))
        return tuple(_shown(one) for one in found if workflow in {None, one.workflow})

    async def endorse(
        self,
        approval_id: str,
        /,
        *,
        person: str,
        parameters: Sequence[str],
        sentence: str,
        scope: Scope = Scope.CASE,
        days: int = DAYS_MAX,
    ) -> tuple[str, ...]:
        """Vouch for values that a card shows, and have the gate look again.

        Raises `NotFoundError`, `ApprovalClosedError`, `NotEntitledError`, `RequestInvalidError`.
        """
        row = await self.read(lambda c: inbox.found(c, approval_id))
        if row.state is not ApprovalState.OPEN:
            raise ApprovalClosedError("this is decided; nothing waits for a word about its values")
        card = self.database.read(lambda c: inbox.card_of(c, self.keys, row))
        given: Mapping[str, Json] = json.loads(card.payload)["arguments"]
        asked = {name: given.get(name) for name in parameters}
        values = self._vouched(row.workflow, row.action, asked, scope)

        def work(uow: UnitOfWork, said: str) -> tuple[str, ...]:
            if self._is_check(uow, row.case_id, person):
                return ()
            made = endorsements.give(
                uow, row.case_id, values=values, scope=scope, days=days, sentence=said,
                person=person, evidence=approval_id,
            )  # fmt: skip
            approvals.look_again(uow, approval_id, person=person)
            return made

        return await self._given(row.case_id, row.workflow, person, sentence, work)

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
        days: int = DAYS_MAX,
    ) -> tuple[str, ...]:
        """Vouch for values of an action's parameters before it is proposed.

        Raises `NotFoundError`, `InvalidEditError`, `NotEntitledError`, `RequestInvalidError`.
        """
        case = await self.read(lambda c: cases.find(c, case_id))
        if case is None:
            raise NotFoundError(f"there is no case `{case_id}`; see the list of cases")
        spec = self.runs.workflow(case.workflow).spec(action)
        if spec is None:
            raise RequestInvalidError(f"`{action}` is no action of `{case.workflow}`")
        masker, new = self.runs.scope(case_id)
        forms = edits.typed(spec, values)
        private = {one.name: one.private for one in spec.params if one.private}
        masked = masker.mask_json(forms, private=private, trusted_tokens=True)
        vouched = self._vouched(
            case.workflow, action, masked if isinstance(masked, dict) else {}, scope
        )

        def work(uow: UnitOfWork, said: str) -> tuple[str, ...]:
            if self._is_check(uow, case_id, person):
                return ()
            return endorsements.give(
                uow, case_id, values=vouched, scope=scope, days=days, sentence=said, person=person
            )

        return await self._given(
            case_id, case.workflow, person, sentence, work, masker=masker, new=new
        )

    @staticmethod
    def _is_check(uow: UnitOfWork, case_id: str, person: str) -> bool:
        """End a check whose values somebody vouches for: nobody's word on one holds elsewhere."""
        return checks.given_up(uow, case_id, code="endorsed", by=actor.person(person))

    async def second_endorsement(self, endorsement_id: str, /, *, person: str) -> None:
        """Vouch for what needs a second person."""
        row = await self._endorsement(endorsement_id)
        self._entitled(row.workflow, person)
        await self.write(
            lambda uow: endorsements.second(uow, endorsement_id, person=person),
            streams=(row.case_id,), lane="control",
        )  # fmt: skip

    async def revoke_endorsement(
        self, endorsement_id: str, /, *, person: str, reason: str
    ) -> None:
        """Take a word back: nothing more rests on it."""
        roles = roles_of(self._people, person)
        row = await self._endorsement(endorsement_id)
        said, keep = self._masked(row.case_id, reason)

        def work(uow: UnitOfWork) -> None:
            keep(uow)
            endorsements.revoke(uow, endorsement_id, person=person, roles=roles, reason=said)

        await self.write(work, streams=(row.case_id,), lane="control")

    # -- parts ------------------------------------------------------------------------------------

    async def _given(
        self,
        case_id: str,
        workflow: str,
        person: str,
        sentence: str,
        work: Callable[[UnitOfWork, str], tuple[str, ...]],
        *,
        masker: Masker | None = None,
        new: Callable[[], list[vault.VaultTuple]] | None = None,
    ) -> tuple[str, ...]:
        self._entitled(workflow, person)
        if masker is None or new is None:
            masker, new = self.runs.scope(case_id)
        said = masker.mask_text(sentence, trusted_tokens=True).text
        rows_of = new

        def whole(uow: UnitOfWork) -> tuple[str, ...]:
            if kept := rows_of():
                vault.insert(uow.projected, kept)
            return work(uow, said)

        return await self.write(whole, streams=(case_id,), lane="control")

    def _entitled(self, workflow: str, person: str) -> None:
        """Raise `NotEntitledError` unless this person decides for that workflow."""
        role = self.runs.workflow(workflow).desk.approver_role
        if not roles_of(self._people, person) & {role, OWNER_ROLE}:
            raise NotEntitledError(
                f"`{person}` may not vouch for values; it needs the role {role}"
            )

    def _vouched(
        self, workflow: str, action: str, forms: Mapping[str, Json], scope: Scope
    ) -> list[Vouched]:
        spec = self.runs.workflow(workflow).spec(action)
        made = []
        for name, value in canonical_values(spec, forms).items():
            param = None if spec is None else spec.param(name)
            if param is None or forms.get(name) is None:
                raise InvalidEditError(f"`{name}` is no parameter of `{action}` with a value")
            made += [self._one(action, param, one, scope) for one in elements(value)]
        return made

    def _one(self, action: str, param: ParamSpec, value: Canonical, scope: Scope) -> Vouched:
        _refuse(param, value, scope)
        far = scope is Scope.WORKFLOW and (param.type == "money" or param.private is not None)
        return Vouched(
            action=action,
            parameter=param.name,
            type=value.type,
            form=value.form,
            digest=self.keys.keyed("digest", endorsed.compared(value.type, value.form)),
            people=PEOPLE_FAR if far else 1,
        )

    async def _endorsement(self, endorsement_id: str) -> EndorsementRow:
        row = await self.read(lambda c: rows.find(c, endorsement_id))
        if row is None:
            raise NotFoundError(f"nobody vouches for `{endorsement_id}`; see the list")
        return row


def _refuse(param: ParamSpec, value: Canonical, scope: Scope) -> None:
    """Raise `InvalidEditError` for a value that nobody may vouch for."""
    sources = alternatives(param.source)
    held = {tokens.type_of(read.token) for read in tokens.reads(str(value.form))}
    if not param.endorsable:
        raise InvalidEditError(f"nobody may vouch for `{param.name}`: its declaration says so")
    if any(isinstance(one, AnySource) for one in sources):
        raise InvalidEditError(f"`{param.name}` is content, which needs nobody to vouch for it")
    if all(isinstance(one, LiteralSource) for one in sources):
        raise InvalidEditError(f"`{param.name}` is one of fixed values; nobody vouches them away")
    if "SECRET" in held:
        raise InvalidEditError(f"`{param.name}` holds a secret, which nobody vouches for")
    if held and scope is not Scope.CASE:
        raise InvalidEditError(
            f"`{param.name}` is masked, and known by its token in this case alone; "
            "vouch for it in the case"
        )


def _shown(row: EndorsementRow) -> Endorsement:
    return Endorsement(
        endorsement_id=row.endorsement_id,
        case_id=row.case_id,
        workflow=row.workflow,
        action=row.action,
        parameter=row.parameter,
        scope=row.scope,
        people=row.people,
        by=row.by,
        stands=row.stands,
        at=clock.instant(row.at_us),
        until=clock.instant(row.until_us),
    )
