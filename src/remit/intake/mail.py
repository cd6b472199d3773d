"""A mail as named columns: each a value, a value on stated grounds, or a reason why there is none.

The envelope comes from the headers, the message from the text that the sender wrote. What anybody
can write there unseen (display names, Reply-To, quoted and attached text) is named in `UNTRUSTED`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from remit.domain.frozen import dataclass
from remit.intake import attachments, bodies, charsets, mail_headers, mime
from remit.intake.attachments import Attachment
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode

# The columns that a mail has, beside `id`; `sender` is `from` under the name that most cases use.
COLUMNS = (
    "from", "sender", "from_name", "reply_to", "to", "subject", "message_id", "sent_at",
    "received_at", "message", "quoted", "links", "attachments", "attached_text",
)  # fmt: skip
UNTRUSTED = frozenset({
    "attached_text", "attachments", "from_name", "links", "quoted", "reply_to", "to",
})  # fmt: skip

ATTACHED_CHARACTERS_MAX = 65_536
MESSAGE_ID_CHARACTERS_MAX = 200
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKDAY = re.compile(r"\s*([A-Za-z]{3}),")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,198}>")
_INVISIBLE = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad\U000e0000-\U000e007f]"
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Mail:
    """A mail that was read; with a `fault` it could not be, and has few columns or none."""

    columns: Mapping[str, Field]
    notes: tuple[str, ...] = ()  # facts for whoever decides, such as `hidden_text`
    attachments: tuple[Attachment, ...] = ()
    fault: ReasonCode | None = None

    @property
    def message_id(self) -> str | None:
        """The sender's own id of the mail, where there is a sound one."""
        field = self.columns.get("message_id")
        return field.value if field is not None and isinstance(field.value, str) else None


def read(raw: bytes, *, digest: Callable[[bytes], str], cut: bool = False) -> Mail:
    """Return a mail's columns. Whatever the bytes are, this returns within its limits.

    `cut` says that the bytes are only the beginning of a mail that is larger than is read.

    `digest` names an attachment by its bytes, under a key: a plain one of few bytes is guessed.
    """
    if cut:
        envelope = mime.read(mime.head_of(raw)).headers
        return Mail(columns=dict(_of_envelope(envelope)), fault=ReasonCode.MAIL_TOO_LARGE)
    tree = mime.read(raw)
    if tree.fault is not None:
        return Mail(columns=dict(_of_envelope(tree.headers)), fault=tree.fault)
    columns = dict(_of_envelope(tree.headers))
    if "from" not in tree.headers:
        return Mail(columns=columns, fault=ReasonCode.MAIL_MALFORMED)
    body = bodies.read(tree.parts)
    attached = tuple(
        attachments.read(
            part.data, part=part.path, name=part.name, type=part.type, charset=part.charset,
            digest=digest(part.data),
        )
        if part.fault is None
        else attachments.damaged(part.path, part.name, part.type, part.fault)
        for part in tree.parts
        if part.attached
    )  # fmt: skip
    columns |= body.columns()
    columns |= _of_attachments(attached)
    notes = [*body.notes, *_of_headers(columns, tree.headers)]
    notes += [f"{one.code.value}:{one.part}" for one in attached if one.code is not None]
    message = columns["message"].value
    if isinstance(message, str) and _INVISIBLE.search(message):
        notes.append("invisible_characters")
    return Mail(columns=columns, notes=tuple(dict.fromkeys(notes)), attachments=attached)


# -- envelope ------------------------------------------------------------------------------------


def _of_envelope(headers: EmailMessage) -> Iterator[tuple[str, Field]]:
    sender, name = _sender(headers)
    yield "from", sender
    yield "sender", sender
    yield "from_name", name
    yield "reply_to", _addresses(headers, "reply-to")
    yield "to", _addresses(headers, "to")
    yield "subject", _text(headers, "subject")
    yield "message_id", _message_id(headers)
    sent = _sent_at(headers)
    yield "sent_at", sent
    yield "received_at", _received_at(headers, sent)


def _sender(headers: EmailMessage) -> tuple[Field, Field]:
    value, sound = mail_headers.read(headers, "from")
    addresses = tuple(getattr(value, "addresses", ()))
    if value is None or not sound or len(addresses) != 1:
        return _text(headers, "from"), Field(kind=Kind.TEXT, outcome=_ACCEPTED)
    one = addresses[0]
    return _plain(one.addr_spec), _plain(one.display_name)


def _addresses(headers: EmailMessage, name: str) -> Field:
    value, sound = mail_headers.read(headers, name)
    addresses = getattr(value, "addresses", ())
    if value is None or not sound or not addresses:
        return _text(headers, name)
    return _plain(", ".join(one.addr_spec for one in addresses))


