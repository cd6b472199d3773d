"""The text of a mail: one of its alternatives, decoded, without HTML and without quoted lines."""

from collections.abc import Iterator, Mapping, Sequence

from remit.domain.frozen import dataclass
from remit.intake import charsets, html_cost, html_text, replies
from remit.intake.html_text import Link
from remit.intake.mime import Part
from remit.intake.outcome import Assumption, Field, FieldReason, Kind, found, refused
from remit.intake.reasons import ReasonCode, sentence

TEXT_BYTES_MAX = 1024 * 1024
CANDIDATE_CHARACTERS_MAX = 4_000
OVERLAP_MIN = 0.5  # of words, between two alternatives that say the same
COMPARED_WORDS_MAX = 2_000


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Body:
    """What a mail says; `notes` are facts such as `hidden_text`."""

    message: Field
    quoted: str = ""
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()

    def columns(self) -> Mapping[str, Field]:
        """Return the columns that come from the text."""
        links = [
            {"text": one.text, "target": one.target, "elsewhere": one.elsewhere}
            for one in self.links
        ]
        return {
            "message": self.message,
            "quoted": found(Kind.TEXT, self.quoted or None),
            "links": found(Kind.RECORD, links or None),
        }


def read(parts: Sequence[Part]) -> Body:
    """Return the text of a mail from its leaves.

    Of alternatives the plain one counts; the HTML beside it is still read for what it hides and
    where its links lead.
    """
    if any(part.type in _SEALED for part in parts):
        return Body(message=refused(Kind.TEXT, ReasonCode.ATTACHMENT_ENCRYPTED))
    texts: list[_Text] = []
    notes: list[str] = []
    links: list[Link] = []
    for group in _groups([part for part in parts if not part.attached]):
        plain = [_plain(part) for part in group if part.type == "text/plain"]
        pages = [_page(part) for part in group if part.type == "text/html"]
        notes += [note for one in pages for note in one.notes]
        links += [link for one in pages for link in one.links]
        chosen = [one for one in plain if one.reason or one.text.strip()] or pages
        if chosen is not pages and pages and _differ(chosen, pages):
            notes.append("alternatives_differ")
        texts += chosen
    reason = next((one.reason for one in texts if one.reason is not None), None)
    if reason is not None:
        field = Field(kind=Kind.TEXT, outcome=_REFUSED, reason=reason)
        return Body(message=field, links=tuple(links), notes=tuple(notes))
    grounds = [ground for one in texts for ground in one.assumptions]
    return _split("\n\n".join(one.text for one in texts), grounds, links, notes)


# -- parts ---------------------------------------------------------------------------------------

_SEALED = frozenset({"multipart/encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"})
_REFUSED = refused(Kind.TEXT, ReasonCode.FIELD_MISSING).outcome


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class _Text:
    text: str = ""
    reason: FieldReason | None = None
    assumptions: tuple[Assumption, ...] = ()
    links: tuple[Link, ...] = ()
    notes: tuple[str, ...] = ()


def _split(text: str, grounds: list[Assumption], links: list[Link], notes: list[str]) -> Body:
    reply = replies.split(text)
    other = charsets.mended(reply.own) if len(reply.own) <= TEXT_BYTES_MAX // 16 else None
    if other is not None:
        shown = [one[:CANDIDATE_CHARACTERS_MAX] for one in (reply.own, other)]
        message = refused(Kind.TEXT, ReasonCode.TEXT_MOJIBAKE, shown)
    else:
        own = reply.own.strip("\n")
        message = found(Kind.TEXT, own or None, (*grounds, *reply.assumptions) if own else ())
    return Body(message=message, quoted=reply.quoted, links=tuple(links), notes=tuple(notes))


def _groups(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield the texts that stand beside each other; those of one choice together."""
    found: dict[str, list[Part]] = {}
    for part in parts:
        found.setdefault(part.path if part.group is None else f"={part.group}", []).append(part)
    yield from found.values()


def _plain(part: Part) -> _Text:
    if part.fault is not None:
        return _refused(part.fault)
    if len(part.data) > TEXT_BYTES_MAX:
        return _refused(ReasonCode.FIELD_TOO_LONG)
    field = charsets.decode(part.data, part.charset)
    if field.reason is not None or not isinstance(field.value, str):
        return _Text(reason=field.reason)
    return _Text(text=field.value.replace("\r\n", "\n"), assumptions=field.assumptions)


def _page(part: Part) -> _Text:
    plain = _plain(part)
    if plain.reason is not None:
        return plain
    if html_cost.too_costly(plain.text):
        return _refused(ReasonCode.FIELD_TOO_LONG)
    page = html_text.read(plain.text)
    if page is None:
        return _refused(ReasonCode.FIELD_EXTRA_MISSING, notes=("html_unread",))
    notes = [f"hidden_text:{part.path}"] if page.hidden else []
    if any(link.elsewhere for link in page.links):
        notes.append(f"link_elsewhere:{part.path}")
    return _Text(
        text=page.text, assumptions=plain.assumptions, links=page.links, notes=tuple(notes)
    )


def _refused(code: ReasonCode, notes: tuple[str, ...] = ()) -> _Text:
    return _Text(reason=FieldReason(code=code, sentence=sentence(code)), notes=notes)


def _differ(first: Sequence[_Text], second: Sequence[_Text]) -> bool:
    """Whether the alternatives share less than half of their words: two messages in one."""
    if any(one.reason for one in (*first, *second)):
        return False
    words = [
        set(" ".join(one.text for one in texts).lower().split()[:COMPARED_WORDS_MAX])
        for texts in (first, second)
    ]
    least = min(len(one) for one in words)
    return least > 0 and len(words[0] & words[1]) < OVERLAP_MIN * least
