"""Laws of masking: exact back, settled after once, and no wrong value for an altered token."""

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from remit.domain.value import Json
from remit.errors import TokenUnknownError
from remit.intake import secrets, tokens
from remit.intake.accelerator import NAMES
from remit.intake.anchors import PLAIN, Anchor, anchors
from remit.intake.detect import find
from remit.intake.mask import Masker
from remit.intake.outline import Outline
from remit.intake.recognisers import RECOGNISERS
from remit.intake.scrub import scrub
from remit.intake.surroundings import Surroundings
from remit.intake.vault import ScopeVault
from remit.intake.view import view_of
from tests.faults.lengths import times

VALUES = (
    "anna@example.org", "Anna@EXAMPLE.org", "+49 30 901820", "+4930901820", "(201) 555-0123",
    "4111 1111 1111 1111", "4111111111111111", "DE89 3704 0044 0532 0130 00", "192.0.2.17",
    "https://bob:pw@example.org/u/anna?x=1", "123-45-6789", "anna%40example.org",
    "password: hunter2-hunter2", "born on 7 March 1980", "geboren 07.03.1980", "born 1980-03-07",
    "2001:db8::17:1", "00:1b:44:11:3a:b7",
)  # fmt: skip
LOOKS = (
    "EMAIL_7K3QX2MD", "email-7k3qx2md", "<EMAIL_1>", "<<EMAIL:1>>", "[EMAIL_1]", "{{email}}",
    "PHONE_", "CARD_23", "TEXT", "_", "%5F", "\\u005f", "&#95;", "PHONE_234BC", "card ab12cd34",
    "EMAIL%5F7AAAAAA3", "text passport", "CARD&#95;9BCDEF12", "IBAN\\u005f2BCDEF1H",
)  # fmt: skip
GLUE = (
    "", " ", "\n", ", ", "call ", "card ", "order ", "=", "/", "@", ".", "-", "(", ")", "\u00a0",
    "\u200b", "é", "\u0301", "😀", "\r\n", "0", "7", "x", "://", "phone: ",
)  # fmt: skip
texts = st.lists(
    st.sampled_from(VALUES) | st.sampled_from(LOOKS) | st.sampled_from(GLUE) | st.text(max_size=8),
    max_size=14,
).map("".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def masker() -> Masker:
    vault = ScopeVault(
        "case", root_key=b"k" * 32, check_key=b"k" * 32, rows=(), random_bytes=os.urandom
    )
    return Masker(vault, regions=("DE",))


def anew(known: Masker) -> Masker:
    """Return a masker of the same values that has seen no text yet."""
    return Masker(known.vault, regions=("DE",))


@given(texts)
def test_a_text_comes_back_byte_for_byte(text: str) -> None:
    mine = masker()

    assert mine.restore_text(mine.mask_text(text)) == text


@given(texts)
def test_masking_twice_is_masking_once(text: str) -> None:
    mine = masker()
    masked = mine.mask_text(text)

    assert anew(mine).mask_text(masked.text, trusted_tokens=True).text == masked.text


@example("PHONE_+49 30 901820", "", False, "")
@example(
    "anna@example.organna@example.organna@example.orgAnna@EXAMPLE.organna@example.org",
    "",
    False,
    "",
)
@given(texts, texts, st.booleans(), st.sampled_from(("", "phone", "order", "born")))
def test_what_is_remembered_is_what_a_fresh_look_finds(
    one: str, other: str, trusted: bool, label: str
) -> None:
    mine = masker()
    mine.mask_text(one, label=label)
    mine.mask_text(other)
    seen = mine.mask_text(one, trusted_tokens=trusted, label=label)

    assert anew(mine).mask_text(one, trusted_tokens=trusted, label=label).text == seen.text


@given(texts)
def test_a_cheap_look_overlooks_nothing(text: str) -> None:
    outline = Outline(view_of(text).text)
    around = Surroundings(outline.text)
    for recogniser in RECOGNISERS:
        if any(recogniser.hits(outline, around, ("DE",))):
            assert recogniser.gate(Outline(outline.text)), recogniser.label


@given(texts)
def test_tokens_are_read_as_by_their_whole_shape(text: str) -> None:
    places = [m.span() for m in tokens._TOLERANT.finditer(text) if well_formed(m[3])]
    assert [(read.start, read.end) for read in tokens.reads(text)] == places


# No credentials: what stands before one, and what is long and odd enough behind it.
BEGINNINGS = (
    "AKIA", "ghp_", "github_pat_", "glpat-", "xoxb-", "sk-", "rk_live_", "whsec_", "AIza", "ya29.",
    "SG.", "hf_", "npm_", "remit_svc_", "pypi-", "dop_v1_", "sq0atp-", "eyJ", ".eyJ",
    "-----BEGIN ", "-----END ", "PRIVATE KEY-----", "PassWord", "pwd", "API-key", "secret",
    "has\u0142o", "contrase\u00f1a",
    " is ", ": ", "=", "=> ", '"', "Bearer ", "basic  ", "\u017f", "\u0130",
)  # fmt: skip
ODD = st.text(alphabet="aB3-_.", min_size=18, max_size=90)


@given(st.lists(st.sampled_from(BEGINNINGS) | ODD, max_size=8).map("".join))
def test_a_cheap_look_overlooks_no_credential(text: str) -> None:
    outline = Outline(text)
    places = {
        secrets._VENDOR: Anchor.VENDOR,
        secrets._PEM: Anchor.VENDOR,
        secrets._PAIR: Anchor.KEY,
        secrets._BEARER: Anchor.BEARER,
    }
    for shape, anchor in places.items():
        for match in shape.finditer(text):
            if match[0].isascii():
                assert match.start() in outline.at(anchor), shape.pattern


# What anchors are made of: whole ones, halves, and what may stand between them. A letter that
# Latin-1 lacks is a `?` there, and the names of schemes in such scripts are nothing else.
PIECES = (
    "pesel", "NIP", "ssn", "ppsn", "social security", "SOCIAL", "mrn", "medical rec", "geboren",
    "né", "password", "api_key", "secret", "sk-", "AKIA", "eyJabcdefgh", "bearer ", "12345678Z",
    "131052-308T", "AB123456C", "123-45-6789", "DE89 37", "PLl0", "00:1b:44:11:", "2001:db8::1",
    "abcd.ef01.2345", "x" * 26, "1" * 26, " ", "-", ".", "\n", ":", "0", "a", "é", "ł", "_", "@",
    "เลขประจำตัวประชาชน", "身份证", "ид", "-----begin ", "hook", "hooks.slack.com", "1234567890:AA",
)  # fmt: skip


pieces = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=16).map("".join)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=times(300, long=10_000))
@example("-----BEGIN")
@example("เลขประจำตัวประชาชน: 3456789012347")
@given(pieces)
def test_every_accelerator_says_what_re_says(name: str, text: str) -> None:
    raw = Outline(text).raw

    assert anchors(raw, by=name) == anchors(raw, by=PLAIN)


