"""What every model runtime does, and what each fault of a server becomes."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime

import pytest
from pydantic import BaseModel

from remit.errors import (
    ContextOverflowError,
    MissingExtraError,
    ModelRefusedError,
    ModelRejectedError,
    ModelUnavailableError,
    OutputInvalidError,
    RemitError,
    ReplyCutError,
)
from remit.models import routing
from remit.models.pydantic_ai import PydanticAIRuntime, Server
from remit.models.routing import Route
from remit.models.runtime import (
    Choices,
    Finish,
    Message,
    MessageKind,
    ModelSettings,
    Piece,
    Prompt,
    Reply,
    Role,
    Runtime,
    ToolSignature,
    Usage,
)
from remit.models.scripted import Line, ScriptedRuntime
from tests.loopback import models as loopback

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, tzinfo=UTC)


class GetOrder(BaseModel):
    order_id: str


TOOL = ToolSignature(name="get_order", description="read an order", arguments=GetOrder)


class Draft(BaseModel):
    reply: str
    refund: bool


@pytest.fixture(scope="module")
def server() -> Iterator[loopback.LoopbackModels]:
    with loopback.serving() as running:
        yield running


PATIENCE_SECONDS = 60.0  # where it is not what a test is about, on however busy a machine
Make = Callable[[str], Runtime]


@pytest.fixture
async def over_the_wire(server: loopback.LoopbackModels) -> AsyncIterator[Make]:
    server.log.clear()
    server.says.clear()
    made: list[PydanticAIRuntime] = []

    def make(fault: str) -> Runtime:
        runtime = PydanticAIRuntime(
            Server(name=fault, model=fault, base_url=server.url, key="loopback-key")
        )
        made.append(runtime)
        return runtime

    yield make
    for runtime in made:
        await runtime.close()


async def _never_waits(seconds: float) -> None:
    del seconds


def from_a_script(fault: str) -> Runtime:
    lines: dict[str, Line] = {
        "good": Line(reply="hello"),
        "503": Line(error="unavailable"),
        "slow": Line(reply="too late", delay_seconds=30),
        "cut-body": Line(error="cut"),
        "401": Line(error="rejected"),
        "overflow": Line(error="overflow"),
        "filtered": Line(reply="", finish=Finish.REFUSED),
        "length": Line(reply="this goes on and", finish=Finish.LENGTH),
        "good-tool": Line(tool="get_order", arguments={"order_id": "A-1"}),
        "unknown-tool": Line(tool="launch_rocket"),
    }
    return ScriptedRuntime([lines[fault]], name=fault, sleep=_never_waits)


@pytest.fixture(params=["scripted", "pydantic_ai"])
def make(request: pytest.FixtureRequest, over_the_wire: Make) -> Make:
    return from_a_script if request.param == "scripted" else over_the_wire


def prompt(
    output: type[BaseModel] | Choices | None = None, tools: tuple[ToolSignature, ...] = ()
) -> Prompt:
    return Prompt(
        name="greet",
        digest="d",
        messages=(
            Message(role=Role.SYSTEM, text="Greet.", kind=MessageKind.INSTRUCTION),
            Message(role=Role.USER, text="Anna", kind=MessageKind.DATA),
        ),
        output=output,
        tools=tools,
        route="reply",
        settings=ModelSettings(output_tokens_max=64),
    )


def patience(fault: str) -> float:
    """Return how long to wait: not long for an answer that is to come too late."""
    return 1.0 if fault == "slow" else PATIENCE_SECONDS


async def ask(
    *models: Runtime, of: Prompt | None = None, timeout_seconds: float = PATIENCE_SECONDS
) -> Reply:
    route = Route(name="reply", models=models, timeout_seconds=timeout_seconds)
    return await routing.reply(route, of or prompt(), key="case-1:2", clock=lambda: NOW)


# -- every runtime ------------------------------------------------------------------------------


async def test_a_reply_names_its_text_its_model_and_how_it_ended(make: Make) -> None:
    answer = await make("good").reply(prompt(), key="k", deadline_seconds=PATIENCE_SECONDS)

    assert (answer.text, answer.finish, answer.model.asked) == ("hello", Finish.STOP, "good")
    assert answer.confidence is None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("503", ModelUnavailableError),
        ("slow", ModelUnavailableError),
        ("cut-body", ReplyCutError),
        ("401", ModelRejectedError),
        ("overflow", ContextOverflowError),
    ],
)
async def test_a_fault_becomes_its_error(make: Make, fault: str, error: type[RemitError]) -> None:
    with pytest.raises(error):
        await make(fault).reply(prompt(), key="k", deadline_seconds=patience(fault))


@pytest.mark.parametrize("fault", ["503", "slow", "cut-body"])
async def test_the_next_model_answers_after_a_fault_of_the_server(make: Make, fault: str) -> None:
    answer = await ask(make(fault), make("good"), timeout_seconds=patience(fault))

    assert answer.text == "hello"
    assert [attempt.model for attempt in answer.attempts] == [fault, "good"]
    assert answer.attempts[0].outcome in {"model.unavailable", "model.reply_cut"}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("401", ModelRejectedError),
        ("overflow", ContextOverflowError),
        ("filtered", ModelRefusedError),
    ],
)
async def test_no_other_model_is_asked_after_a_refusal(
    make: Make, fault: str, error: type[RemitError]
) -> None:
    with pytest.raises(error):
        await ask(make(fault), make("good"))


async def test_a_suggested_tool_call_is_handed_back_and_not_performed(make: Make) -> None:
    answer = await ask(make("good-tool"), of=prompt(tools=(TOOL,)))

    assert [(call.name, dict(call.arguments)) for call in answer.tool_calls] == [
        ("get_order", {"order_id": "A-1"})
    ]


async def test_an_unknown_tool_is_repaired_once_and_then_invalid(make: Make) -> None:
    with pytest.raises(OutputInvalidError, match="get_order"):
        await ask(make("unknown-tool"), make("good"), of=prompt(tools=(TOOL,)))


async def test_an_answer_that_is_too_long_twice_is_invalid(make: Make) -> None:
    with pytest.raises(OutputInvalidError, match="output_tokens_max"):
        await ask(make("length"))


async def test_a_stream_ends_with_the_whole_reply(make: Make) -> None:
    stream = make("good").stream(prompt(), key="k", deadline_seconds=PATIENCE_SECONDS)

    pieces = [piece async for piece in stream]

    last = pieces[-1]
    assert isinstance(last, Reply)
    assert "".join(piece.text for piece in pieces[:-1] if isinstance(piece, Piece)) == last.text
    assert last.finish is Finish.STOP


# -- what only a wire can do --------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["429", "429-wait", "500", "529"])
async def test_an_overloaded_server_is_unavailable_and_asked_once(
    server: loopback.LoopbackModels, over_the_wire: Make, fault: str
) -> None:
    with pytest.raises(ModelUnavailableError) as raised:
        await ask(over_the_wire(fault))

    assert raised.value.retry_after_seconds == (7.0 if fault == "429-wait" else None)
    assert server.asked() == [fault]


async def test_a_wait_that_a_server_asked_for_survives(
    over_the_wire: Make,
) -> None:
    with pytest.raises(ModelUnavailableError) as raised:
        await ask(over_the_wire("429-wait"), over_the_wire("500"))

    assert raised.value.retry_after_seconds == 7.0


@pytest.mark.parametrize("fault", ["400", "403", "404", "422", "redirect"])
async def test_a_rejected_request_goes_nowhere_else(
    server: loopback.LoopbackModels, over_the_wire: Make, fault: str
) -> None:
    with pytest.raises(ModelRejectedError, match="check its address, key and model id"):
        await ask(over_the_wire(fault), over_the_wire("good"))

    assert server.asked() == [fault]


@pytest.mark.parametrize("fault", ["html", "empty-choices", "half-json", "huge"])
async def test_an_unreadable_answer_is_cut_and_nothing_is_parsed_from_it(
    over_the_wire: Make, fault: str
) -> None:
    with pytest.raises(ReplyCutError):
        await ask(over_the_wire(fault))


@pytest.mark.parametrize("fault", ["cut-stream", "torn-stream"])
async def test_a_stream_without_its_last_chunk_is_cut(over_the_wire: Make, fault: str) -> None:
    stream = over_the_wire(fault).stream(prompt(), key="k", deadline_seconds=PATIENCE_SECONDS)

    with pytest.raises(ReplyCutError):
        [piece async for piece in stream]


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    gone = PydanticAIRuntime(
        Server(name="gone", model="m", base_url="http://127.0.0.1:9/v1", key="")
    )

    with pytest.raises(ModelUnavailableError, match="cannot be reached"):
        await ask(gone)
    await gone.close()


@pytest.mark.parametrize("fault", ["no-usage", "absurd-usage"])
async def test_usage_that_is_missing_or_absurd_is_unknown(over_the_wire: Make, fault: str) -> None:
    assert (await ask(over_the_wire(fault))).usage is None


async def test_usage_is_what_the_server_counted(over_the_wire: Make) -> None:
    answer = await ask(over_the_wire("good"))

    assert answer.usage == Usage(input_tokens=11, output_tokens=7)


async def test_another_reported_model_is_told(over_the_wire: Make) -> None:
    answer = await ask(over_the_wire("another-id"))

    assert (answer.model.asked, answer.model.reported) == ("another-id", "somebody-else")


async def test_malformed_output_is_repaired_once(
    server: loopback.LoopbackModels, over_the_wire: Make
) -> None:
    server.says = ['{"reply": "hi"', '```json\n{"reply": "hi", "refund": false}\n```']

    answer = await ask(over_the_wire("says"), of=prompt(Draft))

    assert answer.value == Draft(reply="hi", refund=False)
    assert len(answer.attempts) == 2
    assert "This answer cannot be used" in server.log[1]["messages"][-1]["content"]


async def test_malformed_output_twice_is_invalid_and_quotes_no_value(
    server: loopback.LoopbackModels, over_the_wire: Make
) -> None:
    server.says = ['{"reply": "secret"}', '{"reply": "secret", "refund": "secret", "x": 1}']

    with pytest.raises(OutputInvalidError) as raised:
        await ask(over_the_wire("says"), over_the_wire("good"), of=prompt(Draft))

    assert "refund" in str(raised.value)
    assert "secret" not in str(raised.value)
    assert server.asked() == ["says", "says"]


@pytest.mark.parametrize("text", ["refund", '{"choice": "refund"}', "```\nrefund\n```"])
async def test_a_choice_is_one_of_the_names(
    server: loopback.LoopbackModels, over_the_wire: Make, text: str
) -> None:
    server.says = [text]

    answer = await ask(over_the_wire("says"), of=prompt(Choices(names=("refund", "other"))))

    assert answer.value == "refund"


async def test_arguments_that_are_not_json_are_invalid(over_the_wire: Make) -> None:
    with pytest.raises(OutputInvalidError):
        await ask(over_the_wire("torn-tool"), of=prompt(tools=(TOOL,)))


async def test_an_empty_answer_is_invalid(over_the_wire: Make) -> None:
    with pytest.raises(OutputInvalidError, match="empty"):
        await ask(over_the_wire("empty-text"))


async def test_the_request_carries_limit_key_and_schema(
    server: loopback.LoopbackModels, over_the_wire: Make
) -> None:
    server.says = ['{"reply": "hi", "refund": true}']

    await ask(over_the_wire("says"), of=prompt(Draft))

    sent = server.log[0]
    assert sent["max_tokens"] == 64
    assert sent["headers"]["idempotency-key"] == "case-1:2:0"
    assert sent["response_format"]["json_schema"]["schema"]["additionalProperties"] is False


async def test_the_key_stands_in_no_error_and_no_log(
    over_the_wire: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(ModelRejectedError) as raised:
        await ask(over_the_wire("401"))

    assert "loopback-key" not in str(raised.value) + str(raised.value.__cause__)
    assert "loopback-key" not in caplog.text


async def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    runtime = PydanticAIRuntime(Server(name="m", model="m", base_url="http://127.0.0.1:9", key=""))

    with pytest.raises(MissingExtraError, match=r"install `remit\[models\]`"):
        await runtime.reply(prompt(), key="k", deadline_seconds=1)


async def test_one_connection_pool_serves_many_calls_at_once(
    server: loopback.LoopbackModels, over_the_wire: Make
) -> None:
    model = over_the_wire("good")

    answers = await asyncio.gather(*(ask(model) for _ in range(30)))

    assert {answer.text for answer in answers} == {"hello"}
    assert len(server.log) == 30
