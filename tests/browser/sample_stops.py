"""Stops of the gallery: two stand, one of them with everything that a page can say of it."""

from dataclasses import replace
from datetime import datetime, timedelta

from remit.errors import NotEntitledError, NotFoundError, RequestInvalidError
from remit.governance.limits import LimitView
from remit.governance.stops import Finishing, StopView, Waiting
from tests.browser.samples import case_id

SCOPES = (
    "everything",
    "workflow:refund-desk",
    "connector:shop",
    "action:refund-desk.issue_refund",
)
SENTENCE = (
    "The shop answered twice to one refund this morning; nothing goes out until they say why. "
    "Ask Ines before you lift it."
)


class Halted:
    """The part of the gallery that is stopped; obeys the same refusals as the real one."""

    now: datetime

    def stops(self) -> tuple[StopView, ...]:
        return tuple(self._standing().values())

    def stop_scopes(self) -> list[str]:
        return list(SCOPES)

    async def set_stop(
        self, scope: str, /, *, person: str, sentence: str, hard: bool = False
    ) -> bool:
        if scope not in SCOPES and not scope.startswith("case:"):
            raise NotFoundError(
                f"there is nothing called `{scope}` to stop; near are `everything`"
            )
        if person == "i.auditor":
            raise NotEntitledError(f"`{person}` may not stop effects")
        if scope in self._standing():
            return False
        self._standing()[scope] = view(scope, sentence, at=self.now, by=person, hard=hard)
        return True

    async def halt(self, scope: str, /, *, service: str, sentence: str) -> bool:
        return await self.set_stop(scope, person=f"service:{service}", sentence=sentence)

    async def lift_stop(self, scope: str, /, *, person: str, reason: str) -> bool:
        standing = self._standing()
        if scope not in standing:
            raise NotFoundError(f"no stop stands on `{scope}`")
        one = standing[scope]
        if scope.startswith("case:") or (one.asked_by and one.asked_by != person):
            del standing[scope]
            return True
        standing[scope] = replace(one, asked_by=person, asked_reason=reason)
        return False

    def limits(self) -> tuple[LimitView, ...]:
        return (
            LimitView(
                name="refunds-a-day", workflow="refund-desk", of="risk money", measure="money",
                per="workflow", window_seconds=86_400, allowed="900.00 EUR",
                normally="500.00 EUR", raised_until=self.now + timedelta(hours=5),
                raised_by="l.costa", taken=("871.40 EUR",), taken_ppm=968_222, counts_all=True,
                escalates=False, owner="l.costa", waiting=1_204,
                waiting_first=tuple(
                    Waiting(
                        case_id=case_id(n), workflow="refund-desk", action="issue_refund",
                        since=self.now - timedelta(minutes=18 - n),
                    )
                    for n in range(3)
                ),
            ),
            LimitView(
                name="pilot", workflow="refund-desk", of="every action", measure="effects",
                per="everything", window_seconds=3_600, allowed="20", normally="20",
                raised_until=None, raised_by="", taken=(), taken_ppm=0, counts_all=False,
                escalates=True, owner="a.weber", waiting=0, waiting_first=(),
            ),
        )  # fmt: skip

    async def raise_limit(
        self,
        name: str,
        /,
        *,
        person: str,
        max: str,
        seconds: int,
        reason: str,
    ) -> None:
        found = next((one for one in self.limits() if one.name == name), None)
        if found is None:
            raise NotFoundError(f"there is no limit `{name}`")
        if person != found.owner:
            raise NotEntitledError(f"`{person}` may not raise `{name}`; only its owner may")
        if not max.split(maxsplit=1)[0].replace(".", "").isdigit():
            raise RequestInvalidError("`max`: a whole number")
        self.__dict__.setdefault("raised", []).append((name, max, seconds, reason))

    def _standing(self) -> dict[str, StopView]:
        kept: dict[str, StopView] = self.__dict__.setdefault("_stops", {})
        if "_stops_begun" not in self.__dict__:
            self.__dict__["_stops_begun"] = True
            begun = self.now - timedelta(minutes=18)
            kept["connector:shop"] = replace(
                view("connector:shop", SENTENCE, at=begun, by="a.weber", hard=True),
                under_way=3,
                stop_ms=None,
                finishing=(
                    Finishing(
                        case_id=case_id(3), action_id="a", workflow="refund-desk",
                        action="issue_refund", state="intended",
                    ),
                    Finishing(
                        case_id=case_id(4), action_id="b", workflow="refund-desk",
                        action="issue_refund", state="ambiguous",
                    ),
                ),
                waiting=1_204,
                waiting_first=tuple(
                    Waiting(
                        case_id=case_id(n), workflow="refund-desk", action="issue_refund",
                        since=begun + timedelta(seconds=20 * n),
                    )
                    for n in range(5)
                ),
                asked_by="l.costa",
                asked_reason="they mended it at nine",
            )  # fmt: skip
            kept[f"case:{case_id(1)}"] = replace(
                view(f"case:{case_id(1)}", "Look at this one first", at=self.now, by="a.weber"),
                under_way=1,
                stop_ms=412,
            )
        return kept


def view(scope: str, sentence: str, *, at: datetime, by: str, hard: bool = False) -> StopView:
    """Return a stop that has just been set and holds nothing."""
    return StopView(
        scope=scope, sentence=sentence, hard=hard, drill=False, readable=True, set_by=by,
        set_at=at, asked_by="", asked_reason="", under_way=0, stop_ms=0, finishing=(),
        waiting=0, waiting_first=(),
    )  # fmt: skip
