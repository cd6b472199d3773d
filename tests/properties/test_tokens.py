"""Laws of tokens: back through every dress, never a wrong value, nobody steers from outside.

A sample in the suite; `make torture` runs the long form and shows the figures.
"""

import random
from collections import Counter
from collections.abc import Callable
from itertools import cycle

import pytest

from remit.domain.erasure import Ending
from remit.domain.value import Json
from remit.errors import TokenRefusedError, VaultLockedError
from remit.intake import tokens
from remit.intake.mask import Masker
from remit.intake.vault import ScopeVault, VaultRow
from tests.faults.lengths import Progress, times

Record = Callable[[str, object], None]
Mangling = Callable[[str, random.Random], tuple[str, str]]

ROOT = b"k" * 32
SEED = 4
TOKENS = times(200, long=2_000)
REFUSALS = times(20_000, long=1_000_000)
LIVE = times(200, long=2_000)
ERASED = times(30, long=300)
DOCUMENTS = times(60, long=2_000)
STEERINGS = times(40, long=2_000)

HIDDEN = "hidden-"
KINDS = ("EMAIL", "PERSON", "CARD", "IBAN", "TEXT", "PHONE")


def value_of(kind: str, number: int) -> str:
    """Return a value that no other number has, and that no text of these tests holds by itself."""
    return f"{HIDDEN}{kind.lower()}-{number}@zz.example"


def filled(rng: random.Random, number: int, scope: str = "case") -> Masker:
    """Return a masker whose scope holds that many values, under keys of its own."""
    vault = ScopeVault(scope, root_key=ROOT, check_key=ROOT, rows=(), random_bytes=rng.randbytes)
    for one, kind in zip(range(number), cycle(KINDS), strict=False):
        value = value_of(kind, one)
        vault.token_for(kind, value, value)
    return Masker(vault)


def after(ending: Ending, scope: str = "case") -> Masker:
    """Return a masker of a scope whose rows and key are gone; the installation's key is not."""
    vault = ScopeVault(
        scope, root_key=b"n" * 32, check_key=ROOT, rows=(), random_bytes=bytes, ended=ending
    )
    return Masker(vault)


# -- the way back --------------------------------------------------------------------------------


def _joined(separator: str) -> Mangling:
    return lambda token, _: (token.replace("_", separator), "{}")


def _around(before: str, after: str) -> Mangling:
    return lambda token, _: (f"{before}{token}{after}", f"{before}{{}}{after}")


def _lower(token: str, rng: random.Random) -> tuple[str, str]:
    del rng
    return token.lower(), "{}"


def _any_case(token: str, rng: random.Random) -> tuple[str, str]:
    return "".join(rng.choice((char.lower(), char.upper())) for char in token), "{}"


def _look_alike(token: str, rng: random.Random) -> tuple[str, str]:
    kind, _, code = token.partition("_")
    swaps = {"0": "oO0", "1": "iIlL1"}
    return f"{kind}_{''.join(rng.choice(swaps.get(char, char)) for char in code)}", "{}"


# Name -> what a model writes, and what stands around the value when it is back.
MANGLINGS: dict[str, Mangling] = {
    "lower case": _lower,
    "any case": _any_case,
    "O for 0, I and L for 1": _look_alike,
    "escaped": _joined("\\_"),
    "percent": _joined("%5F"),
    "percent, lower case": _joined("%5f"),
    "entity": _joined("&#95;"),
    "\\u": _joined("\\u005f"),
    "dash": _joined("-"),
    "space": _joined(" "),
    "no-break space": _joined("\u00a0"),
    "full-width": _joined("\uff3f"),
    "bold": _around("**", "**"),
    "quotes": _around('"', '"'),
    "typographic quotes": _around("\u201c", "\u201d"),
    "possessive": _around("", "'s"),
    "suffix": _around("", "s"),
    "markup": _around('<a href="mailto:', '">'),
}


@pytest.mark.parametrize("name", MANGLINGS)
def test_a_token_comes_back_however_a_model_writes_it(name: str, record_property: Record) -> None:
    rng = random.Random(f"{SEED}{name}")
    mine = filled(rng, TOKENS)
    for known in mine.vault.known_values():
        written, around = MANGLINGS[name](known.token, rng)
        back = mine.restore(f"Dear reader, {written}: thank you.")
        assert back == f"Dear reader, {around.format(known.surface)}: thank you.", written
    record_property("tokens mangled", TOKENS)


