"""Checks put among what waits for people: how many, of what, and when; by a keyed draw."""

import asyncio
import hmac
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Final

from remit.domain import actor, clock
from remit.domain.autonomy import Cell
from remit.domain.check_event import SEEDED, CheckDealt, ChecksExhausted
from remit.domain.entry import Draft
from remit.domain.frozen import dataclass
from remit.domain.ids import control_stream, derived
from remit.domain.plan import DAY_US, PPM, Plan, Reviewed
from remit.domain.value import Json, digest, encode
from remit.errors import LedgerError, NotFoundError
from remit.governance import reviewers, standing
from remit.governance.owners import READ_ONLY_ROLES, roles_of
from remit.governance.standing import Reviewing
from remit.ledger import read as record
from remit.orchestration import check_cases
from remit.orchestration.auditing import Auditing
from remit.orchestration.awaited import submit
from remit.orchestration.cell_window import cells_of
from remit.orchestration.check_cases import Placed, Source
from remit.orchestration.engine import Engine
from remit.orchestration.granting import OWNER_ROLE
from remit.store import checks, evidence, kpi_days, vault
from remit.store.connection import Connection
from remit.store.evidence import EvidenceRow
from remit.store.unit import UnitOfWork

HOUR_US: Final = 3_600_000_000
QUARTER_US: Final = 90 * DAY_US
BAD_OF_THREE: Final = 2  # of the others, so many are bad
OLD_US: Final = 7 * DAY_US  # a case becomes a check when it is a week old
LOOKED_MAX: Final = 200  # rows of the past that one choice looks at
REST_US: Final = 6 * HOUR_US  # after a choice that found nothing: another row must grow old first
PAST, PERTURBED = "past", "perturbed"
OF_CHECKS: Final = "checks"  # the stream of a workflow's checks ends so

log = logging.getLogger("remit.checks")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is put before people, and what is true of it."""

    one: Source
    plan: Plan
    origin: str
    item: str
    bad: bool
    critical: bool
    arguments: Mapping[str, Json]


def stream_of(workflow: str) -> str:
    """Return the stream that tells of a workflow's checks; nobody is shown it who is measured."""
    return control_stream(f"{workflow}/{OF_CHECKS}")


