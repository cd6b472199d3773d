"""Limits against a model that adds up naively: at any time, in any order, never too little."""

from dataclasses import dataclass

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from remit.domain.actor import service
from remit.domain.entry import Entry
from remit.domain.value import Json
from remit.policy.limits import fits
from remit.store import limits
from remit.store.limits import Taken
from remit.store.shadow import scratch

KEYS = ("a/1", "a/2", "b/1")
WINDOW_US = 1_000
MAX = 20


@dataclass
class Effect:
    """What the model knows of one effect."""

    takes: dict[str, int]
    happened_us: int | None = None


class Limits(RuleBasedStateMachine):
    """Effects are cleared where they fit, and end in every way that there is."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = scratch(limits.SCHEMA)
        self.connection = self.opened.__enter__()
        self.now_us = 10_000
        self.effects: dict[str, Effect] = {}
        self.number = 0

    def teardown(self) -> None:
        self.opened.__exit__(None, None, None)

    def tell(self, event: str, action: str, **body: Json) -> None:
        limits.project(
            self.connection,
            Entry(
                id="", case_id="c", seq=1, event=event, body={"action_id": action, **body},
                actor=service("test"), at_us=self.now_us, workflow="desk",
            ),
        )  # fmt: skip

    def taken(self, key: str, but: str = "") -> Taken:
        found = limits.taken(self.connection, {key: self.now_us - WINDOW_US}, but=but)
        return dict(found)[key]

    def naive(self, key: str) -> tuple[int, int]:
        """Return (used, reserved) as somebody would add it up who has every effect."""
        used = reserved = 0
        for effect in self.effects.values():
            if effect.happened_us is None:
                reserved += effect.takes.get(key, 0)
            elif effect.happened_us > self.now_us - WINDOW_US:
                used += effect.takes.get(key, 0)
        return used, reserved

    @rule(takes=st.dictionaries(st.sampled_from(KEYS), st.integers(1, MAX), min_size=1))
    def clear(self, takes: dict[str, int]) -> None:
        for key, quantity in takes.items():
            found = self.taken(key)
            if not fits(found.used, found.reserved, quantity, MAX):
                return
        self.number += 1
        action = f"action-{self.number}"
        self.effects[action] = Effect(takes=takes)
        said = [f"{key} {quantity}" for key, quantity in takes.items()]
        self.tell("policy:action:decided", action, state="cleared", limits=said)

    @precondition(lambda self: self.under_way())
    @rule(data=st.data())
    def happens(self, data: st.DataObject) -> None:
        action = data.draw(st.sampled_from(self.under_way()))
        self.effects[action].happened_us = self.now_us
        self.tell("orchestration:effect:confirmed", action)

    @precondition(lambda self: self.under_way())
    @rule(
        data=st.data(),
        event=st.sampled_from(
            [
                "orchestration:effect:failed", "policy:action:withdrawn", "policy:action:expired",
                "policy:action:decided",
            ]
        ),
    )  # fmt: skip
    def does_not_happen(self, data: st.DataObject, event: str) -> None:
        action = data.draw(st.sampled_from(self.under_way()))
        del self.effects[action]
        self.tell(event, action, state="held")

    @precondition(lambda self: self.under_way())
    @rule(data=st.data())
    def is_in_doubt_and_decided_again(self, data: st.DataObject) -> None:
        action = data.draw(st.sampled_from(self.under_way()))
        self.tell("orchestration:effect:ambiguous", action)
        self.tell("policy:action:decided", action, state="ambiguous")

    @precondition(lambda self: any(one.happened_us for one in self.effects.values()))
    @rule(data=st.data(), end=st.sampled_from(["compensating", "compensated", "uncompensated"]))
    def is_undone(self, data: st.DataObject, end: str) -> None:
        done = [name for name, one in self.effects.items() if one.happened_us]
        self.tell(f"orchestration:effect:{end}", data.draw(st.sampled_from(done)))

    @rule(us=st.integers(1, WINDOW_US))
    def time_passes(self, us: int) -> None:
        self.now_us += us

    def under_way(self) -> list[str]:
        return [name for name, one in self.effects.items() if one.happened_us is None]

    @invariant()
    def what_is_taken_is_the_sum_and_never_too_much(self) -> None:
        for key in KEYS:
            found = self.taken(key)
            assert (found.used, found.reserved) == self.naive(key)
            assert found.used + found.reserved <= MAX

    @invariant()
    def one_action_does_not_stand_in_its_own_way(self) -> None:
        for action, effect in self.effects.items():
            for key, quantity in effect.takes.items():
                own = self.taken(key, but=action)
                used, reserved = self.naive(key)
                in_window = (
                    effect.happened_us is None or effect.happened_us > self.now_us - WINDOW_US
                )
                assert own.used + own.reserved == used + reserved - quantity * in_window


TestLimits = Limits.TestCase
TestLimits.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