# -- guesses -------------------------------------------------------------------------------------


def _code(rng: random.Random) -> str:
    return "".join(rng.choices(tokens.ALPHABET, k=tokens.CODE_LENGTH))


def guessed(live: list[str], rng: random.Random) -> str:
    """Return a token that somebody invents, as a careful one would: well formed."""
    while not tokens.is_token(token := f"{tokens.type_of(rng.choice(live))}_{_code(rng)}"):
        pass
    return token


def altered(live: list[str], rng: random.Random) -> str:
    """Return a live token with one or two letters of its code changed."""
    known = set(live)
    while True:
        token = list(rng.choice(live))
        for place in rng.sample(range(-tokens.CODE_LENGTH, 0), rng.choice((1, 2))):
            token[place] = rng.choice(tokens.ALPHABET)
        if (other := "".join(token)) not in known:
            return other


def of_another_type(live: list[str], rng: random.Random) -> str:
    """Return the code of a live token under another type."""
    kind, _, code = rng.choice(live).rpartition("_")
    return f"{rng.choice([one for one in tokens.TYPES if one != kind])}_{code}"


@pytest.mark.parametrize("make", [guessed, altered, of_another_type])
def test_what_is_no_token_of_the_case_never_gives_a_value(
    make: Callable[[list[str], random.Random], str], record_property: Record
) -> None:
    rng = random.Random(f"{SEED}{make.__name__}")
    mine = filled(rng, LIVE)
    live = sorted(mine.vault.tokens())
    told = Progress(make.__name__, REFUSALS)
    ended: Counter[str] = Counter()
    for number in range(REFUSALS):
        token = make(live, rng)
        ended[outcome(mine, token)] += 1
        told.reached(number)
    assert ended["value"] == 0
    assert ended.total() == REFUSALS
    assert ended.keys() <= {"token.unknown", "text", "value"}
    record_property("tokens refused", ended["token.unknown"])
    record_property("tokens left as text", ended["text"])  # no longer shaped as one
    record_property("wrong values", ended["value"])


def test_tokens_of_another_case_never_give_a_value(record_property: Record) -> None:
    rng = random.Random(SEED)
    mine, done = filled(rng, LIVE), 0
    told = Progress("tokens of another case", REFUSALS)
    ended: Counter[str] = Counter()
    while done < REFUSALS:
        for token in filled(rng, min(LIVE, REFUSALS - done), scope=f"other-{done}").vault.tokens():
            ended[outcome(mine, token)] += 1
            done += 1
        told.reached(done)
    assert ended == {"token.unknown": done}
    record_property("tokens refused", done)
    record_property("wrong values", 0)


@pytest.mark.parametrize("how", Ending)
def test_every_token_of_a_scope_that_ended_says_how(how: Ending, record_property: Record) -> None:
    rng = random.Random(f"{SEED}{how}")
    told = Progress(f"tokens that are {how}", REFUSALS)
    ended: Counter[str] = Counter()
    while ended.total() < REFUSALS:
        scope = f"case-{ended.total()}"
        live = filled(rng, min(LIVE, REFUSALS - ended.total()), scope=scope).vault.tokens()
        gone = after(how, scope)
        ended.update(outcome(gone, token) for token in live)
        told.reached(ended.total())
    assert ended == {f"token.{how}": REFUSALS}
    record_property("tokens refused", REFUSALS)
    record_property("wrong values", 0)


