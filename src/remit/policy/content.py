"""Content carries no authority, so it may not carry somebody else's link, address or account."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from remit.domain.action import (
    ActionSpec,
    AnySource,
    Integrity,
    LiteralSource,
    Witness,
    alternatives,
)
from remit.domain.value import Canonical, Json
from remit.policy import wordings

FINDINGS_MAX = 16
LABELS = frozenset({"subject", "title", "filename", "file_name", "heading", "label"})
LABEL_WORDS = 3  # so many words of outside text make a label somebody else's
TEXT_CHARACTERS_MAX = 65_536

_LINK = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.|mailto:|(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}/)"
    r"[^\s<>\"']{1,2000}"
)
_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,253}\.[^\s<>()\[\],;:\"'@.]{2,63}"
)
_ACCOUNT = re.compile(r"(?i)\b(?=([a-z]{2}[ -]?[0-9][ -]?[0-9](?:[ -]?[a-z0-9]){11,30}))")
_PHONE = re.compile(r"(?<![\w+])\+?[0-9](?:[ ()/.-]{0,2}[0-9]){7,14}(?!\w)")
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d([-./])[01]?\d\1[0-3]?\d|[0-3]?\d([-./])[0-3]?\d\2(?:19|20)\d\d)(?!\d)"
)
_PHONE_DIGITS_MIN = 8
_CODE = re.compile(r"\b(?=[A-Z0-9-]*[0-9])(?=[A-Z0-9-]*[A-Z])[A-Z0-9][A-Z0-9-]{4,30}[A-Z0-9]\b")
_TWO_DIGITS = re.compile(r"[0-9][ -]?[0-9]")
_CLOSING = ".,;:!?)]}>»”’'\""
_ACCOUNT_CHARACTERS_MIN = 15  # ISO 13616


def content_findings(
    spec: ActionSpec,
    arguments: Mapping[str, Canonical],
    witnesses: Sequence[Witness],
    *,
    allowed: Collection[str] = (),
) -> tuple[str, ...]:
    """Return, in words, each link, e-mail address or account in content that nobody vouches for.

    Vouched for is what stands whole in a field that its platform wrote or the requester stated, in
    a constant of the declaration, or in what the workflow's owner `allowed`: whole, or as the
    beginning of a link. A phone number or a code may also be absent from outside text, and a short
    label copies no run of words from there.
    """
    known: set[str] | None = None
    found: dict[str, None] = {}
    for param in spec.params:
        value = arguments.get(param.name)
        if value is None or not isinstance(param.source, AnySource):
            continue
        for text in _texts(value.form):
            if len(text) > TEXT_CHARACTERS_MAX:
                found[f"more text in {param.name} than is looked through"] = None
                continue
            for kind, piece in _pieces(text):
                if known is None:
                    known = {*_known(spec, witnesses), *map(_plain, allowed)}
                if _plain(piece) not in known and not _begins(kind, piece, allowed):
                    found[
                        f"{kind} `{piece[:80]}` in {param.name}, which no source vouches for"
                    ] = None
            for said in _outside(spec, param.name, text, witnesses, allowed):
                found[said] = None
    return tuple(found)[:FINDINGS_MAX]


def _begins(kind: str, piece: str, allowed: Collection[str]) -> bool:
    """Return whether an allowed beginning that ends with a slash fits this link."""
    return kind == "a link" and any(one.endswith("/") and piece.startswith(one) for one in allowed)


def _outside(
    spec: ActionSpec,
    name: str,
    text: str,
    witnesses: Sequence[Witness],
    allowed: Collection[str],
) -> Iterator[str]:
    """Yield what a text has from outside text alone: numbers, codes, a label's words."""
    pieces = [
        *(
            ("a phone number", match.group())
            for match in _PHONE.finditer(text)
            if len(_digits(_DATE.sub("", match.group()))) >= _PHONE_DIGITS_MIN
        ),
        *(("a code", match.group()) for match in _CODE.finditer(text)),
    ]
    label = name in LABELS
    if not pieces and not label:
        return
    outside = [
        plain
        for one in witnesses
        if one.integrity.rank < Integrity.STATED.rank
        for plain in _texts(one.form)
    ]
    known = {*_known(spec, witnesses), *map(_plain, allowed)} if pieces else set()
    for kind, piece in pieces:
        form = _digits if kind == "a phone number" else _plain
        stands = any(form(piece) in form(one) for one in outside)
        if stands and form(piece) not in {form(one) for one in known}:
            yield f"{kind} `{piece[:80]}` in {name}, which stands in outside text alone"
    if label:
        inside = [
            wordings.runs(form, LABEL_WORDS)
            for one in witnesses
            if one.integrity.rank >= Integrity.STATED.rank
            for form in _texts(one.form)
        ]
        vouched = frozenset().union(*inside)
        for run in wordings.common(text, outside, LABEL_WORDS) - vouched:
            yield f"the words `{run}` in {name}, which stand in outside text alone"


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern, holds in (
        ("a link", _LINK, _holds_link),
        ("an address", _ADDRESS, _holds_at),
    ):
        for match in pattern.finditer(text) if holds(text) else ():
            yield kind, match.group().rstrip(_CLOSING)
    for match in _ACCOUNT.finditer(text) if _holds_account(text) else ():
        plain = _plain(match.group(1)).upper()
        lengths = range(_ACCOUNT_CHARACTERS_MIN, len(plain) + 1)
        account = next((plain[:end] for end in lengths if _checks(plain[:end])), None)
        if account is not None:
            yield "an account", account


# -- what a shape must hold: looking for it is cheaper than the shape ----------------------------


def _holds_link(text: str) -> bool:
    if "/" in text or not text.isascii():  # beyond ASCII, more letters match than lower ones
        return True
    lower = text.lower()
    return "www." in lower or "mailto:" in lower


def _holds_at(text: str) -> bool:
    return "@" in text


def _holds_account(text: str) -> bool:
    return any(
        pair.start() >= before and _ACCOUNT.match(text, pair.start() - before) is not None
        for pair in _TWO_DIGITS.finditer(text)
        for before in (2, 3)  # the letters of a country, and perhaps a gap
    )


def _checks(account: str) -> bool:
    """Do the check digits of ISO 13616 fit? An account with wrong ones reaches nobody."""
    turned = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def _known(spec: ActionSpec, witnesses: Sequence[Witness]) -> Iterator[str]:
    for witness in witnesses:
        if witness.integrity.rank >= Integrity.STATED.rank:
            yield from (_plain(text) for text in _texts(witness.form))
    for param in spec.params:
        for source in alternatives(param.source):
            if isinstance(source, LiteralSource):
                yield from (_plain(text) for form in source.values for text in _texts(form))


def _texts(form: Json) -> Iterator[str]:
    match form:
        case str():
            yield form
        case list():
            for item in form:
                yield from _texts(item)
        case dict():
            for item in form.values():
                yield from _texts(item)


def _digits(piece: str) -> str:
    return re.sub(r"\D", "", piece)


def _plain(piece: str) -> str:
    return re.sub(r"[ -]", "", piece).casefold()
