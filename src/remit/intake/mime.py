"""The parts of a mail: headers by the standard library, bodies cut at their boundaries.

The library's own reading of bodies asks each line about each open boundary; a mail of a thousand
levels takes it minutes. So the tree is cut here, by one search a level, under limits that hold
before anything is read.
"""

import binascii
import re
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser

from remit.domain.frozen import dataclass
from remit.intake import mail_headers
from remit.intake.reasons import ReasonCode

MAIL_BYTES_MAX = 25_000_000
DEPTH_MAX = 10
PARTS_MAX = 200
FIELDS_MAX = 2_000  # headers of all parts together
FIELD_BYTES_MAX = 65_536
HEADERS_BYTES_MAX = 1024 * 1024
BOUNDARY_CHARACTERS_MAX = 200

_HEADERS_END = re.compile(rb"\r?\n\r?\n")
_FIELD = re.compile(rb"^[^ \t\r\n]", re.MULTILINE)
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_BASE64 = bytes(range(65, 91)) + bytes(range(97, 123)) + b"0123456789+/=\r\n\t "
_BAD_ESCAPE = re.compile(rb"=(?![0-9A-Fa-f]{2}|[ \t]*\r?\n|[ \t\r\n]*\Z)")
_TYPE = re.compile(rb"content-type\s*:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Part:
    """A leaf of the tree; `fault` says why its bytes are not what was sent."""

    path: str
    type: str
    data: bytes
    charset: str | None
    name: str
    attached: bool  # it says so, or has a file name, or is no text
    group: str | None  # the innermost choice between alternatives that it stands in
    fault: ReasonCode | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Tree:
    """A mail's headers and leaves, or why it cannot be read."""

    headers: EmailMessage
    parts: tuple[Part, ...] = ()
    fault: ReasonCode | None = None


def read(raw: bytes) -> Tree:
    """Return the parts of a mail; bounded in depth, number and size before any is read."""
    if len(raw) > MAIL_BYTES_MAX:
        return Tree(headers=EmailMessage(), fault=ReasonCode.MAIL_TOO_LARGE)
    if raw.startswith(b"From "):  # the line that a mailbox puts before each mail
        raw = raw.partition(b"\n")[2]
    cutter = _Cutter()
    try:
        headers, body = cutter.entity(raw)
        parts = tuple(cutter.walk(headers, body, path="", depth=0, group=None))
    except _Unreadable as fault:
        return Tree(headers=cutter.first or EmailMessage(), fault=fault.code)
    return Tree(headers=headers, parts=parts)


def head_of(raw: bytes) -> bytes:
    """Return the headers, of a mail whose body is not here."""
    end = _HEADERS_END.search(raw, 0, HEADERS_BYTES_MAX)
    return raw if end is None else raw[: end.end()]


def body_of(raw: bytes) -> bytes:
    """Return what stands below the headers, which servers on the way leave as it was."""
    end = _HEADERS_END.search(raw, 0, HEADERS_BYTES_MAX)
    return raw if end is None else raw[end.end() :]


def _headers(head: bytes) -> EmailMessage | None:
    try:
        return BytesHeaderParser(policy=policy.default).parsebytes(head + b"\n\n")
    except Exception:  # noqa: BLE001 - it reads the type of the content too, and stumbles there
        return None


# -- parts ---------------------------------------------------------------------------------------


class _Unreadable(Exception):  # noqa: N818 - a sign inside this module, not an error
    def __init__(self, code: ReasonCode) -> None:
        self.code = code


class _Cutter:
    """Cuts one mail, and counts what it has cut."""

    def __init__(self) -> None:
        self.first: EmailMessage | None = None
        self._parts = 0
        self._fields = 0

    def entity(self, data: bytes) -> tuple[EmailMessage, bytes]:
        """Return headers and body of a mail or of one of its parts."""
        if data.startswith((b"\n", b"\r\n")):
            return EmailMessage(policy=policy.default), data.partition(b"\n")[2]
        end = _HEADERS_END.search(data, 0, HEADERS_BYTES_MAX)
        if end is None and len(data) > HEADERS_BYTES_MAX:
            raise _Unreadable(ReasonCode.MAIL_TOO_LARGE)
        head, body = (data, b"") if end is None else (data[: end.start()], data[end.end() :])
        starts = [match.start() for match in _FIELD.finditer(head)]
        self._fields += len(starts)
        if self._fields > FIELDS_MAX:
            raise _Unreadable(ReasonCode.MAIL_TOO_LARGE)
        for start, until in zip(starts, [*starts[1:], len(head)], strict=False):
            if until - start > FIELD_BYTES_MAX:
                raise _Unreadable(ReasonCode.MAIL_TOO_LARGE)
            # The library's parser takes this one apart by itself.
            if until - start > mail_headers.READ_CHARACTERS_MAX and _TYPE.match(head, start):
                raise _Unreadable(ReasonCode.MAIL_MALFORMED)
        if _LONE_RETURN.search(head) is not None or b"\x00" in head:
            raise _Unreadable(ReasonCode.MAIL_MALFORMED)
        message = _headers(head)
        if message is None or message.defects:
            raise _Unreadable(ReasonCode.MAIL_MALFORMED)
        if self.first is None:
            self.first = message
        return message, body

    def walk(
        self, headers: EmailMessage, body: bytes, *, path: str, depth: int, group: str | None
    ) -> Iterator[Part]:
        """Yield the leaves in order."""
        if depth > DEPTH_MAX:
            raise _Unreadable(ReasonCode.MAIL_TOO_DEEP)
        described = _Described.of(headers)
        if described is None:
            raise _Unreadable(ReasonCode.MAIL_MALFORMED)
        if described.type == "multipart/encrypted" or not described.type.startswith("multipart/"):
            self._parts += 1
            if self._parts > PARTS_MAX:
                raise _Unreadable(ReasonCode.MAIL_TOO_DEEP)
            yield _leaf(described, body, path or "1", group)
            return
        if described.type == "multipart/alternative":
            group = path or "0"
        for number, piece in enumerate(_cut(body, described.boundary), 1):
            inner, rest = self.entity(piece)
            place = f"{path}.{number}" if path else f"{number}"
            yield from self.walk(inner, rest, path=place, depth=depth + 1, group=group)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Described:
    type: str
    charset: str | None
    boundary: str
    name: str
    attached: bool
    encoding: str

    @classmethod
    def of(cls, headers: EmailMessage) -> "_Described | None":
        """Return what a part's headers say of it, or None where they cannot be read."""
        found = {name: mail_headers.read(headers, name) for name in mail_headers.DESCRIBING}
        if not all(sound for _, sound in found.values()):
            return None
        kind, encoding, disposition = (found[name][0] for name in mail_headers.DESCRIBING)
        params = dict(getattr(kind, "params", {}))
        more = dict(getattr(disposition, "params", {}))
        name = _plain(more.get("filename", params.get("name", "")))
        return cls(
            type=_plain(getattr(kind, "content_type", "text/plain")).lower(),
            charset=_plain(params["charset"]) if "charset" in params else None,
            boundary=_plain(params.get("boundary", "")),
            name=name,
            attached=bool(name)
            or getattr(disposition, "content_disposition", None) == "attachment",
            encoding=_plain(getattr(encoding, "cte", "7bit")).strip().lower(),
        )


def _cut(body: bytes, boundary: str) -> Iterator[bytes]:
    """Yield the pieces between the boundaries; raises where one is missing."""
    if not boundary or len(boundary) > BOUNDARY_CHARACTERS_MAX or not boundary.isascii():
        raise _Unreadable(ReasonCode.MAIL_MALFORMED)
    line = re.compile(rb"^--" + re.escape(boundary.encode()) + rb"(--)?[ \t]*\r?$", re.MULTILINE)
    start: int | None = None
    for number, match in enumerate(line.finditer(body)):
        if number > PARTS_MAX:
            raise _Unreadable(ReasonCode.MAIL_TOO_DEEP)
        if start is not None:
            yield body[start : match.start()].removesuffix(b"\n").removesuffix(b"\r")
        start = match.end() + 1
        if match[1]:
            if number == 0:
                break
            return
    raise _Unreadable(ReasonCode.MAIL_MALFORMED)  # cut short, or nothing in it


def _leaf(described: _Described, body: bytes, path: str, group: str | None) -> Part:
    fault: ReasonCode | None = None
    data = body
    match described.encoding:
        case "7bit" | "8bit" | "binary" | "":
            pass
        case "base64":
            try:
                data = binascii.a2b_base64(body)
            except binascii.Error:
                data, fault = b"", ReasonCode.MAIL_MALFORMED
            if body.translate(None, _BASE64):
                data, fault = b"", ReasonCode.MAIL_MALFORMED
        case "quoted-printable":
            data = binascii.a2b_qp(body)
            if _BAD_ESCAPE.search(body) is not None:
                fault = ReasonCode.MAIL_MALFORMED
        case _:
            data, fault = b"", ReasonCode.MAIL_MALFORMED
    text = described.type in ("text/plain", "text/html")
    return Part(
        path=path, type=described.type, data=data, charset=described.charset,
        name=described.name, attached=described.attached or not text, group=group, fault=fault,
    )  # fmt: skip


def _plain(value: object) -> str:
    return str(value).encode("utf-8", "replace").decode("utf-8")