SHARED = Path(__file__).parents[3] / "shared" / "data" / "pii"
ANNOTATED = sorted(SHARED.glob("*.jsonl")) or [SHARED]


@pytest.mark.parametrize("file", ANNOTATED, ids=lambda file: file.stem)
def test_every_accelerator_says_what_re_says_of_annotated_texts(file: Path) -> None:
    if not file.is_file():
        pytest.skip("not shipped: the annotated texts are not beside the project")
    lines = [line for line in file.read_text(encoding="utf-8").split("\n") if line]
    for line in lines[:: times(10, long=1)]:
        raw = Outline(json.loads(line)["text"]).raw
        places = anchors(raw, by=PLAIN)
        assert {name: anchors(raw, by=name) for name in NAMES} == dict.fromkeys(NAMES, places)


def well_formed(code: str) -> bool:
    read = "".join(tokens._READ_AS.get(char, "") for char in code)
    return len(read) == tokens.CODE_LENGTH and tokens._well_formed(read)


@given(texts)
def test_nothing_that_can_be_found_is_left(text: str) -> None:
    masked = masker().mask_text(text).text
    taken = [(one.start, one.end) for one in tokens.reads(masked)]
    for finding in find(masked, regions=("DE",)):
        clear = [
            char
            for place, char in enumerate(masked[finding.start : finding.end], finding.start)
            if char.isalnum() and not any(start <= place < end for start, end in taken)
        ]
        assert finding.label == "URL" or not clear


@given(values)
def test_json_comes_back_with_its_types(value: Json) -> None:
    mine = masker()
    masked = mine.mask_json(value)
    restored = mine.restore(masked)

    assert shape(restored) == shape(value)
    assert anew(mine).mask_json(masked, trusted_tokens=True) == masked


def shape(value: Json) -> object:
    if isinstance(value, dict):
        return [shape(item) for item in value.values()]
    if isinstance(value, list):
        return [shape(item) for item in value]
    return type(value), value if not isinstance(value, str) else None


@given(texts)
def test_scrubbing_never_raises_and_is_settled(text: str) -> None:
    once = scrub(text)

    assert scrub(once) == once


@given(st.integers(0, 2**32))
def test_an_altered_token_never_gives_a_value(seed: int) -> None:
    rng = random.Random(seed)
    vault = ScopeVault(
        "case", root_key=b"k" * 32, check_key=b"k" * 32, rows=(), random_bytes=rng.randbytes
    )
    live = [vault.token_for("EMAIL", f"u{n}@example.org", "x") for n in range(40)]
    for token in live:
        altered = list(token)
        for _ in range(rng.choice((1, 2))):
            altered[rng.randrange(6, len(token))] = rng.choice(tokens.ALPHABET)
        if (other := "".join(altered)) != token:
            with pytest.raises(TokenUnknownError):
                vault.resolve(other, expected_type=None)
