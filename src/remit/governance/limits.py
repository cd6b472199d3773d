"""Limits that owners set: read from the settings, looked at, and raised for a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from remit.authoring.workflow import Workflow
from remit.domain import actor, clock
from remit.domain.entry import Draft
from remit.domain.ids import control_stream
from remit.domain.limit import EFFECT, Limit, Measure, Per, written
from remit.domain.limit_event import LimitRaised
from remit.domain.money import Money
from remit.errors import NotEntitledError, NotFoundError, RequestInvalidError, SettingsError
from remit.governance.stops import WAITING_SHOWN_MAX, Waiting, waiting
from remit.store import limits as rows
from remit.store import waits
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork

NAME: Final = "limits"
STREAM: Final = control_stream(NAME)
RAISED_SECONDS_MAX: Final = 30 * 86_400
KEYS_SHOWN_MAX: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """A limit, how full it is where it is fullest, and what waits for it; amounts in words."""

    name: str
    workflow: str
    of: str  # the action or group
    measure: str
    per: str
    window_seconds: int
    allowed: str  # now
    normally: str
    raised_until: datetime | None
    raised_by: str
    taken: tuple[str, ...]  # the fullest first, one for each case, subject, … it is counted for
    taken_ppm: int  # of what is allowed now, where it is fullest
    counts_all: bool
    escalates: bool
    owner: str
    waiting: int
    waiting_first: tuple[Waiting, ...]


def load(
    given: Sequence[Mapping[str, object]], workflow: Workflow, people: Mapping[str, object]
) -> tuple[Limit, ...]:
    """Return the limits that cover actions of a workflow.

    Raises `SettingsError` for one that is named twice, has no owner, or can never count anything.
    """
    made = every(given, people)
    names = [one.name for one in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SettingsError(f"two `[[limits]]` are called `{twice}`; rename one")
    specs = [declared.spec for declared in workflow.actions.values()]
    for one in made:
        found = [spec for spec in specs if one.covers(spec)]
        if one.action.startswith(f"{workflow.name}.") and not found:
            raise SettingsError(
                f"limit `{one.name}` is of `{one.action}`, which is no action of `{workflow.name}`"
            )
        for spec in found:
            reaches = one.measure in {Measure.ROWS, Measure.RECIPIENTS}
            counted = one.measure.value in dict(spec.reaches)
            if one.action and reaches and not counted:
                raise SettingsError(
                    f"limit `{one.name}` counts {one.measure} of `{spec.name}`, which does not "
                    f"say how many; give it `{one.measure}=` with a derive that counts them"
                )
            money = any(param.type == "money" for param in spec.params)
            if one.action and one.measure is Measure.MONEY and not money:
                raise SettingsError(
                    f"limit `{one.name}` counts money, and `{spec.name}` moves none"
                )
    return made


def every(
    given: Sequence[Mapping[str, object]], people: Mapping[str, object]
) -> tuple[Limit, ...]:
    """Return limits as they are written; raises `SettingsError` for one without an owner."""
    return tuple(_limit(one, people) for one in given)


def _limit(given: Mapping[str, object], people: Mapping[str, object]) -> Limit:
    name, owner = str(given["name"]), str(given["owner"])
    who = people.get(owner)
    if who is None or not getattr(who, "active", True):
        raise SettingsError(
            f"the owner of limit `{name}` is `{owner}`, who is nobody; add `[people.{owner}]`"
        )
    measure = Measure(str(given["measure"]))
    most, currency = _most(name, measure, str(given["max"]))
    return Limit(
        name=name,
        action=str(given["action"] or ""),
        group=str(given["group"] or ""),
        measure=measure,
        currency=currency,
        per=Per(str(given["per"])),
        window_us=int(str(given["window_seconds"])) * 1_000_000,
        max=most,
        counts_all=given["counts"] == "all",
        escalates=given["outside"] == "escalate",
        owner=owner,
    )


def _most(name: str, measure: Measure, text: str) -> tuple[int, str]:
    if measure is not Measure.MONEY:
        return int(text), ""
    try:
        money = Money.of(text)
        minor = money.minor
    except ValueError as error:
        raise SettingsError(
            f"`max` of limit `{name}` is `{text}`; money is written as `500.00 EUR`"
        ) from error
    if minor < 1:
        raise SettingsError(f"`max` of limit `{name}` is not above zero")
    return minor, money.currency


def parse(limit: Limit, text: str) -> int:
    """Return what a person wrote as the new bound; raises `RequestInvalidError`."""
    said = "write it like `500.00 EUR`" if limit.measure is Measure.MONEY else "a whole number"
    try:
        if limit.measure is Measure.MONEY:
            money = Money.of(text)
            if money.currency != limit.currency:
                raise RequestInvalidError(
                    f"`max`: limit `{limit.name}` counts {limit.currency}, not {money.currency}"
                )
            return money.minor
        return int(text)
    except ValueError as error:
        raise RequestInvalidError(f"`max`: {said}") from error


def named(known: Sequence[Limit], name: str) -> Limit:
    """Return a limit; raises `NotFoundError`."""
    for one in known:
        if one.name == name:
            return one
    names = ", ".join(f"`{one.name}`" for one in known) or "none"
    raise NotFoundError(f"there is no limit `{name}`; there are: {names}")


def raise_limit(
    uow: UnitOfWork, limit: Limit, *, person: str, max_: int, seconds: int, reason: str
) -> None:
    """Let a limit allow more for a time, on its owner's word; what waits is gated again.

    Raises `NotEntitledError` for anybody else and `RequestInvalidError` for what is no raise.
    """
    if person != limit.owner:
        raise NotEntitledError(
            f"`{person}` may not raise `{limit.name}`; only its owner `{limit.owner}` may"
        )
    if max_ <= limit.max:
        raise RequestInvalidError(
            f"`max`: `{limit.name}` allows {written(limit, limit.max)}; name more"
        )
    if not 0 < seconds <= RAISED_SECONDS_MAX:
        raise RequestInvalidError(f"`seconds`: from 1 to {RAISED_SECONDS_MAX}")
    until_us = clock.microseconds(uow.now) + seconds * 1_000_000
    uow.append(
        Draft(
            event=LimitRaised(name=limit.name, max=max_, until_us=until_us),
            case_id=STREAM,
            workflow=NAME,
            actor=actor.person(person),
            payloads={"reason": reason},
        )
    )


def ref_of(name: str) -> str:
    """Return the name under which a case waits for a limit to be raised."""
    return f"limit {name}"


def view(connection: Connection, limit: Limit, *, workflow: str, now_us: int) -> LimitView:
    """Return a limit as people see it."""
    raised = rows.raises(connection).get(limit.name)
    over = raised is None or raised.until_us <= now_us
    most = limit.max if raised is None or over else max(limit.max, raised.max)
    fullest = rows.keys(connection, f"{limit.name}/", now_us - limit.window_us, KEYS_SHOWN_MAX)
    held = waits.lifted_by(connection, ref_of(limit.name), limit=WAITING_SHOWN_MAX)
    return LimitView(
        name=limit.name,
        workflow=workflow,
        of=limit.action or ("every action" if limit.group == EFFECT else f"risk {limit.group}"),
        measure=limit.measure.value,
        per=limit.per.value,
        window_seconds=limit.window_us // 1_000_000,
        allowed=written(limit, most),
        normally=written(limit, limit.max),
        raised_until=None if raised is None or over else clock.instant(raised.until_us),
        raised_by="" if raised is None or over else raised.raised_by,
        taken=tuple(written(limit, one.used + one.reserved) for _, one in fullest),
        taken_ppm=max((one.used + one.reserved for _, one in fullest), default=0)
        * 1_000_000
        // most,
        counts_all=limit.counts_all,
        escalates=limit.escalates,
        owner=limit.owner,
        waiting=waits.lifted_by_count(connection, ref_of(limit.name)),
        waiting_first=waiting(connection, held),
    )
