"""Models behind an OpenAI-compatible address, through Pydantic AI (extra `models`).

Only its direct requests are used, never its agent: the loop, the retries and the budget are ours.
Everything that can go wrong on the wire leaves here as one of our errors, with its cause kept.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from remit.errors import (
    ContextOverflowError,
    MissingExtraError,
    ModelRejectedError,
    ModelUnavailableError,
    ReplyCutError,
)
from remit.models import output
from remit.models.runtime import (
    REPLY_BYTES_MAX,
    Finish,
    ModelIdentity,
    Piece,
    Prompt,
    Reply,
    Role,
    ToolCall,
    Usage,
)

if TYPE_CHECKING:
    from openai import AsyncOpenAI
    from pydantic_ai.messages import ModelMessage, ModelRequestPart, ModelResponse
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.settings import ModelSettings

TOKENS_BELIEVED_MAX = 10_000_000  # a larger count is a fault of the server: not measured
TRANSIENT_STATUSES = frozenset({408, 429})
SERVER_FAULT_STATUS_MIN = 500
BEFORE_THE_ANSWER = frozenset({"pool", "connect", "write"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where a model is and how it is spoken to."""

    name: str  # as routes call it
    model: str  # pinned id
    base_url: str
    key: str
    provider: str = "openai"
    modern_output_limit: bool = False  # understands `max_completion_tokens`; older ones ignore it


