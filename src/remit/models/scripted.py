"""A model that answers from a script: for tests, for examples and for a first run without a key.

A script is an ordered list of lines; the first that fits answers. A line fits when the prompt's
name fits its glob and its pattern, if any, is found in one of the prompt's slots. A reply may
quote what the pattern's named groups found, `{order}`, and what the prompt was given,
`{slot:order}` or, where a slot holds JSON, a field of it, `{slot:order.total}`.
"""

import asyncio
import difflib
import fnmatch
import json
import re
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, assert_never, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remit.domain.value import Json
from remit.errors import (
    ContextOverflowError,
    ModelRefusedError,
    ModelRejectedError,
    ModelUnavailableError,
    RemitError,
    ReplyCutError,
    SettingsError,
)
from remit.models.runtime import (
    Finish,
    ModelIdentity,
    Piece,
    Prompt,
    Reply,
    ToolCall,
)

LINES_MAX = 1_000
PIECE_LETTERS = 16

_MARK = re.compile(r"\{(?:slot:(?P<slot>[a-z][a-z0-9_.]*)|(?P<group>[a-z][a-z0-9_]*))\}")

Sleep = Callable[[float], Awaitable[None]]
Fault = Literal["unavailable", "cut", "refused", "rejected", "overflow"]


class Line(BaseModel):
    """One line of a script; exactly one of reply, value, tool and error."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = "*"  # glob on the prompt's name
    pattern: str | None = None  # searched in each slot
    reply: str | None = None
    value: dict[str, Any] | None = None  # sent as JSON
    tool: str | None = None
    arguments: dict[str, Any] = Field(default_factory=dict)
    error: Fault | None = None
    finish: Finish = Finish.STOP
    delay_seconds: float = Field(default=0, ge=0, le=600)
    times_max: int | None = Field(default=None, ge=1)  # answers so often, then the next line fits


class ScriptedRuntime:
    """Answers from ordered lines and remembers which of them were used."""

    def __init__(
        self,
        lines: Sequence[Line],
        *,
        name: str = "scripted",
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._lines = tuple(lines)
        self._patterns = tuple(re.compile(line.pattern or "", re.IGNORECASE) for line in lines)
        self._used = [0] * len(self._lines)
        self._name = name
        self._sleep = sleep

    @property
    def name(self) -> str:
        return self._name

    @property
    def unused(self) -> tuple[int, ...]:
        """The numbers, from 1, of lines that never answered."""
        return tuple(number for number, times in enumerate(self._used, start=1) if not times)

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        """Answer by the first line that fits; else `ModelRejectedError` names the nearest."""
        del key
        index, match = self._fitting(prompt)
        line = self._lines[index]
        self._used[index] += 1
        if line.delay_seconds:
            await self._sleep(min(line.delay_seconds, deadline_seconds))
        if line.delay_seconds > deadline_seconds:
            raise ModelUnavailableError(
                f"line {index + 1} of the script is slower than the deadline"
            )
        if line.error is not None:
            raise _error(line.error, f"line {index + 1} of the script says `{line.error}`")
        groups = match.groupdict(default="") if match else {}
        return self._said(line, prompt, groups)

    async def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]:
        """Hand out the reply in small pieces, and then whole."""
        answer = await self.reply(prompt, key=key, deadline_seconds=deadline_seconds)
        for start in range(0, len(answer.text), PIECE_LETTERS):
            yield Piece(text=answer.text[start : start + PIECE_LETTERS])
        yield answer

    def _fitting(self, prompt: Prompt) -> tuple[int, re.Match[str] | None]:
        for index, line in enumerate(self._lines):
            if line.times_max is not None and self._used[index] >= line.times_max:
                continue
            if not fnmatch.fnmatchcase(prompt.name, line.prompt):
                continue
            if line.pattern is None:
                return index, None
            for text in prompt.slots.values():
                if match := self._patterns[index].search(text):
                    return index, match
        raise ModelRejectedError(
            f"no line of the script fits prompt `{prompt.name}`; {self._nearest(prompt)}"
        )

    def _nearest(self, prompt: Prompt) -> str:
        """Name the line that came closest: one for this prompt, else one of a similar name."""
        if not self._lines:
            return "the script is empty"
        index = max(range(len(self._lines)), key=lambda number: self._nearness(number, prompt))
        line = self._lines[index]
        why = "was used up" if line.times_max is not None else "is for another prompt"
        if fnmatch.fnmatchcase(prompt.name, line.prompt) and line.times_max is None:
            why = "looks for a pattern that is not in the prompt's slots"
        return f"the nearest is line {index + 1}, for `{line.prompt}`, which {why}"

    def _nearness(self, index: int, prompt: Prompt) -> float:
        glob = self._lines[index].prompt
        if fnmatch.fnmatchcase(prompt.name, glob):
            return 2.0
        return difflib.SequenceMatcher(None, glob, prompt.name).ratio()

    def _said(self, line: Line, prompt: Prompt, groups: Mapping[str, str]) -> Reply:
        identity = ModelIdentity(asked=self._name, reported=self._name, provider="scripted")
        if line.tool is not None:
            arguments = _substituted(line.arguments, prompt.slots, groups)
            call = ToolCall(name=line.tool, arguments=arguments)  # type: ignore[arg-type]  # a record
            return Reply(text="", model=identity, finish=Finish.TOOL_CALL, tool_calls=(call,))
        if line.value is not None:
            text = json.dumps(_substituted(line.value, prompt.slots, groups), ensure_ascii=False)
        else:
            text = _filled(line.reply or "", prompt.slots, groups)
        return Reply(text=text, model=identity, finish=line.finish)


def load(path: Path, *, name: str = "scripted", sleep: Sleep = asyncio.sleep) -> ScriptedRuntime:
    """Read a script, `[[line]]` tables of TOML; `SettingsError` names the line that is wrong."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"the script `{path}` cannot be read: {error}") from error
    tables = content.get("line", [])
    if set(content) - {"line"} or not isinstance(tables, list) or len(tables) > LINES_MAX:
        raise SettingsError(
            f"the script `{path}` must hold up to {LINES_MAX} `[[line]]` tables only"
        )
    return ScriptedRuntime(
        [
            _line(table, f"line {number} of the script `{path}`")
            for number, table in enumerate(tables, 1)
        ],
        name=name,
        sleep=sleep,
    )