class Seeding(Auditing):
    """The part of a running Remit that measures reviewers; `remit.app.Remit` fills in the rest."""

    new_id: Callable[[], str]
    engine: Engine
    _dealt_us: int = 0
    _dealing: asyncio.Lock | None = None
    _exhausted: dict[str, int] | None = None
    _resting: dict[tuple[str, str], int] | None = None  # action -> until when it is not looked for

    async def watch_cells(self) -> int:
        """Look at what may lower a cell, and deal the checks that are due."""
        return await super().watch_cells() + await self.deal_checks()

    async def deal_checks(self) -> int:
        """Put what is due among what waits: once an hour, one for each workflow and risk."""
        if self._dealing is None:
            self._dealing = asyncio.Lock()
        async with self._dealing:  # whoever comes meanwhile waits until it is done
            now_us = clock.microseconds(self.now())
            if now_us - self._dealt_us < HOUR_US:
                return 0
            self._dealt_us = now_us
            dealt = 0
            for workflow in self.equipment:
                due: list[Plan] = await self.read(
                    partial(self._due, workflow=workflow, now_us=now_us)
                )
                for plan in due:
                    dealt += await self._deal(plan, now_us)
            return dealt

    def reviewers(self, *, person: str, workflow: str | None = None) -> tuple[Reviewing, ...]:
        """Return how reviewers stand, by workflow: to its owner and auditors all, else oneself.

        Raises `NotFoundError` for a workflow that is not on one's desk.
        """
        roles_of(self._people, person)
        if workflow is not None and workflow not in self.equipment:
            raise NotFoundError(f"there is no workflow `{workflow[:64]}`")
        if workflow is not None:
            said = f"there is no workflow `{workflow[:64]}`"
            self._people.demand_sight(person, workflow, said)
        now_us = clock.microseconds(self.now())
        wanted = [
            name
            for name in self.equipment
            if workflow in {None, name} and self._people.sees(person, name)
        ]

        def work(connection: Connection) -> tuple[Reviewing, ...]:
            return tuple(
                standing.of_workflow(
                    connection, name, now_us=now_us,
                    person=None if self._sees_all(person, name) else person,
                    risks=sorted({
                        one.risk.value
                        for one in self.equipment[name].plans.values()
                        if one.reviewers is Reviewed.MEASURED
                    }),
                )
                for name in wanted
            )  # fmt: skip

        return self.database.read(work)

    def _sees_all(self, person: str, workflow: str) -> bool:
        held = self._people.held(person, workflow)
        return bool(held & {OWNER_ROLE, *READ_ONLY_ROLES})

    # -- how many --------------------------------------------------------------------------------

    def _due(self, connection: Connection, *, workflow: str, now_us: int) -> list[Plan]:
        """Return the plans of a workflow of which a check is due, one for each risk."""
        plans = [
            one
            for one in self.equipment[workflow].plans.values()
            if one.reviewers is Reviewed.MEASURED
        ]
        since_us = now_us - QUARTER_US
        days = kpi_days.of_workflow(connection, workflow, since=kpi_days.day_of(since_us))
        decided = [
            (day, sum(n for name, n in counts.items() if name.startswith("verdict.")))
            for day, counts in sorted(days.items())
        ]
        decided = [(day, n) for day, n in decided if n]
        if not decided or not plans:
            return []
        worked = min((now_us // DAY_US) - _day(decided[0][0]) + 1, 90)
        dealt = checks.dealt(connection, workflow, since_us=since_us)
        total = sum(n for _, n in decided)
        found = []
        for risk in sorted({one.risk for one in plans}):
            of_risk = [one for one in plans if one.risk is risk]
            done = sum(n for _, name, _, _, n in dealt if name == risk.value)
            share = max(one.seed_share_ppm for one in of_risk)
            due = max(
                total * share // PPM, -(-reviewers.BAD_MIN * 3 * worked // (BAD_OF_THREE * 90))
            )
            if reviewers.alarmed(connection, workflow):
                due += reviewers.CLEARED_AFTER * 2  # an exercise: they are to show that they look
            if done < due:
                draw = self._drawn(now_us, workflow, risk.value)
                found.append(of_risk[draw % len(of_risk)])
        return found

    # -- of what ---------------------------------------------------------------------------------

    async def _deal(self, plan: Plan, now_us: int) -> int:
        resting = self._resting = self._resting or {}
        if resting.get((plan.workflow, plan.action), 0) > now_us:
            return 0
        draw = self._drawn(now_us, plan.workflow, plan.action)
        bad = draw // 7 % 3 < BAD_OF_THREE
        there = False
        for want in (bad, not bad):
            some, found = await self.read(
                partial(self._chosen, plan=plan, draw=draw, now_us=now_us, bad=want)
            )
            there = there or some
            if found is not None:
                return await self._place(found, now_us)
        resting[plan.workflow, plan.action] = now_us + REST_US
        if there and self._told().get(plan.action, 0) + DAY_US <= now_us:
            self._told()[plan.action] = now_us
            await self._say_exhausted(plan)
        return 0

    def _chosen(
        self, connection: Connection, *, plan: Plan, draw: int, now_us: int, bad: bool
    ) -> tuple[bool, Chosen | None]:
        """Choose an item that nobody of the workflow has seen; say too whether there was any."""
        spec, some = self.equipment[plan.workflow].spec(plan.action), False
        other: Mapping[str, Json] | None = None  # what was right in another case
        for row in () if spec is None else self._past(connection, plan, draw, now_us):
            some, right = True, row.outcome == "right"
            if not (right or bad):
                continue  # what was wrong is bad as it is
            origin = PERTURBED if right and bad else PAST
            item = digest({"action_id": row.action_id, "origin": origin})
            if checks.used(connection, plan.workflow, item):
                continue
            one = self._source(connection, row)
            if one is None or spec is None:
                continue
            wrong = check_cases.perturbed(one, spec, draw, other)
            other = one.told.facts.arguments if right else other
            if origin == PERTURBED and wrong is None:
                continue
            return True, Chosen(
                one=one, plan=plan, origin=origin, item=item, bad=bad,
                critical=bad and row.severity == "critical",
                arguments=wrong if origin == PERTURBED and wrong else one.told.facts.arguments,
            )  # fmt: skip
        return some, None

    def _past(
        self, connection: Connection, plan: Plan, draw: int, now_us: int
    ) -> Iterator[EvidenceRow]:
        """Yield rows of a quarter that people have judged, from a drawn place on, then all."""
        cells: Sequence[Cell] = cells_of([plan])
        cell = cells[draw % len(cells)]
        begin, end = now_us - QUARTER_US, now_us - OLD_US
        place = begin + draw % max(end - begin, 1)
        for since_us, until_us in ((place, end), (begin, place)):
            for looked, row in enumerate(
                evidence.of_cell(connection, cell, since_us=since_us, until_us=until_us)
            ):
                if looked >= LOOKED_MAX:
                    break
                if row.outcome in {"right", "wrong"} and row.source != "after-effect":
                    yield row

    def _source(self, connection: Connection, row: EvidenceRow) -> Source | None:
        """Return the case of the past behind a row, where it can become a check."""
        try:
            entries = record.stream(connection, self.keys, row.case_id)
        except LedgerError:
            return None  # its content was erased
        if entries and entries[0].tenant == SEEDED:
            return None
        return check_cases.source(entries, row.action_id)

    # -- putting it there ------------------------------------------------------------------------

    async def _place(self, chosen: Chosen, now_us: int) -> int:
        plan, one = chosen.plan, chosen.one
        equipment = self.equipment[plan.workflow]
        spec = equipment.spec(plan.action)
        if spec is None:
            return 0
        case_id = self.new_id()
        scope = self.runs.new_scope(case_id)
        before, _ = self.runs.scope(one.entries[0].case_id)
        words = before.tokens_in(scope.masker)
        placed = Placed(
            case_id=case_id, later_us=now_us - check_cases.asked_at_us(one), key=scope.key,
            originals=scope.originals, fingerprint=equipment.fingerprint,
        )  # fmt: skip
        coins = self.engine.proposals.coins
        await coins.ready(plan)
        made = list(
            check_cases.drafts(one, spec, chosen.arguments, placed, words=words, coins=coins)
        )
        rows = scope.rows()
        dealt = self._dealt(chosen, placed)

        def work(uow: UnitOfWork) -> int:
            uow.lock(stream_of(plan.workflow))
            if checks.used(uow.connection, plan.workflow, chosen.item):
                return 0
            uow.append(dealt)
            vault.insert(uow.projected, rows)
            uow.begin(case_id)
            for draft in made:
                uow.append(draft)
            return 1

        receipt = await submit(
            self.writer, work, lane="ordinary", streams=(stream_of(plan.workflow),)
        )
        return receipt.value

    def _dealt(self, chosen: Chosen, placed: Placed) -> Draft:
        plan = chosen.plan
        truth: dict[str, Json] = {
            "bad": chosen.bad,
            "critical": chosen.critical,
            "case": placed.case_id,
        }
        return Draft(
            event=CheckDealt(
                check_id=derived("check", placed.case_id), case_id=placed.case_id,
                action=plan.action, risk=plan.risk.value,
                approval_id=check_cases.approval_of(chosen.one, placed), origin=chosen.origin,
                item=chosen.item, truth=self.keys.keyed("check-truth", encode(truth)),
            ),
            case_id=stream_of(plan.workflow),
            workflow=plan.workflow,
            actor=actor.service("monitors"),
            payloads={"truth": truth},
        )  # fmt: skip

    async def _say_exhausted(self, plan: Plan) -> None:
        """Say that nothing is left: nothing is ever put before people twice."""
        event = ChecksExhausted(action=plan.action, risk=plan.risk.value)
        log.error("no check of `%s.%s` is left that nobody has seen", plan.workflow, plan.action)
        stream = stream_of(plan.workflow)
        draft = Draft(
            event=event, case_id=stream, workflow=plan.workflow, actor=actor.service("monitors")
        )
        await submit(self.writer, lambda uow: uow.append(draft), lane="control", streams=(stream,))

    def _told(self) -> dict[str, int]:
        """Return when it was said of each action that nothing is left."""
        if self._exhausted is None:
            self._exhausted = {}
        return self._exhausted

    def _drawn(self, now_us: int, *words: str) -> int:
        """Draw for this hour under the service's key: the same in every process."""
        key = self.keys.subkey("checks")
        hour = str(now_us // HOUR_US)
        return int.from_bytes(
            hmac.digest(key, "\x00".join((hour, *words)).encode(), sha256)[:6], "big"
        )


def _day(written: str) -> int:
    return clock.microseconds(datetime.fromisoformat(written).replace(tzinfo=UTC)) // DAY_US
