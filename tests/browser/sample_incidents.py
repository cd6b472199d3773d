"""Incidents of the gallery: one at each turn of its life, with what people said."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from remit.domain.autonomy import Cell
from remit.domain.incident import SAYS, Correction, Seen, Severity
from remit.errors import CorrectionsOpenError, IllegalMoveError, NotFoundError
from remit.governance.corrections import Noted
from remit.governance.incident import EffectView, IncidentPage, IncidentView
from tests.browser.sample_duties import rollback_id
from tests.browser.samples import HOSTILE, case_id

OVER = {"reviewed", "dismissed"}
FINDINGS = ("to_check", "to_check", "undone", "no_harm", "by_hand", "cannot")


def incident_id(number: int) -> str:
    """Return the id of an incident of the gallery."""
    return f"{number:x}".rjust(2, "0") + "3" * 30


class WentWrong:
    """The part of the gallery that went wrong; obeys the same refusals as the real one."""

    now: datetime

    def incidents(
        self,
        *,
        closed: bool = False,
        workflow: str | None = None,
        after: str | None = None,
        limit: int = 60,
    ) -> IncidentPage:
        del after
        rows = [
            one
            for one in self._incidents().values()
            if (one.state in OVER) == closed and workflow in {None, one.workflow}
        ]
        return IncidentPage(rows=tuple(rows[:limit]), after=None)

    def incident(self, wanted: str, /) -> IncidentView:
        found = self._incidents().get(wanted)
        if found is None:
            raise NotFoundError(f"there is no incident `{wanted}`; `remit incidents` lists them")
        return found

    def incident_scopes(self) -> list[str]:
        return ["workflow:refund-desk", "action:refund-desk.issue_refund",
                "cell:refund-desk.send_reply/all"]  # fmt: skip

    def incidents_of(self, cell: Cell, /) -> tuple[IncidentView, ...]:
        return tuple(
            one for one in self._incidents().values()
            if one.open and (one.action, one.segment) == (cell.action, cell.segment)
        )  # fmt: skip

    async def declare_incident(
        self,
        scope: str,
        /,
        *,
        person: str,
        severity: Severity,
        sentence: str,
        occurred_at: datetime | None = None,
        contain: bool = False,
    ) -> IncidentView:
        kept = self._incidents()
        made = self._made(
            len(kept) + 1, state="contained" if contain else "declared", scope=scope,
            severity=severity.value, sentence=sentence, by=person,
        )  # fmt: skip
        kept[made.incident_id] = replace(made, occurred_at=occurred_at or self.now)
        return made

    async def contain_incident(self, wanted: str, /, *, person: str) -> IncidentView:
        del person
        one = self.incident(wanted)
        if one.held:
            return one
        held = f"a stop stands on `{one.scope}`"
        self._incidents()[wanted] = replace(one, state="declared")
        return self._moved(
            wanted,
            "declared",
            state="contained",
            contained_at=self.now,
            held=True,
            how="stopped",
            containment=held,
        )

    async def note_finding(
        self,
        wanted: str,
        /,
        *,
        person: str,
        finding: Correction,
        actions: Sequence[str] | None = None,
    ) -> Noted:
        del person
        one = self.incident(wanted)
        effects = tuple(
            replace(effect, finding=finding.value)
            if (effect.finding == "to_check" if actions is None else effect.action_id in actions)
            else effect
            for effect in one.effects
        )
        self._incidents()[wanted] = replace(
            one, effects=effects, counts=dict(Counter(effect.finding for effect in effects))
        )
        return Noted(noted=len(effects), left=self.incident(wanted).to_check)

    async def resolve_incident(self, wanted: str, /, *, person: str) -> IncidentView:
        del person
        if self.incident(wanted).to_check:
            raise CorrectionsOpenError("effects of incident 1 are still to check")
        return self._moved(wanted, "contained", state="resolved", resolved_at=self.now)

    async def review_incident(self, wanted: str, /, *, person: str, found: str) -> IncidentView:
        del person
        return self._moved(wanted, "resolved", state="reviewed", reviewed_at=self.now, ended=found)

    async def dismiss_incident(self, wanted: str, /, *, person: str, reason: str) -> IncidentView:
        del person
        return self._moved(
            wanted, self.incident(wanted).state, state="dismissed", dismissed_at=self.now,
            ended=reason,
        )  # fmt: skip

    def _moved(self, wanted: str, begins: str, **into: object) -> IncidentView:
        one = self.incident(wanted)
        if one.state != begins or one.state in OVER | {into["state"]}:
            raise IllegalMoveError(f"an incident cannot move from `{one.state}`")
        self._incidents()[wanted] = replace(one, **into)  # type: ignore[arg-type]  # names of it
        return self._incidents()[wanted]

    def _incidents(self) -> dict[str, IncidentView]:
        kept: dict[str, IncidentView] = self.__dict__.setdefault("_went_wrong", {})
        if not kept:
            for number, state in enumerate(
                ("contained", "declared", "resolved", "reviewed", "dismissed", "lifted"), start=1
            ):
                made = self._made(number, state=state)
                kept[made.incident_id] = made
        return kept

    def _made(
        self, number: int, *, state: str, scope: str = "", severity: str = "", sentence: str = "",
        by: str = "monitors",
    ) -> IncidentView:  # fmt: skip
        hand = number > 1
        effects = tuple(
            EffectView(
                action_id=f"{place + 1:x}" * 32, case_id=case_id(place + 1), action="send_reply",
                risk="normal", state="compensated" if finding == "undone" else "confirmed",
                at=self.now - timedelta(minutes=7 * place + 3), finding=finding,
                sentence="Answer question 1019" if place == 0 else "",
            )
            for place, finding in enumerate(FINDINGS)
            if number in {1, 2} or finding != "to_check"
        )  # fmt: skip
        ago = self.now - timedelta(hours=number)
        was, held = state != "declared", state not in {"declared", "lifted"}
        return IncidentView(
            incident_id=incident_id(number), number=number, workflow="refund-desk",
            scope=scope or ("action:refund-desk.issue_refund" if hand
                            else "cell:refund-desk.send_reply/all"),
            kind="action" if hand else "cell", action="issue_refund" if hand else "send_reply",
            segment="" if hand else "all", case_id="",
            severity=severity or ("sev1" if number == 3 else "sev2"),
            state="contained" if state == "lifted" else state,
            says=SAYS[Seen.PERSON if hand else Seen.BREACH],
            sentence=sentence or (HOSTILE[:90] if hand else ""), owner="a.weber",
            occurred_at=ago - timedelta(hours=2), detected_at=ago, declared_at=ago,
            declared_by=by, contained_at=ago if was else None, held=held,
            how="" if not held else "stopped" if hand else "lowered",
            containment="a stop stands on `action:refund-desk.issue_refund`" if held and hand
            else "nothing of the cell runs alone: it stands at approve-each" if held else "",
            resolved_at=self.now if state in {"resolved", "reviewed"} else None,
            reviewed_at=self.now if state == "reviewed" else None,
            dismissed_at=self.now if state == "dismissed" else None, reports=2 if not hand else 1,
            reported_at=self.now, alone=not hand, since=ago - timedelta(days=3),
            ended="The audits were too few to see it in a day" if state in OVER else "",
            counts=dict(Counter(one.finding for one in effects)), effects=effects,
            rollbacks=(rollback_id(1),) if number == 1 else (),
        )  # fmt: skip
