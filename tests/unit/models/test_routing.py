"""A pass over a route: who is asked, how often, and what is kept of it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import BaseModel

from remit.errors import ModelUnavailableError, OutputInvalidError
from remit.models import routing
from remit.models.routing import Route
from remit.models.runtime import Finish, Message, MessageKind, ModelSettings, Prompt, Reply, Role
from remit.models.scripted import Line, ScriptedRuntime

pytestmark = pytest.mark.anyio


class Item(BaseModel):
    name: str


class Basket(BaseModel):
    items: list[Item]


def prompt(output: type[BaseModel] | None = None) -> Prompt:
    return Prompt(
        name="basket",
        digest="d",
        messages=(Message(role=Role.USER, text="List.", kind=MessageKind.INSTRUCTION),),
        output=output,
        route="reply",
        settings=ModelSettings(output_tokens_max=10),
    )


def ticking() -> Callable[[], datetime]:
    """A clock that goes on by 100 ms with every look."""
    now = [datetime(2026, 11, 22, tzinfo=UTC)]

    def clock() -> datetime:
        now[0] += timedelta(milliseconds=100)
        return now[0]

    return clock


class Listening(ScriptedRuntime):
    """A scripted model that keeps what it was asked."""

    def __init__(self, *lines: Line, name: str = "scripted") -> None:
        super().__init__(lines, name=name)
        self.heard: list[tuple[Prompt, str]] = []

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        self.heard.append((prompt, key))
        return await super().reply(prompt, key=key, deadline_seconds=deadline_seconds)


async def ask(*models: ScriptedRuntime, output: type[BaseModel] | None = None) -> Reply:
    route = Route(name="reply", models=models)
    return await routing.reply(route, prompt(output), key="case:1", clock=ticking())


async def test_an_answer_that_was_too_long_is_asked_for_once_more_with_double_room() -> None:
    model = Listening(
        Line(reply="half of", finish=Finish.LENGTH, times_max=1), Line(reply="all of it")
    )

    answer = await ask(model)

    assert answer.text == "all of it"
    assert [heard.settings.output_tokens_max for heard, _ in model.heard] == [10, 20]


async def test_each_call_of_a_pass_has_a_key_of_its_own() -> None:
    model = Listening(Line(reply="[]", times_max=1), Line(reply='{"items": []}'))

    await ask(model, output=Basket)

    assert [key for _, key in model.heard] == ["case:1:0", "case:1:1"]


async def test_a_field_that_was_not_declared_is_invalid_however_deep() -> None:
    model = Listening(
        Line(reply='{"items": [{"name": "tea", "price": 1}]}', times_max=1),
        Line(reply='{"items": [{"name": "tea"}]}'),
    )

    answer = await ask(model, output=Basket)

    assert answer.value == Basket(items=[Item(name="tea")])
    assert "items.0.price: extra forbidden" in model.heard[1][0].messages[-1].text


@pytest.mark.parametrize("text", ['Sure! {"items": []}', '{"items": [', "", "null"])
async def test_prose_around_json_and_half_json_are_never_completed(text: str) -> None:
    with pytest.raises(OutputInvalidError, match="after one repair"):
        await ask(Listening(Line(reply=text)), output=Basket)


async def test_the_latency_is_that_of_the_answer_and_each_attempt_has_its_own() -> None:
    answer = await ask(
        Listening(Line(error="unavailable"), name="a"), Listening(Line(reply="hi"), name="b")
    )

    assert answer.latency_ms == 100
    told = [(attempt.model, attempt.outcome, attempt.latency_ms) for attempt in answer.attempts]
    assert told == [("a", "model.unavailable", 100), ("b", "answered", 100)]


async def test_an_error_carries_every_attempt() -> None:
    with pytest.raises(ModelUnavailableError) as none_left:
        await ask(
            Listening(Line(error="unavailable"), name="a"), Listening(Line(error="cut"), name="b"),
            Listening(Line(error="unavailable"), name="c"),
        )  # fmt: skip
    with pytest.raises(OutputInvalidError) as invalid:
        await ask(Listening(Line(reply="")))

    told = [
        [attempt.outcome for attempt in error.value.attempts] for error in (none_left, invalid)
    ]
    assert told == [
        ["model.unavailable", "model.reply_cut", "model.unavailable"],
        ["answered", "answered"],
    ]


def test_a_route_has_at_most_three_models() -> None:
    with pytest.raises(ValueError, match="needs one to 3 models"):
        Route(name="reply", models=tuple(Listening() for _ in range(4)))
    with pytest.raises(ValueError, match="needs one to 3 models"):
        Route(name="reply", models=())
