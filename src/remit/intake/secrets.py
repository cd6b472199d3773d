"""Credentials in a text: vendor prefixes, PEM blocks, signed tokens, key and value pairs."""

import math
import re
from collections import Counter
from collections.abc import Iterator

from remit.intake.hit import Hit

SECRET_CHARACTERS_MAX = 16_384
_BITS_MIN = 3.0  # Shannon entropy of a character in a random-looking value

_VENDOR = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}"
    r"|gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{60,255}|glpat-[A-Za-z0-9_-]{20,64}"
    r"|xox[abeoprs]-[A-Za-z0-9-]{10,255}|sk-(?:proj-|ant-|live-)?[A-Za-z0-9_-]{20,255}"
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/=]{24,128}"
    r"|AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,255}"
    r"|SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,128}|hf_[A-Za-z0-9]{30,64}"
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,512}|dop_v1_[a-f0-9]{64}|sq0(?:atp|csp)-[\w-]{22,60}"
    r")(?![A-Za-z0-9])"
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,4096}\.eyJ[\w-]{8,8192}\.[\w-]{8,2048}(?![\w-])")
_PEM = re.compile(r"-----BEGIN ([A-Z ]{0,40}PRIVATE KEY)-----[\s\S]{10,16000}?-----END \1-----")
_PAIR = re.compile(
    r"(?<![A-Za-z0-9])(?:[a-z0-9]{0,20}[_-]?)?(?:passwor[dt]|passwd|pwd|passphrase|secret|api[_-]?key|"
    r"access[_-]?key|auth[_-]?token|access[_-]?token|private[_-]?key|kennwort|has[łl]o|contraseña)"
    r"[\"']?\s{0,3}(?:[:=]|=>|\bis\b)\s{0,3}[\"']?(?P<value>[^\s\"',;<>&]{6,256})",
    re.IGNORECASE,
)
_BEARER = re.compile(r"\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9+/_.=-]{16,2048})", re.IGNORECASE)
# What a text must hold for a shape to match at all: looking for it is cheaper than the shape, and
# for one run of characters that all vendors and schemes share it is cheaper still.
_PLAIN = ("AKIA", "ASIA", "AIza", "ya29.", "SG.")
_MARKED = (
    ("_", ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "k_live_", "k_test_", "whsec_",
           "hf_", "npm_", "dop_v1_")),
    ("-", ("glpat-", "xox", "sk-", "pypi-", "sq0")),
)  # fmt: skip
_KEYS = ("pass", "pwd", "secret", "key", "token", "kennwort", "haslo", "contrase")
_BEFORE_VALUE = (":", "=", "is")
_SCHEMES = ("bearer", "basic")
_IN_RUNS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./+=")
_RUNS = bytes(ord("x") if byte in _IN_RUNS else ord(" ") for byte in range(256))
_RUN = b"x" * 15  # the shortest credential that a vendor or a scheme gives out
_PLACEHOLDER = re.compile(r"\$\{|\{\{|<|\*{3}|x{4}|\[", re.IGNORECASE)


def hits(text: str) -> Iterator[Hit]:
    """Yield the credentials of a text; digests, ids and placeholders are none."""
    for shape in _shapes(text):
        for match in shape.finditer(text):
            if shape is not _PAIR and shape is not _BEARER:
                yield _hit(*match.span(), text)
            elif shape is _BEARER or _secret_like(match["value"]):
                yield _hit(*match.span("value"), text)


def _shapes(text: str) -> list[re.Pattern[str]]:
    """Return the shapes that may match, by what the text holds."""
    found: list[re.Pattern[str]] = []
    folds = not text.isascii()  # beyond ASCII, more letters match than those whose lower case does
    runs = folds or _RUN in text.encode().translate(_RUNS)
    if runs and _holds_prefix(text):
        found.append(_VENDOR)
    if runs and "eyJ" in text:
        found.append(_JWT)
    if "-" in text and "-----BEGIN " in text:
        found.append(_PEM)
    lower = text.lower()
    if folds or (_holds(lower, _BEFORE_VALUE) and _holds(lower, _KEYS)):
        found.append(_PAIR)
    if folds or (runs and _holds(lower, _SCHEMES)):
        found.append(_BEARER)
    return found


def _holds_prefix(text: str) -> bool:
    return _holds(text, _PLAIN) or any(
        mark in text and _holds(text, those) for mark, those in _MARKED
    )


def _holds(text: str, literals: tuple[str, ...]) -> bool:
    for literal in literals:  # noqa: SIM110 - a generator would cost more than the search
        if literal in text:
            return True
    return False


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


def _bits(value: str) -> float:
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values())