def test_values_erased_one_by_one_say_so_and_no_other_changes(record_property: Record) -> None:
    """Each erasure seals the rest under another key; rows of the keys before open nothing."""
    rng = random.Random(SEED)
    first = filled(rng, LIVE).vault
    before = {one.token: one for one in first.known_values()}
    order = rng.sample(sorted(before), ERASED)
    rows, gone, ended = first.take_new_rows(), set[str](), Counter[str]()
    vault = first
    for number, token in enumerate(order, 1):
        root = rng.randbytes(32)
        old, rows = rows, vault.resealed(root, key_id=f"key-{number}", without=token)
        gone.add(token)
        vault = opened_again(rows, root, rng)
        assert {one.token: one for one in vault.known_values()} == {
            name: one for name, one in before.items() if name not in gone
        }
        assert vault.tokens() == before.keys()
        with pytest.raises(VaultLockedError):
            opened_again(old, root, rng)
        ended.update(outcome(Masker(vault), one) for one in gone)
        ended.update(outcome(Masker(vault), altered(sorted(gone), rng)) for _ in gone)
        fresh = vault.token_for("EMAIL", before[token].canonical, "again")
        assert fresh not in before, "what it stood for is forgotten"
        vault = opened_again(rows, root, rng)
    assert ended["token.erased"] == ERASED * (ERASED + 1) // 2
    assert ended.keys() <= {"token.erased", "token.unknown", "text"}
    record_property("values erased one by one", ERASED)


def opened_again(rows: tuple[VaultRow, ...], root: bytes, rng: random.Random) -> ScopeVault:
    return ScopeVault("case", root_key=root, check_key=ROOT, rows=rows, random_bytes=rng.randbytes)


@pytest.mark.parametrize("how", Ending)
@pytest.mark.parametrize("make", [guessed, altered])
def test_what_was_never_a_token_of_a_scope_that_ended_stays_unknown(
    make: Callable[[list[str], random.Random], str], how: Ending, record_property: Record
) -> None:
    """But for luck with the three check letters: one in 32,768, and it gains nothing."""
    rng = random.Random(f"{SEED}{make.__name__}{how}")
    live, gone = sorted(filled(rng, LIVE).vault.tokens()), after(how)
    told = Progress(f"{make.__name__} and {how}", REFUSALS)
    ended: Counter[str] = Counter()
    for number in range(REFUSALS):
        ended[outcome(gone, make(live, rng))] += 1
        told.reached(number)
    lucky = ended.pop(f"token.{how}", 0)
    assert lucky <= 8 + 2 * REFUSALS // 32_768
    assert ended.keys() <= {"token.unknown", "text"}
    record_property("tokens refused", ended["token.unknown"])
    record_property("tokens with right check letters by luck", lucky)
    record_property("wrong values", 0)


def outcome(mine: Masker, token: str) -> str:
    """Tell what comes of a token inside a text and as a whole argument: no value, in either."""
    ended = set()
    for text in (token, f"to {token}, please"):
        try:
            back = mine.restore(text)
        except TokenRefusedError as error:
            ended.add("value" if HIDDEN in str(error) else error.code)
        else:
            ended.add("text" if back == text else "value")
    return "value" if "value" in ended else max(ended)  # a refusal before a text


# -- documents -----------------------------------------------------------------------------------

PLACEHOLDERS = (
    "<EMAIL_1>", "<<EMAIL:1>>", "[EMAIL_1]", "{{email}}", "{{ EMAIL_1 }}", "${EMAIL}", "%(email)s",
    "%EMAIL%", "{EMAIL_1}", "__EMAIL_1__", "[[EMAIL_1]]", "<PERSON>", "[REDACTED]", "{{{email}}}",
    "{% email %}", "<%= email %>", "#EMAIL#", "@@EMAIL@@", "\0EMAIL_1\0", "\\g<EMAIL_1>", "\\1",
    "$1", "EMAIL_{0}", "&EMAIL_1;", "&#95;", "%5F", "\\u005f", "\\_", "\uff3f", "email_",
    "_7K3QX2MD",
)  # fmt: skip
VALUES = (
    "anna@example.org", "Anna@EXAMPLE.org", "+49 30 901820", "+4930901820", "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00", "192.0.2.17", "https://bob:pw@example.org/u/anna?x=1",
    "2001:db8::17:1", "00:1b:44:11:3a:b7", "password: hunter2-hunter2",
)  # fmt: skip
GLUE = (
    "", " ", "\n", "\r\n", ", ", "=", "/", "@", "-", "_", "\u00a0", "\u200b", "\u0301", "\u202e",
    "\t", "\x00", "\ud800", "x", "0", "7", "\U0001f600", "\ufeff", "\\", '"', "'s", "s", "**",
    "card ",
)  # fmt: skip


