"""Times of a schedule: the five fields of a cron line, read in a zone."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from remit.errors import SettingsError

YEARS_AHEAD_MAX = 5

# minute, hour, day of the month, month, day of the week (0 and 7 are Sunday)
BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cron:
    """When something happens again and again."""

    line: str
    zone: ZoneInfo
    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    any_day: bool  # the day of the month is `*`
    any_weekday: bool

    def after(self, moment: datetime) -> datetime:
        """Return the first time after a moment, in UTC.

        A time that a change of the clock leaves out happens with the next that there is; one that
        it gives twice happens once.
        """
        local = moment.astimezone(self.zone).replace(second=0, microsecond=0, tzinfo=None)
        last = local.replace(year=local.year + YEARS_AHEAD_MAX)
        day = local.replace(hour=0, minute=0)
        while day <= last:
            if self._on(day):
                for hour in sorted(self.hours):
                    for minute in sorted(self.minutes):
                        found = self._utc(day.replace(hour=hour, minute=minute))
                        if found > moment:
                            return found
            day += timedelta(days=1)
        raise SettingsError(f"the schedule `{self.line}` names no time in {YEARS_AHEAD_MAX} years")

    def _on(self, day: datetime) -> bool:
        if day.month not in self.months:
            return False
        by_date, by_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        if self.any_day or self.any_weekday:
            return by_date and by_week
        return by_date or by_week  # as every cron has it

    def _utc(self, local: datetime) -> datetime:
        return local.replace(tzinfo=self.zone, fold=0).astimezone(UTC)


def read(line: str, zone: str = "UTC") -> Cron:
    """Read a cron line such as `30 2 * * 1-5`; raises `SettingsError` naming the field."""
    fields = line.split()
    if len(fields) != len(BOUNDS):
        raise SettingsError(f"the schedule `{line}` has {len(fields)} fields; a cron line has 5")
    sets = [
        _field(line, text, low, high) for text, (low, high) in zip(fields, BOUNDS, strict=True)
    ]
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(
            f"`{zone}` is no time zone; write one such as `Europe/Berlin`"
        ) from error
    return Cron(
        line=line,
        zone=place,
        minutes=sets[0],
        hours=sets[1],
        days=sets[2],
        months=sets[3],
        weekdays=frozenset(day % 7 for day in sets[4]),
        any_day=fields[2] == "*",
        any_weekday=fields[4] == "*",
    )


def _field(line: str, text: str, low: int, high: int) -> frozenset[int]:
    made: set[int] = set()
    for part in text.split(","):
        span, _, every = part.partition("/")
        first, dash, last = span.partition("-")
        try:
            step = int(every) if every else 1
            begin = low if first == "*" else int(first)
            end = high if first == "*" or (every and not dash) else int(last) if dash else begin
        except ValueError:
            raise SettingsError(f"`{part}` of the schedule `{line}` is no number") from None
        if step < 1 or not low <= begin <= end <= high:
            raise SettingsError(f"`{part}` of the schedule `{line}` is not in {low}-{high}")
        made.update(range(begin, end + 1, step))
    return frozenset(made)