def _line(table: object, where: str) -> Line:
    try:
        line = Line.model_validate(table)
        groups = re.compile(line.pattern or "").groupindex
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{where}, `{path}`: {first['type'].replace('_', ' ')}") from error
    except re.error as error:
        raise SettingsError(f"{where}: `pattern` is not a regular expression: {error}") from error
    answers = [
        part for part in (line.reply, line.value, line.tool, line.error) if part is not None
    ]
    if len(answers) != 1:
        raise SettingsError(f"{where} needs exactly one of `reply`, `value`, `tool` and `error`")
    written = json.dumps([line.reply, line.value, line.arguments])
    for match in _MARK.finditer(written):
        if (
            match["group"]
            and line.value is None
            and line.tool is None
            and match["group"] not in groups
        ):
            raise SettingsError(f"{where} quotes `{match[0]}`, which its pattern has no group for")
    return line


def _substituted(value: object, slots: Mapping[str, str], groups: Mapping[str, str]) -> Json:
    match value:
        case dict():
            return {str(key): _substituted(item, slots, groups) for key, item in value.items()}
        case list():
            return [_substituted(item, slots, groups) for item in value]
        case str():
            return _filled(value, slots, groups)
        case _:
            return cast("Json", value)  # TOML knows nothing else that passed the check


def _filled(text: str, slots: Mapping[str, str], groups: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        if match["slot"]:
            return _slot(match["slot"], slots)
        return groups.get(match["group"], match[0])

    return _MARK.sub(replacement, text)


def _slot(path: str, slots: Mapping[str, str]) -> str:
    """Return a slot's text, or a field of it where it holds JSON."""
    slot, *fields = path.split(".")
    if slot not in slots:
        raise ModelRejectedError(
            f"the script quotes slot `{slot}`, which the prompt does not have"
        )
    if not fields:
        return slots[slot]
    try:
        found = json.loads(slots[slot])
        for field in fields:
            found = found[int(field)] if isinstance(found, list) else found[field]
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise ModelRejectedError(
            f"the script quotes `{path}`, which the prompt's slot lacks"
        ) from error
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def _error(fault: Fault, message: str) -> RemitError:
    match fault:
        case "unavailable":
            return ModelUnavailableError(message)
        case "cut":
            return ReplyCutError(message)
        case "refused":
            return ModelRefusedError(message)
        case "rejected":
            return ModelRejectedError(message)
        case "overflow":
            return ContextOverflowError(message)
        case _:
            assert_never(fault)
