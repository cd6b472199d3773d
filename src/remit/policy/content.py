"""Content carries no authority, so it may not carry somebody else's link, address or account."""

import re
from collections.abc import Iterator, Mapping, Sequence

from remit.domain.action import (
    ActionSpec,
    AnySource,
    Integrity,
    LiteralSource,
    Witness,
    alternatives,
)
from remit.domain.value import Canonical, Json

FINDINGS_MAX = 16
TEXT_CHARACTERS_MAX = 65_536

_LINK = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]{1,15}://|www\.|mailto:|(?:[a-z0-9-]{1,63}\.){1,4}[a-z]{2,24}/)"
    r"[^\s<>\"']{1,2000}"
)
_ADDRESS = re.compile(
    r"[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,253}\.[^\s<>()\[\],;:\"'@.]{2,63}"
)
_ACCOUNT = re.compile(r"(?i)\b(?=([a-z]{2}[ -]?[0-9][ -]?[0-9](?:[ -]?[a-z0-9]){11,30}))")
_TWO_DIGITS = re.compile(r"[0-9][ -]?[0-9]")
_CLOSING = ".,;:!?)]}>»”’'\""
_ACCOUNT_CHARACTERS_MIN = 15  # ISO 13616


def content_findings(
    spec: ActionSpec, arguments: Mapping[str, Canonical], witnesses: Sequence[Witness]
) -> tuple[str, ...]:
    """Return, in words, each link, e-mail address or account in content that nobody vouches for.

    Vouched for is what stands whole in a field that its platform wrote or the requester stated, or
    in a constant of the declaration.
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
                    known = set(_known(spec, witnesses))
                if _plain(piece) not in known:
                    found[
                        f"{kind} `{piece[:80]}` in {param.name}, which no source vouches for"
                    ] = None
    return tuple(found)[:FINDINGS_MAX]


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


def _plain(piece: str) -> str:
    return re.sub(r"[ -]", "", piece).casefold()
