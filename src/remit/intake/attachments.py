"""What came with a mail: known by its own first bytes, never by its name alone, never unpacked."""

import re

from remit.domain.frozen import dataclass
from remit.intake import charsets, html_cost, html_text
from remit.intake.outcome import Assumption
from remit.intake.reasons import ReasonCode

TEXT_BYTES_MAX = 1024 * 1024
NAME_CHARACTERS_MAX = 200
SEARCHED_BYTES = 2_048

# (offset, first bytes, kind)
_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "pdf"), (0, b"\x89PNG\r\n\x1a\n", "png"), (0, b"\xff\xd8\xff", "jpeg"),
    (0, b"GIF87a", "gif"), (0, b"GIF89a", "gif"), (8, b"WEBP", "webp"), (8, b"WAVE", "audio"),
    (8, b"AVI ", "video"), (4, b"ftyp", "video"), (0, b"II*\x00", "tiff"), (0, b"MM\x00*", "tiff"),
    (0, b"BM", "bmp"), (0, b"PK\x03\x04", "zip"), (0, b"PK\x05\x06", "zip"),
    (0, b"PK\x07\x08", "zip"), (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ole"),
    (0, b"Rar!\x1a\x07", "rar"), (0, b"7z\xbc\xaf\x27\x1c", "7z"), (0, b"\x1f\x8b", "gzip"),
    (0, b"BZh", "bzip2"), (0, b"\xfd7zXZ\x00", "xz"), (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (257, b"ustar", "tar"), (0, b"\x7fELF", "program"), (0, b"MZ", "program"),
    (0, b"\xcf\xfa\xed\xfe", "program"), (0, b"\xca\xfe\xba\xbe", "program"),
    (0, b"{\\rtf", "rtf"), (0, b"ID3", "audio"), (0, b"OggS", "audio"), (0, b"fLaC", "audio"),
    (0, b"\x1aE\xdf\xa3", "video"), (0, b"SQLite format 3\x00", "sqlite"), (0, b"wOF", "font"),
)  # fmt: skip
_BY_TYPE = {
    "application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg",
    "image/gif": "gif", "image/webp": "webp", "image/tiff": "tiff", "image/bmp": "bmp",
    "application/zip": "zip", "application/x-zip-compressed": "zip", "application/gzip": "gzip",
    "application/x-gzip": "gzip", "application/x-7z-compressed": "7z", "application/rtf": "rtf",
    "application/vnd.rar": "rar", "application/msword": "ole", "application/vnd.ms-excel": "ole",
    "application/vnd.ms-powerpoint": "ole", "application/vnd.ms-outlook": "ole",
    "application/x-tar": "tar", "text/rtf": "rtf", "application/json": "text",
    "application/xml": "text", "image/svg+xml": "text",
}  # fmt: skip
_BY_ENDING = {
    "pdf": "pdf", "png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp",
    "tif": "tiff", "tiff": "tiff", "bmp": "bmp", "zip": "zip", "docx": "zip", "xlsx": "zip",
    "pptx": "zip", "odt": "zip", "ods": "zip", "gz": "gzip", "7z": "7z", "rar": "rar",
    "doc": "ole", "xls": "ole", "ppt": "ole", "msg": "ole", "rtf": "rtf", "tar": "tar",
    "exe": "program", "dll": "program", "txt": "text", "csv": "text", "json": "text",
    "md": "text", "log": "text", "xml": "text", "html": "text", "htm": "text", "svg": "text",
    "ics": "text", "eml": "text", "vcf": "text", "mp3": "audio", "wav": "audio", "mp4": "video",
}  # fmt: skip
_SEALED_TYPES = frozenset({
    "application/pkcs7-mime", "application/x-pkcs7-mime", "application/pgp-encrypted",
    "multipart/encrypted",
})  # fmt: skip
_ENCRYPTED_PDF = re.compile(rb"/Encrypt\s+\d{1,9}\s+\d{1,9}\s+R|/Encrypt\s*<<")
_ENTRY = b"PK\x01\x02"  # one line of a ZIP archive's directory
_ENTRIES_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Attachment:
    """One attachment; `code` says why it was set aside, and then it has no text."""

    part: str  # its place in the mail, such as `2.1`
    name: str
    type: str  # as declared
    kind: str  # as its bytes say: `pdf`, `zip`, `text`, or `unknown`
    size: int
    digest: str
    text: str | None = None
    code: ReasonCode | None = None
    assumptions: tuple[Assumption, ...] = ()


def read(
    data: bytes, *, part: str, name: str, type: str, charset: str | None, digest: str
) -> Attachment:
    """Return what an attachment is, and its text if it is one."""
    # A mail inside a mail is kept as it is, and not read.
    kind = "mail" if type.startswith("message/") else sniff(data)
    text: str | None = None
    assumptions: tuple[Assumption, ...] = ()
    code = _aside(data, kind=kind, name=name, type=type)
    if code is None and kind == "text":
        text, code, assumptions = _text(data, charset, html=type == "text/html")
    return Attachment(
        part=part, name=name[:NAME_CHARACTERS_MAX], type=type, kind=kind, size=len(data),
        digest=digest, text=text, code=code, assumptions=assumptions,
    )  # fmt: skip


def damaged(part: str, name: str, type: str, code: ReasonCode) -> Attachment:
    """Return an attachment whose bytes did not come whole."""
    return Attachment(
        part=part, name=name[:NAME_CHARACTERS_MAX], type=type, kind="unknown", size=0, digest="",
        code=code,
    )  # fmt: skip


def sniff(data: bytes) -> str:
    """Return what the first bytes say that this is."""
    for offset, mark, kind in _SIGNATURES:
        if data.startswith(mark, offset):
            return kind
    beginning = data[:SEARCHED_BYTES]
    if beginning.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "text"
    control = sum(one < 32 and one not in b"\t\n\r\f\x1b" for one in beginning)
    return "unknown" if control else "text"


# -- parts ---------------------------------------------------------------------------------------


def _aside(data: bytes, *, kind: str, name: str, type: str) -> ReasonCode | None:
    if type in _SEALED_TYPES or _encrypted(data, kind):
        return ReasonCode.ATTACHMENT_ENCRYPTED
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    declared = _BY_TYPE.get(type, "text" if type.startswith("text/") else None)
    if kind == "mail":
        return None
    said = {one for one in (declared, _BY_ENDING.get(ending)) if one is not None}
    # Spreadsheets are sent under the type of Excel whatever they are; their ending tells.
    if type == "application/vnd.ms-excel" and ending in ("csv", "txt", "xlsx"):
        said.discard("ole")
    if kind == "program" or any(one != kind for one in said):
        return ReasonCode.ATTACHMENT_TYPE_MISMATCH
    return None


def _encrypted(data: bytes, kind: str) -> bool:
    if kind == "pdf":
        return _ENCRYPTED_PDF.search(data) is not None
    if kind == "ole":
        return "EncryptedPackage".encode("utf-16-le") in data
    if kind == "zip":
        if data.startswith(b"PK\x03\x04") and len(data) > 7 and data[6] & 1:
            return True
        place, seen = data.find(_ENTRY), 0
        while place >= 0 and seen < _ENTRIES_MAX:
            if len(data) > place + 9 and data[place + 8] & 1:
                return True
            place, seen = data.find(_ENTRY, place + 4), seen + 1
    return False


def _text(
    data: bytes, charset: str | None, *, html: bool
) -> tuple[str | None, ReasonCode | None, tuple[Assumption, ...]]:
    if len(data) > TEXT_BYTES_MAX:
        return None, ReasonCode.ATTACHMENT_TOO_LARGE, ()
    field = charsets.decode(data, charset)
    if field.reason is not None or not isinstance(field.value, str):
        return None, ReasonCode.TEXT_CHARSET_UNCLEAR, ()
    if "\x00" in field.value:
        return None, ReasonCode.TEXT_UNDECODABLE, ()
    if not html:
        return field.value, None, field.assumptions
    if html_cost.too_costly(field.value):
        return None, ReasonCode.MAIL_TOO_DEEP, ()
    page = html_text.read(field.value)
    if page is None:
        return None, ReasonCode.FIELD_EXTRA_MISSING, ()
    return page.text, None, field.assumptions
