"""Knowledge documents: files with an owner and a time in which they hold, split into sections."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from remit.errors import DocumentInvalidError

FILE_BYTES_MAX = 5 * 1024 * 1024
FILES_MAX = 20_000
SECTION_WORDS_MAX = 160
FORMAT = 1  # of splitting and analysing: raised when the same files give another index

_FRONT = re.compile(r"\A\+\+\+\n(?P<front>.*?)^\+\+\+\n(?P<body>.*)\Z", re.DOTALL | re.MULTILINE)
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<heading>.+?)[ \t#]*$", re.MULTILINE)
_BLANK = re.compile(r"\n\s*\n")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)  # hidden text is not knowledge
_LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\([^)]*\)")
_EMPHASIS = re.compile(r"(?<!\w)([*_`]{1,3})(?=\S)(?P<text>.+?)(?<=\S)\1(?!\w)")


class _Front(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=100)
    title: str = Field(min_length=1, max_length=300)
    owner: str = Field(min_length=1)
    collection: str = Field(min_length=1, max_length=100)
    valid_from: date
    valid_until: date | None = None  # the last day on which it holds
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of a document that is found and cited as one."""

    heading: str  # empty before the first heading
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A released document."""

    id: str
    title: str
    owner: str
    collection: str
    valid_from: date
    valid_until: date | None
    language: str
    version: str  # SHA-256 of the file
    sections: tuple[Section, ...]


def load(folder: Path) -> tuple[Document, ...]:
    """Read every `*.md` and `*.txt` below a folder, ordered by id.

    Raises `DocumentInvalidError` naming file and reason: all are usable or none is released.
    """
    if not folder.is_dir():
        raise DocumentInvalidError(f"there is no folder `{folder}`; make it or change `knowledge`")
    files = sorted(file for file in folder.rglob("*") if file.suffix in {".md", ".txt"})
    if len(files) > FILES_MAX:
        raise DocumentInvalidError(f"`{folder}` holds more than {FILES_MAX} documents; split it")
    documents: dict[str, tuple[Document, Path]] = {}
    for file in files:
        document = read(file)
        if document.id in documents:
            other = documents[document.id][1]
            raise DocumentInvalidError(f"`{file}` and `{other}` have the same id `{document.id}`")
        documents[document.id] = (document, file)
    return tuple(documents[key][0] for key in sorted(documents))


def digest(documents: tuple[Document, ...]) -> str:
    """Return what an index of exactly these documents is known by; part of every grant."""
    lines = [f"format {FORMAT}", *(f"{document.id} {document.version}" for document in documents)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def read(file: Path) -> Document:
    """Read one document; see `load`."""
    content = _bytes(file)
    match = _FRONT.match(_decoded(content, file))
    if match is None:
        raise DocumentInvalidError(f"`{file}` does not begin with settings between `+++` lines")
    front = _front(match["front"], file)
    if front.valid_until is not None and front.valid_until < front.valid_from:
        raise DocumentInvalidError(f"`{file}`: `valid_until` lies before `valid_from`")
    sections = tuple(split(match["body"]))
    if not sections:
        raise DocumentInvalidError(f"`{file}` has no text after its settings")
    return Document(
        **front.model_dump(),
        version=hashlib.sha256(content).hexdigest(),
        sections=sections,
    )


def split(body: str) -> Iterator[Section]:
    """Yield sections: at headings, then at blank lines or sentence ends near 160 words."""
    plain = _plain(body)
    heads = list(_HEADING.finditer(plain))
    starts = [0, *(match.end() for match in heads)]
    ends = [*(match.start() for match in heads), len(plain)]
    headings = ["", *(match["heading"] for match in heads)]
    for heading, start, end in zip(headings, starts, ends, strict=True):
        for text in _packed(plain[start:end]):
            yield Section(heading=heading, text=text)


def _packed(text: str) -> Iterator[str]:
    """Yield pieces of whole paragraphs, or of whole sentences of a long one."""
    packed: list[str] = []
    size = 0
    for piece in _pieces(text):
        words = len(piece.split())
        if packed and size + words > SECTION_WORDS_MAX:
            yield "\n\n".join(packed)
            packed, size = [], 0
        packed.append(piece)
        size += words
    if packed:
        yield "\n\n".join(packed)


def _pieces(text: str) -> Iterator[str]:
    for paragraph in _BLANK.split(text):
        joined = " ".join(paragraph.split())
        if not joined:
            continue
        if len(joined.split()) <= SECTION_WORDS_MAX:
            yield joined
        else:
            yield from _SENTENCE_END.split(joined)


def _plain(body: str) -> str:
    text = _COMMENT.sub(" ", body)
    text = _LINK.sub(lambda match: match["text"], text)
    return _EMPHASIS.sub(lambda match: match["text"], text)


def _front(front: str, file: Path) -> _Front:
    try:
        return _Front.model_validate(tomllib.loads(front))
    except tomllib.TOMLDecodeError as error:
        raise DocumentInvalidError(f"the settings of `{file}` are not TOML: {error}") from error
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        problem = first["type"].replace("_", " ")
        raise DocumentInvalidError(f"`{file}`, setting `{path}`: {problem}") from error


def _bytes(file: Path) -> bytes:
    try:
        if file.stat().st_size > FILE_BYTES_MAX:
            raise DocumentInvalidError(f"`{file}` is longer than {FILE_BYTES_MAX} bytes; split it")
        content = file.read_bytes()
    except OSError as error:
        raise DocumentInvalidError(f"`{file}` cannot be read: {error.strerror}") from error
    if b"\0" in content:
        raise DocumentInvalidError(f"`{file}` is not text; export it as Markdown")
    return content


def _decoded(content: bytes, file: Path) -> str:
    try:
        return content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise DocumentInvalidError(f"`{file}` is not UTF-8; save it as UTF-8") from error