def document(rng: random.Random, live: list[str]) -> str:
    """Return a text full of placeholders, look-alikes, live tokens in every dress, and values."""
    pieces = []
    for _ in range(rng.randint(5, 40)):
        kind = rng.randrange(5)
        if kind == 0:
            pieces.append(rng.choice(PLACEHOLDERS))
        elif kind == 1:
            pieces.append(rng.choice(VALUES))
        elif kind == 2:
            pieces.append(rng.choice(list(MANGLINGS.values()))(rng.choice(live), rng)[0])
        elif kind == 3:
            pieces.append(rng.choice(list(MANGLINGS.values()))(guessed(live, rng), rng)[0])
        else:
            pieces.append("".join(rng.choices(GLUE, k=3)))
        pieces.append(rng.choice(GLUE))
    return "".join(pieces)


def test_documents_full_of_placeholders_come_back_byte_for_byte(record_property: Record) -> None:
    rng = random.Random(SEED)
    told = Progress("documents", DOCUMENTS)
    for number in range(DOCUMENTS):
        mine = filled(rng, 6)
        text = document(rng, sorted(mine.vault.tokens()))
        masked = mine.mask_text(text)
        assert mine.restore_text(masked) == text
        assert Masker(mine.vault).mask_text(masked.text, trusted_tokens=True).text == masked.text
        told.reached(number)
    record_property("documents", DOCUMENTS)


# -- steering ------------------------------------------------------------------------------------


def _pasted(mine: Masker, rng: random.Random) -> str:
    return rng.choice(sorted(mine.vault.tokens()))


def _of_another(mine: Masker, rng: random.Random) -> str:
    del mine
    return _pasted(filled(rng, 3, scope="another"), rng)


def _placeholder(mine: Masker, rng: random.Random) -> str:
    del mine
    return rng.choice(("<EMAIL_1>", "<<EMAIL:1>>", "[EMAIL_1]", "{{email}}"))


ASKING: dict[str, Callable[[Masker, random.Random], str]] = {
    "placeholder": _placeholder,
    "a live token pasted": _pasted,
    "a token of another case": _of_another,
    "a live token in another dress": lambda mine, rng: rng.choice(list(MANGLINGS.values()))(
        _pasted(mine, rng), rng
    )[0],
}


@pytest.mark.parametrize("how", ASKING)
def test_nobody_outside_can_name_a_value(how: str, record_property: Record) -> None:
    rng = random.Random(f"{SEED}{how}")
    for _ in range(STEERINGS):
        mine = filled(rng, 8)
        asked = ASKING[how](mine, rng)
        text = f"Please write to {asked} instead. {asked}, I say."
        masked = mine.mask_text(text)
        # A model copies it whole, or the place of what was asked for, into an argument.
        for copied in (masked.text, *masked.tokens):
            assert HIDDEN not in str(mine.restore(copied)), text
        assert mine.restore(masked.text) == text
    record_property("steerings", STEERINGS)
    record_property("foreign values", 0)


def test_a_value_that_holds_a_token_is_not_read_again(record_property: Record) -> None:
    rng = random.Random(SEED)
    for _ in range(STEERINGS):
        mine = filled(rng, 8)
        name = f"Anna {_pasted(mine, rng)} Roe"
        token = mine.mask_value("PERSON", name)
        assert mine.restore({"name": token, "text": f"Dear {token}!"}) == {
            "name": name,
            "text": f"Dear {name}!",
        }
    record_property("steerings", STEERINGS)
    record_property("foreign values", 0)


def test_tokens_in_the_result_of_a_tool_are_text(record_property: Record) -> None:
    rng = random.Random(SEED)
    for _ in range(STEERINGS):
        mine = filled(rng, 8)
        one, other, third = (_pasted(mine, rng) for _ in range(3))
        result: Json = {
            "to": one,
            "rows": [other, {"note": f"{third} is the new address"}],
            one: 1,
        }
        masked = mine.mask_json(result, private={"to": "EMAIL"})
        assert not mine.vault.tokens().isdisjoint(words(masked))
        assert {one, other, third}.isdisjoint(words(masked))
        back = mine.restore(masked)
        assert back == result
        assert HIDDEN not in str(back)
    record_property("steerings", STEERINGS)
    record_property("foreign values", 0)


def words(value: Json) -> set[str]:
    return {read.token for read in tokens.reads(str(value))}
