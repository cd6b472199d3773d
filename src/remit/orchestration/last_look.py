"""The last look at a model's request: whatever still holds a value is masked as it leaves.

Slots were masked when they were filled and owners write no values into prompts, so a find here is
somebody's mistake; it is counted as a late find. What a model made up itself, and is told again
when its answer has to be repaired, is masked here too and is nobody's.
"""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from pydantic import BaseModel

from remit.errors import PromptInvalidError
from remit.intake import tokens
from remit.intake.detect import find
from remit.intake.mask import Masker
from remit.models import output
from remit.models.routing import Route
from remit.models.runtime import (
    Choices,
    Message,
    MessageKind,
    Piece,
    Prompt,
    Reply,
    Role,
    Runtime,
)

SHAPES_MAX = 256
NOTE = (
    "A word such as `{}` stands for a value that you are not shown. Where you need one, copy it "
    "letter by letter; never make one up."
)


def look(prompt: Prompt, masker: Masker) -> tuple[Prompt, int]:
    """Return the request with every value in it masked, and in how many of its texts some stood.

    Raises `PromptInvalidError` where the declared shape of the answer or of a tool holds a value:
    a model is shown it as it is.
    """
    for shape in (prompt.output, *(tool.arguments for tool in prompt.tools)):
        if shape is not None and not _clear(shape):
            raise PromptInvalidError(
                f"a name, a default or a description in the declared output or tools of prompt "
                f"`{prompt.name}` reads as a private value; say it without one"
            )
    finds = 0

    def masked(text: str) -> str:
        nonlocal finds
        seen = masker.mask_text(text, trusted_tokens=True).text
        finds += seen != text
        return seen

    messages = tuple(_message(one, masked(one.text)) for one in prompt.messages)
    tools = tuple(replace(one, description=masked(one.description)) for one in prompt.tools)
    if not finds:
        return prompt, 0
    found = finds
    slots = {name: masked(text) for name, text in prompt.slots.items()}
    return replace(prompt, messages=messages, tools=tools, slots=slots), found


def noted(prompt: Prompt, *, known: frozenset[str]) -> Prompt:
    """Return the request with a note of what tokens are, where there are any in it."""
    first = next(_tokens_of(prompt, known), None)
    if first is None:
        return prompt
    kinds = [one.kind for one in prompt.messages]
    place = kinds.index(MessageKind.INSTRUCTION) if MessageKind.INSTRUCTION in kinds else 0
    messages = [*prompt.messages]
    messages[place] = _message(messages[place], f"{messages[place].text}\n\n{NOTE.format(first)}")
    return replace(prompt, messages=tuple(messages))


def asked_again(prompt: Prompt, answer: Reply, *, known: frozenset[str]) -> Prompt:
    """Return the request after an answer with a token that stands for nothing: one turn more."""
    own = dict.fromkeys(_tokens_of(prompt, known))
    said = Message(role=Role.ASSISTANT, text=answer.text, kind=MessageKind.DATA)
    asked = Message(
        role=Role.USER,
        text="This answer cannot be used: it carries a token that stands for nothing here. "
        + (f"Use these, letter by letter, or none: {', '.join(own)}." if own else "Use none."),
        kind=MessageKind.INSTRUCTION,
    )
    return replace(prompt, messages=(*prompt.messages, said, asked))


def looked_at(route: Route, masker: Masker) -> Route:
    """Return a route whose every request is looked at as it leaves."""
    return replace(route, models=tuple(LookedAt(model, masker) for model in route.models))


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A model that is sent nothing unmasked, whoever put the request together."""

    model: Runtime
    masker: Masker

    @property
    def name(self) -> str:
        return self.model.name

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        return await self.model.reply(
            look(prompt, self.masker)[0], key=key, deadline_seconds=deadline_seconds
        )

    def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]:
        return self.model.stream(
            look(prompt, self.masker)[0], key=key, deadline_seconds=deadline_seconds
        )


def _tokens_of(prompt: Prompt, known: frozenset[str]) -> Iterator[str]:
    for message in prompt.messages:
        yield from (one.token for one in tokens.reads(message.text) if one.token in known)


def _message(message: Message, text: str) -> Message:
    return message if text == message.text else replace(message, text=text)


@lru_cache(maxsize=SHAPES_MAX)
def _clear(shape: type[BaseModel] | Choices) -> bool:
    """Tell whether a shape, which is code and the same in every case, holds no value."""
    return not find(json.dumps(output.schema(shape), ensure_ascii=False))