def _text(headers: EmailMessage, name: str) -> Field:
    """Return a header as text; one that stands twice, or cannot be decoded, is no value."""
    raw = [str(value) for key, value in headers.raw_items() if key.lower() == name]
    if not raw:
        return Field(kind=Kind.TEXT, outcome=_ACCEPTED)
    if len(raw) > 1:
        return refused(Kind.TEXT, ReasonCode.FIELD_CONFLICT)
    if len(raw[0]) > mail_headers.READ_CHARACTERS_MAX:
        return refused(Kind.TEXT, ReasonCode.FIELD_TOO_LONG)
    if not raw[0].isascii():
        return charsets.decode(raw[0].encode("utf-8", "surrogateescape"))
    value, sound = mail_headers.read(headers, name)
    shown = raw[0] if value is None else str(value)
    if "\ufffd" in shown or (not sound and "=?" in raw[0]):
        return refused(Kind.TEXT, ReasonCode.TEXT_UNDECODABLE)
    return _plain(shown)


def _plain(text: str) -> Field:
    return found(Kind.TEXT, text) if text.strip() else Field(kind=Kind.TEXT, outcome=_ACCEPTED)


def _message_id(headers: EmailMessage) -> Field:
    raw = [str(value) for key, value in headers.raw_items() if key.lower() == "message-id"]
    match = (
        _MESSAGE_ID.search(raw[0][: mail_headers.READ_CHARACTERS_MAX]) if len(raw) == 1 else None
    )
    if match is None or not match[0].isascii():
        return Field(kind=Kind.TEXT, outcome=_ACCEPTED)
    return found(Kind.TEXT, match[0])


def _sent_at(headers: EmailMessage) -> Field:
    raw = [str(value) for key, value in headers.raw_items() if key.lower() == "date"]
    if not raw:
        return Field(kind=Kind.TEXT, outcome=_ACCEPTED)
    return _instant(raw[0]) if len(raw) == 1 else refused(Kind.TEXT, ReasonCode.FIELD_CONFLICT)


def _received_at(headers: EmailMessage, sent: Field) -> Field:
    """Return when the last server took the mail in; the sender's own date where none says."""
    for key, value in headers.raw_items():
        if key.lower() == "received":
            field = _instant(str(value)[: mime.FIELD_BYTES_MAX].rpartition(";")[2])
            if field.reason is None:
                return field
            break
    if sent.value is None:
        return sent
    said = "no server's date stands in the mail; the sender's own is taken"
    grounds = (*sent.assumptions, Assumption(code="received_when_sent", sentence=said))
    return found(Kind.TEXT, sent.value, grounds)


def _instant(text: str) -> Field:
    """Return a header's date with its offset; the comment behind it is not looked at."""
    shown = text.strip()[:100]
    try:
        moment = parsedate_to_datetime(shown)
    except (ValueError, TypeError, IndexError, OverflowError):
        return refused(Kind.TEXT, ReasonCode.TIME_IMPOSSIBLE)
    if not 1970 <= moment.year <= 2100:
        return refused(Kind.TEXT, ReasonCode.TIME_IMPOSSIBLE)
    if moment.tzinfo is None and "-0000" not in shown:
        return refused(Kind.TEXT, ReasonCode.ZONE_UNKNOWN)
    day = _WEEKDAY.match(shown)
    if day is not None and day[1].lower() != _DAYS[moment.weekday()]:
        return refused(Kind.TEXT, ReasonCode.DATE_WEEKDAY_CONFLICT)
    return found(Kind.TEXT, moment.isoformat() + ("" if moment.tzinfo else "+00:00"))


# -- what is told beside -------------------------------------------------------------------------


def _of_headers(columns: Mapping[str, Field], headers: EmailMessage) -> Iterator[str]:
    sender, name, answer = (columns[one].value for one in ("from", "from_name", "reply_to"))
    if isinstance(name, str) and "@" in name and str(sender) not in name:
        yield "name_shows_address"
    if isinstance(answer, str) and answer.lower() != str(sender).lower():
        yield "reply_to_elsewhere"
    if headers.get_all("auto-submitted") and _said(headers, "auto-submitted") != "no":
        yield "sent_by_a_machine"


def _said(headers: EmailMessage, name: str) -> str:
    return next((str(v) for k, v in headers.raw_items() if k.lower() == name), "").strip().lower()


def _of_attachments(attached: tuple[Attachment, ...]) -> dict[str, Field]:
    aside = next((one.code for one in attached if one.code is not None), None)
    if aside is not None:
        return {name: refused(Kind.RECORD, aside) for name in ("attachments", "attached_text")}
    records = [
        {"name": one.name, "type": one.type, "kind": one.kind, "size": one.size, "text": one.text}
        for one in attached
    ]
    texts = [one.text for one in attached if one.text]
    whole = "\n\n".join(texts)
    grounds = [ground for one in attached for ground in one.assumptions]
    if len(whole) > ATTACHED_CHARACTERS_MAX:
        return {
            name: refused(Kind.RECORD, ReasonCode.ATTACHMENT_TOO_LARGE)
            for name in ("attachments", "attached_text")
        }
    return {
        "attachments": found(Kind.RECORD, records, grounds) if records else _NONE,
        "attached_text": found(Kind.TEXT, whole, grounds) if whole.strip() else _NONE,
    }


_NONE = found(Kind.TEXT, None)
_ACCEPTED = _NONE.outcome