class PydanticAIRuntime:
    """One model on one server; its client is made on the first call, on the caller's loop."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._client: AsyncOpenAI | None = None
        self._model: OpenAIChatModel | None = None

    @property
    def name(self) -> str:
        return self._server.name

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        """Ask once and return the whole answer; see `Runtime` for the errors."""
        model = self._connected()
        from pydantic_ai import direct

        with _our_errors(self.name):
            async with asyncio.timeout(deadline_seconds):
                response = await direct.model_request(
                    model,
                    _messages(prompt),
                    model_settings=_settings(prompt, key, deadline_seconds),
                    model_request_parameters=_parameters(prompt),
                    instrument=False,
                )
            return self._reply(response)

    async def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]:
        """Yield pieces for eyes and at last the whole reply.

        A stream that ends without its last chunk raises `ReplyCutError`, also when the server
        closed it politely.
        """
        model = self._connected()
        from pydantic_ai import direct
        from pydantic_ai.messages import PartDeltaEvent, PartStartEvent, TextPart, TextPartDelta

        with _our_errors(self.name):
            async with (
                asyncio.timeout(deadline_seconds),
                direct.model_request_stream(
                    model,
                    _messages(prompt),
                    model_settings=_settings(prompt, key, deadline_seconds),
                    model_request_parameters=_parameters(prompt),
                    instrument=False,
                ) as stream,
            ):
                async for event in stream:
                    match event:
                        case PartStartEvent(part=TextPart(content=text)) if text:
                            yield Piece(text=text)
                        case PartDeltaEvent(delta=TextPartDelta(content_delta=text)) if text:
                            yield Piece(text=text)
                        case _:
                            pass
            yield self._reply(stream.get())

    async def close(self) -> None:
        """Close the connections; the runtime can be used again."""
        if self._client is not None:
            await self._client.close()
        self._client = self._model = None

    def _connected(self) -> "OpenAIChatModel":
        if self._model is not None:
            return self._model
        try:
            from openai import AsyncOpenAI, DefaultAsyncHttpxClient
            from pydantic_ai.models.openai import OpenAIChatModel
            from pydantic_ai.profiles.openai import OpenAIModelProfile
            from pydantic_ai.providers.openai import OpenAIProvider
        except ImportError as error:
            raise MissingExtraError(
                "models on a server need the extra: install `remit[models]`"
            ) from error
        self._client = AsyncOpenAI(
            base_url=self._server.base_url,
            api_key=self._server.key or "none",
            max_retries=0,  # the retry table is the engine's
            http_client=DefaultAsyncHttpxClient(
                follow_redirects=False, trust_env=False, event_hooks={"response": [_bounded]}
            ),
        )
        self._model = OpenAIChatModel(
            self._server.model,
            provider=OpenAIProvider(openai_client=self._client),
            profile=OpenAIModelProfile(
                openai_chat_streaming_requires_finish_reason=True,
                openai_chat_supports_max_completion_tokens=self._server.modern_output_limit,
                supports_json_schema_output=True,
            ),
        )
        return self._model

    def _reply(self, response: "ModelResponse") -> Reply:
        finish = _finish(response)
        return Reply(
            text=response.text or "",
            model=ModelIdentity(
                asked=self._server.model,
                reported=response.model_name or "",
                provider=self._server.provider,
            ),
            finish=finish,
            tool_calls=tuple(_calls(response)) if finish is not Finish.REFUSED else (),
            usage=_usage(response),
        )


@contextlib.contextmanager
def _our_errors(name: str) -> Iterator[None]:
    """Turn whatever the wire and the libraries raise into our errors; no body enters a message."""
    from pydantic_ai import exceptions as theirs

    try:
        yield
    except (ReplyCutError, asyncio.CancelledError):
        raise
    except (TimeoutError, theirs.ModelTimeoutError, theirs.ModelRequestTimeout) as error:
        raise ModelUnavailableError(f"model `{name}` did not answer in time") from error
    except theirs.ModelContextWindowExceededError as error:
        raise ContextOverflowError(
            f"the prompt does not fit model `{name}`; shorten it"
        ) from error
    except theirs.ModelHTTPError as error:
        raise _status_error(name, error.status_code, error.retry_after) from error
    except theirs.ModelConnectionError as error:
        if error.phase not in BEFORE_THE_ANSWER:
            raise ReplyCutError(f"the answer of model `{name}` was cut") from error
        raise ModelUnavailableError(f"the server of model `{name}` cannot be reached") from error
    except theirs.ModelAPIError as error:
        status = getattr(error.__cause__, "status_code", None)
        if status is not None:
            raise _status_error(name, status, None) from error
        raise ReplyCutError(f"the answer of model `{name}` was cut") from error
    except Exception as error:  # an empty list is a bare IndexError, HTML an unexpected behaviour
        raise ReplyCutError(f"the answer of model `{name}` cannot be read") from error


def _status_error(
    name: str, status: int, retry_after_seconds: float | None
) -> ModelUnavailableError | ModelRejectedError:
    if status in TRANSIENT_STATUSES or status >= SERVER_FAULT_STATUS_MIN:
        unavailable = ModelUnavailableError(f"the server of model `{name}` answered {status}")
        unavailable.retry_after_seconds = retry_after_seconds
        return unavailable
    return ModelRejectedError(
        f"the server of model `{name}` answered {status}; check its address, key and model id"
    )


async def _bounded(response: Any) -> None:
    if int(response.headers.get("content-length", "0")) > REPLY_BYTES_MAX:
        raise ReplyCutError(f"the answer is longer than {REPLY_BYTES_MAX} bytes")


def _messages(prompt: Prompt) -> "list[ModelMessage]":
    from pydantic_ai.messages import (
        ModelRequest,
        ModelResponse,
        SystemPromptPart,
        TextPart,
        UserPromptPart,
    )

    messages: list[ModelMessage] = []
    parts: list[ModelRequestPart] = []
    for message in prompt.messages:
        match message.role:
            case Role.SYSTEM:
                parts.append(SystemPromptPart(message.text))
            case Role.USER:
                parts.append(UserPromptPart(message.text))
            case Role.ASSISTANT:
                messages.append(ModelRequest(parts=parts))
                messages.append(ModelResponse(parts=[TextPart(message.text)]))
                parts = []
    return [*messages, ModelRequest(parts=parts)]


def _settings(prompt: Prompt, key: str, deadline_seconds: float) -> "ModelSettings":
    from pydantic_ai.settings import ModelSettings

    settings = ModelSettings(
        max_tokens=prompt.settings.output_tokens_max,
        timeout=deadline_seconds,
        extra_headers={"Idempotency-Key": key},
    )
    if prompt.settings.temperature is not None:
        settings["temperature"] = prompt.settings.temperature
    return settings


def _parameters(prompt: Prompt) -> "ModelRequestParameters":
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.output import OutputObjectDefinition
    from pydantic_ai.tools import ToolDefinition

    tools = [
        ToolDefinition(
            name=tool.name,
            description=tool.description,
            parameters_json_schema=output.shown(tool.arguments),
        )
        for tool in prompt.tools
    ]
    if prompt.output is None:
        return ModelRequestParameters(function_tools=tools)
    shape = OutputObjectDefinition(json_schema=output.schema(prompt.output), name="answer")
    return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=shape)


def _finish(response: "ModelResponse") -> Finish:
    match response.finish_reason:
        case "stop":
            return Finish.STOP
        case "length":
            return Finish.LENGTH
        case "tool_call":
            return Finish.TOOL_CALL
        case "content_filter":
            return Finish.REFUSED
        case _:
            return Finish.CUT


def _calls(response: "ModelResponse") -> Iterator[ToolCall]:
    from pydantic_ai.messages import ToolCallPart

    for part in response.parts:
        if isinstance(part, ToolCallPart):
            try:
                arguments: Mapping[str, Any] = part.args_as_dict(raise_if_invalid=True)
            except (ValueError, AssertionError):
                arguments = {"": None}  # off every schema: the route repairs it once
            yield ToolCall(name=part.tool_name, arguments=arguments)


def _usage(response: "ModelResponse") -> Usage | None:
    """Return the tokens counted; missing, negative and absurd counts are unknown, not free."""
    usage = response.usage
    counts = (usage.input_tokens, usage.output_tokens)
    if usage.unmeasured_requests or not any(counts):
        return None
    if any(count < 0 or count > TOKENS_BELIEVED_MAX for count in counts):
        return None
    return Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
