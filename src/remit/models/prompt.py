"""Prompts are versioned files: TOML front matter, and a text with `{slot}` marks and no logic.

Data never stands inside instructions. A data slot's mark becomes a reference, and the data follows
in a message of its own, fenced by a digest of itself, so that it cannot close its own fence.
"""

import hashlib
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remit.domain import value
from remit.errors import PromptInvalidError
from remit.models.runtime import (
    Choices,
    Message,
    MessageKind,
    ModelSettings,
    Prompt,
    Role,
    ToolSignature,
)

FILE_BYTES_MAX = 64 * 1024
FILES_MAX = 500

_FENCE = re.compile(r"\A\+\+\+\n(?P<front>.*?)^\+\+\+\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_MARK = re.compile(r"\{\{|\}\}|\{(?P<slot>[a-z][a-z0-9_]*)\}")

Output = type[BaseModel] | Choices | None


class _Front(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    owner: str = Field(min_length=1)
    route: str = Field(min_length=1)
    output_tokens_max: int = Field(gt=0, le=1_000_000)
    temperature: float | None = Field(default=None, ge=0, le=2)
    slots: dict[str, Literal["instruction", "data"]] = {}
    examples: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptArtefact:
    """A prompt file that was found usable."""

    name: str
    owner: str
    route: str
    settings: ModelSettings
    slots: Mapping[str, MessageKind]
    examples: tuple[Mapping[str, str], ...]
    body: str
    file: str
    digest: str  # SHA-256 of the file

    def render(
        self,
        slots: Mapping[str, str],
        *,
        output: Output = None,
        tools: tuple[ToolSignature, ...] = (),
    ) -> Prompt:
        """Fill the marks with masked texts; `PromptInvalidError` names a wrong slot."""
        for slot in sorted(self.slots.keys() - slots.keys()):
            raise PromptInvalidError(f"prompt `{self.file}` needs a text for slot `{slot}`")
        for slot in sorted(slots.keys() - self.slots.keys()):
            raise PromptInvalidError(
                f"prompt `{self.file}` declares no slot `{slot}`; add it to `slots`"
            )
        data = tuple(
            Message(role=Role.USER, text=_fenced(slot, slots[slot]), kind=MessageKind.DATA)
            for slot, kind in self.slots.items()
            if kind is MessageKind.DATA
        )
        instruction = Message(
            role=Role.SYSTEM if data else Role.USER,
            text=_filled(self.body, self.slots, slots),
            kind=MessageKind.INSTRUCTION,
        )
        return Prompt(
            name=self.name,
            digest=value.digest(
                [self.digest, schema_digest(output), [tool.name for tool in tools]]
            ),
            messages=(instruction, *data),
            output=output,
            tools=tools,
            route=self.route,
            settings=self.settings,
            slots=MappingProxyType(dict(slots)),
        )


def load(folder: Path) -> Mapping[str, PromptArtefact]:
    """Read every `*.md` of a folder by its stem and render its examples.

    Raises `PromptInvalidError` naming the file, and the slot where there is one.
    """
    if not folder.is_dir():
        raise PromptInvalidError(f"there is no folder `{folder}`; make it or change `prompts`")
    files = sorted(folder.glob("*.md"))
    if len(files) > FILES_MAX:
        raise PromptInvalidError(
            f"`{folder}` holds more than {FILES_MAX} prompts; split the workflow"
        )
    return MappingProxyType({file.stem: read(file) for file in files})


def read(file: Path) -> PromptArtefact:
    """Read one prompt file; see `load`."""
    content = _bytes(file)
    match = _FENCE.match(_decoded(content, file))
    if match is None:
        raise PromptInvalidError(
            f"prompt `{file}` does not begin with settings between two `+++` lines"
        )
    front = _front(match["front"], file)
    artefact = PromptArtefact(
        name=file.stem,
        owner=front.owner,
        route=front.route,
        settings=ModelSettings(
            output_tokens_max=front.output_tokens_max, temperature=front.temperature
        ),
        slots={slot: MessageKind(kind) for slot, kind in front.slots.items()},
        examples=front.examples,
        body=match["body"].strip(),
        file=str(file),
        digest=hashlib.sha256(content).hexdigest(),
    )
    _check_marks(artefact)
    for example in artefact.examples:
        artefact.render(example)
    return artefact


def schema_digest(output: Output) -> str | None:
    """Return the digest of the declared output's schema, or None for free text."""
    match output:
        case None:
            return None
        case Choices():
            return value.digest(["choices", list(output.names)])
        case _:
            return value.digest(_without_floats(output.model_json_schema()))


def _check_marks(artefact: PromptArtefact) -> None:
    marked = {match["slot"] for match in _MARK.finditer(artefact.body) if match["slot"]}
    for slot in sorted(marked - artefact.slots.keys()):
        raise PromptInvalidError(
            f"prompt `{artefact.file}` uses `{{{slot}}}`, which `slots` does not declare"
        )
    for slot in sorted(artefact.slots.keys() - marked):
        raise PromptInvalidError(
            f"prompt `{artefact.file}` declares slot `{slot}` but its text never uses `{{{slot}}}`"
        )


def _filled(body: str, kinds: Mapping[str, MessageKind], slots: Mapping[str, str]) -> str:
    def replacement(match: re.Match[str]) -> str:
        slot = match["slot"]
        if slot is None:
            return match[0][0]
        return slots[slot] if kinds[slot] is MessageKind.INSTRUCTION else f"[data: {slot}]"

    return _MARK.sub(replacement, body)


def _fenced(slot: str, text: str) -> str:
    mark = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"<data {slot} {mark}>\n{text}\n</data {slot} {mark}>"


def _front(front: str, file: Path) -> _Front:
    try:
        return _Front.model_validate(tomllib.loads(front))
    except tomllib.TOMLDecodeError as error:
        raise PromptInvalidError(
            f"the settings of prompt `{file}` are not TOML: {error}"
        ) from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        raise PromptInvalidError(
            f"prompt `{file}`, setting `{path}`: {_lower(first['msg'])}"
        ) from error


def _bytes(file: Path) -> bytes:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise PromptInvalidError(f"prompt `{file}` cannot be read: {error.strerror}") from error
    if len(content) > FILE_BYTES_MAX:
        raise PromptInvalidError(
            f"prompt `{file}` is longer than {FILE_BYTES_MAX} bytes; shorten it"
        )
    return content


def _decoded(content: bytes, file: Path) -> str:
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise PromptInvalidError(f"prompt `{file}` is not UTF-8; save it as UTF-8") from error


def _without_floats(schema: object) -> value.Json:
    match schema:
        case dict():
            return {str(key): _without_floats(item) for key, item in schema.items()}
        case float():
            return repr(schema)
        case None | bool() | int() | str():
            return schema
        case Iterable():
            return [_without_floats(item) for item in schema]
        case _:
            return str(schema)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
