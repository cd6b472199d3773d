"""Credentials of 19 kinds and look-alikes of 15, drawn from a seed and never written down."""

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Callable

import pytest

from remit.intake.detect import find

SEED = 2026
OF_A_KIND, ALIKE = 60, 80
UPPER, LOWER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"
DIGITS, HEX = "0123456789", "0123456789abcdef"
LETTERS = UPPER + LOWER + DIGITS
Rng = random.Random


def some(rng: Rng, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def jwt(rng: Rng) -> str:
    parts = ({"alg": "HS256", "typ": "JWT"}, {"sub": some(rng, DIGITS, 8), "iat": 1})
    told = [
        base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts
    ]
    return ".".join([*told, some(rng, LETTERS + "-_", 43)])


def pem(rng: Rng) -> str:
    kind = rng.choice(("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"))
    lines = "\n".join(some(rng, LETTERS + "+/", 64) for _ in range(6))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----"


def password(rng: Rng) -> str:
    return some(rng, LETTERS, 9) + rng.choice("!#%+-_.") + some(rng, DIGITS, 2)


def pat(rng: Rng) -> str:
    return "github_pat_" + some(rng, LETTERS, 22) + "_" + some(rng, LETTERS, 59)


# In each, `{}` is where the credential stands.
KINDS: dict[str, tuple[str, Callable[[Rng], str]]] = {
    "aws key id": ("key id {} was found", lambda r: "AKIA" + some(r, UPPER + DIGITS, 16)),
    "aws secret": ("aws_secret_access_key = {}", lambda r: some(r, LETTERS + "+/", 40)),
    "github": ("token {}.", lambda r: r.choice(("ghp_", "gho_", "ghs_")) + some(r, LETTERS, 36)),
    "github, fine-grained": ("({})", pat),
    "gitlab": ("use {} here", lambda r: "glpat-" + some(r, LETTERS, 20)),
    "slack": ("{}", lambda r: f"xoxb-{some(r, DIGITS, 12)}-{some(r, LETTERS, 24)}"),
    "stripe": ("live: {},", lambda r: r.choice(("sk_live_", "rk_live_")) + some(r, LETTERS, 24)),
    "google": ("?key={}&x=1", lambda r: "AIza" + some(r, LETTERS + "-_", 34) + "x"),
    "sendgrid": ("'{}'", lambda r: f"SG.{some(r, LETTERS, 22)}.{some(r, LETTERS, 43)}"),
    "openai": ("AI: {}", lambda r: r.choice(("sk-", "sk-proj-")) + some(r, LETTERS, 44)),
    "of a service": ("we use {} for it", lambda r: "remit_svc_" + some(r, HEX, 64)),
    "hugging face": ("login with {}", lambda r: "hf_" + some(r, LETTERS, 34)),
    "npm": ("//registry/:_authToken={}", lambda r: "npm_" + some(r, LETTERS, 36)),
    "package index": ("pass {}", lambda r: "pypi-" + some(r, LETTERS + "-_", 80) + "x"),
    "jwt": ("Cookie: session={};", jwt),
    "pem": ("see\n{}\nbelow", pem),
    "bearer": ("Authorization: Bearer {}", lambda r: some(r, LETTERS, 40)),
    "password": ("password: {}\n", password),
    "key and value": ('"api_key": "{}"', lambda r: some(r, LETTERS, 32)),
}  # fmt: skip


def words(rng: Rng) -> str:
    return " ".join(
        rng.choice("the key token secret is in our safe place today".split()) for _ in range(8)
    )


LOOKS: dict[str, Callable[[Rng], str]] = {
    "sha-1": lambda r: f"commit {hashlib.sha1(r.randbytes(8)).hexdigest()}",
    "sha-256": lambda r: f"digest sha256:{hashlib.sha256(r.randbytes(8)).hexdigest()}",
    "md5": lambda r: f'etag "{hashlib.md5(r.randbytes(8)).hexdigest()}"',
    "uuid": lambda r: f"id {uuid.UUID(int=r.getrandbits(128), version=4)}",
    "trace": lambda r: f"trace_id={some(r, HEX, 32)} span={some(r, HEX, 16)}",
    "variable": lambda r: f"password: ${{{some(r, UPPER, 8)}_PASSWORD}}",
    "template": lambda r: f"api_key = {{{{ {some(r, LOWER, 8)} }}}}",
    "stars": lambda r: "password: " + "*" * r.randrange(6, 20),
    "placeholder": lambda r: f"api_key: <your-{some(r, LOWER, 6)}-key>",
    "integrity": lambda r: "sha512-" + base64.b64encode(r.randbytes(64)).decode(),
    "public key": lambda r: f"-----BEGIN PUBLIC KEY-----\n{some(r, LETTERS, 64)}\n-----END",
    "count": lambda r: f"used {r.randrange(10_000)} tokens of max_tokens={r.randrange(10_000)}",
    "file": lambda r: f"static/app.{some(r, HEX, 8)}.js and sk-{some(r, LOWER, 6)}",
    "word": lambda r: f"the password is {r.choice(('required', 'missing', 'invalid', 'wrong'))}",
    "prose": words,
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_credential_is_found_whole(kind: str) -> None:
    rng = random.Random(f"{SEED} {kind}")
    frame, made = KINDS[kind]
    for _ in range(OF_A_KIND):
        secret = made(rng)
        text = frame.replace("{}", secret)
        start = text.index(secret)
        covered = [(one.start, one.end) for one in find(text) if one.type == "SECRET"]

        assert any(first <= start and start + len(secret) <= last for first, last in covered), text


@pytest.mark.parametrize("kind", LOOKS)
def test_what_only_looks_like_one_is_none(kind: str) -> None:
    rng = random.Random(f"{SEED} {kind}")
    for _ in range(ALIKE):
        text = LOOKS[kind](rng)

        assert [one.label for one in find(text) if one.type == "SECRET"] == [], text


def test_there_are_as_many_kinds_as_promised() -> None:
    assert (len(KINDS), len(LOOKS)) == (19, 15)


@pytest.mark.parametrize("words", ["AWS secret", "my api key", "the access token", "secret key"])
def test_a_credential_that_people_write_behind_a_word_is_found(words: str) -> None:
    rng = random.Random(SEED)
    for _ in range(OF_A_KIND):
        drawn = f"aB3{some(rng, LETTERS, 37)}"
        text = f"{words} {drawn} as told"
        (found,) = find(text)
        assert text[found.start : found.end] == drawn


@pytest.mark.parametrize(
    "text",
    [
        "the secret ingredient of our soup", "my api key documentation-page-2024-overview",
        "secret aaaaaaaaaaaaaaaaaaaaaaaaaA1", "the access token 1234567890123456",
        "account key CUSTOMER_RECORD_NUMBER_2024",
    ],
)  # fmt: skip
def test_words_behind_such_a_word_are_none(text: str) -> None:
    assert not [one for one in find(text) if one.type == "SECRET"]
