"""Credentials in a text: vendor prefixes, PEM blocks, signed tokens, key and value pairs."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from remit.intake.anchors import Anchor
from remit.intake.hit import Hit
from remit.intake.outline import Outline

SECRET_CHARACTERS_MAX = 16_384
_BITS_MIN = 3.0  # Shannon entropy of a character in a random-looking value
_BITS_DRAWN_MIN = 3.7  # of one that stands behind a word without a mark

_VENDOR = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA)[0-9A-Z]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|sk-(?:proj-|ant-|live-)?[A-Za-z0-9_-]{20,255}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/=]{24,128}"
    r"|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,255}"
    r"|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}|hf_[A-Za-z0-9]{30,64}"
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,512}|dop_v1_[a-f0-9]{64}"
    r"|sq0(?:atp|csp)-[\w-]{22,60}|shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"
    r"|remit_svc_[0-9a-f]{64}"
    r"|AGE-SECRET-KEY-1[0-9A-Z]{58}|SK[0-9a-f]{32}|\d{8,10}:AA[\w-]{33}"
    r"|hooks\.slack\.com/services/[A-Za-z0-9/]{20,80}"
    r"|eyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}\.[\w-]{8,2048}"
    r")(?![A-Za-z0-9])"
)
_PEM = re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----[\s\S]{10,16000}?-----END \1-----")
_PAIR = re.compile(
    r"(?:passwor[dt]|passwd|pwd|passphrase|kennwort|has[łl]o|contraseña|mot de passe"
    r"|secret(?:[_-]?(?:access[_-]?)?key)?|(?:api|access|account|private|signing|encryption)[_-]?key"
    r"|(?:auth|access|refresh|session|bot)[_-]?token)"
    r"\\{0,2}[\"']?\s{0,3}(?:[:=]|=>|\bis\b)\s{0,3}\\{0,2}[\"']?(?P<value>[^\s\"',;<>&]{6,512})",
    re.IGNORECASE,
)
_SAID = re.compile(  # no mark between, as people write: only what looks drawn by lot
    r"(?:secret|(?:api|access|account|private|signing|encryption)[ _-]?key"
    r"|(?:auth|access|refresh|session|bot)[ _-]?token)(?:[ _-]key)?"
    r"\s{1,3}(?-i:(?P<value>(?=[^a-z\s]*[a-z])(?=[^A-Z\s]*[A-Z])(?=[^\d\s]*\d)[A-Za-z0-9+/_-]{20,255}=*))"
    r"(?![\w+/-])",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/_.=-]{16,2048})", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\$\{|\{\{|<|\*{3}|x{4}|\[", re.IGNORECASE)


def hits(text: str, outline: Outline) -> Iterator[Hit]:
    """Yield the credentials of a text; digests, ids and placeholders are none."""
    for place in outline.at(Anchor.VENDOR):
        match = _VENDOR.match(text, place) or _PEM.match(text, place)
        if match:
            yield _hit(*match.span(), text)
    done = 0
    for place in outline.at(Anchor.KEY):
        match = _PAIR.match(text, place) if place >= done else None
        if match and _secret_like(match["value"]):
            yield _hit(*match.span("value"), text)
            done = match.end()
        elif (said := _SAID.match(text, place)) and _bits(said["value"]) >= _BITS_DRAWN_MIN:
            yield _hit(*said.span("value"), text)
            done = said.end()
    for place in outline.at(Anchor.BEARER):
        match = _BEARER.match(text, place)
        if match and _random_like(match["value"]):
            yield _hit(*match.span("value"), text)


def _hit(start: int, end: int, text: str) -> Hit:
    return Hit(start, end, "SECRET", 0.95, "SECRET", text[start:end])


def _secret_like(value: str) -> bool:
    if _PLACEHOLDER.search(value) or value.lower() in (
        "required",
        "missing",
        "invalid",
        "changed",
    ):
        return False
    if any(char.isdigit() or not char.isalnum() for char in value[:-1]):
        return True
    return _bits(value) >= _BITS_MIN and not value.islower()


def _random_like(value: str) -> bool:
    return any(char.isdigit() for char in value) or not (value.islower() or value.istitle())


def _bits(value: str) -> float:
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
