"""No error of intake holds a value: not in its text, its arguments, its notes or its chain."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remit import testing
from remit.app import Remit
from remit.authoring import rows
from remit.errors import IntakeError, MaskingError, RemitError, TokenRefusedError
from remit.intake import attachments, charsets, mail, mask, normalise
from remit.intake.mask import Masker
from remit.intake.vault import ScopeVault
from tests.canaries import DECLARED_KINDS, TEXT_KINDS, Flock, seen
from tests.faults.lengths import times
from tests.planting import MORE
from tests.projects import NAME, Small

EXAMPLES = times(40, long=2_000)
SEEDS = st.integers(0, 2**32)
CONTEXT = normalise.NormaliseContext(received_at=testing.FrozenClock()())


def everything_of(error: BaseException) -> Iterator[str]:
    """Yield all that whoever holds an error can read in it."""
    waiting: list[BaseException | None] = [error]
    known: set[int] = set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in known:
            continue
        known.add(id(one))
        yield from (str(one), repr(one), repr(one.args), repr(getattr(one, "__notes__", ())))
        yield repr(getattr(one, "__dict__", {}))
        yield from (str(getattr(one, name, "")) for name in ("object", "doc", "filename", "name"))
        waiting += [one.__cause__, one.__context__]


def nothing_of(flock: Flock, where: str, *said: str) -> None:
    found = seen(flock, [(where, one.encode()) for one in said])
    assert not found, "; ".join(sorted({str(one) for one in found}))


def broken(size: int) -> bytes:
    raise RuntimeError(f"no randomness: {BROKEN[0]}")


BROKEN = [""]


class Odd:
    """A value of no type that a message may have."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


def _masker(random_bytes: Callable[[int], bytes] = os.urandom) -> Masker:
    vault = ScopeVault(
        "c", root_key=bytes(32), check_key=bytes(32), rows=[], random_bytes=random_bytes
    )
    return Masker(vault, regions=("DE",))


def _deep(text: str) -> Any:
    value: Any = text
    for _ in range(400):
        value = [value]
    return value


def _locked(text: str) -> None:
    """Open with another key what one key has sealed."""
    first = _masker()
    first.mask_text(text)
    again = ScopeVault(
        "c", root_key=bytes([1]) * 32, check_key=bytes(32), rows=first.vault.take_new_rows(),
        random_bytes=bytes,
    )  # fmt: skip
    Masker(again).mask_text(text)


def _read(name: str, folder: Path) -> Callable[[str], None]:
    def read(text: str) -> None:
        place = folder / name
        place.write_bytes(text.encode("utf-8"))
        faults = [row.fault for row in rows.read(place) if row.fault]
        if faults:
            raise IntakeError("; ".join(faults))

    return read


# entry -> what is done with a text full of values, and goes wrong or says what it found
WRONG: Mapping[str, Callable[[str], object]] = {
    "a text too long": lambda text: _masker().mask_text(text + "x" * 1_048_576),
    "a value too deep": lambda text: _masker().mask_json(_deep(text)),
    "a value of no type": lambda text: _masker().mask_json({"a": Odd(text)}),  # type: ignore[dict-item]  # on purpose
    "a key of no type": lambda text: _masker().mask_json({Odd(text): text}),  # type: ignore[dict-item]  # on purpose
    "no randomness": lambda text: _masker(random_bytes=broken).mask_text(text),
    "a type of no token": lambda text: _masker().mask_value(text, text),
    "a locked vault": _locked,
    "an invented token": lambda text: _masker().restore({"a": f"EMAIL_7K3QX2MD {text}"}),
    "a name that is no token": lambda text: _masker().vault.resolve(text, expected_type="EMAIL"),
    "a value of no token": lambda text: _masker().vault.value_of(text),  # noqa: PLW0108 - a masker of its own
    "torn bytes": lambda text: _masker().unseal(text.encode()),
    "a mail": lambda text: mail.read(text.encode(), digest=lambda _: "d"),
    "a torn mail": lambda text: mail.read(
        f"From: {text}\nContent-Type: multipart/mixed\n\n{text}".encode(), digest=lambda _: "d"
    ),
    "an attachment": lambda text: attachments.read(
        b"%PDF-1.7 " + text.encode(), part="2", name=text, type="text/plain", charset=text,
        digest="d",
    ),
    "bytes of no charset": lambda text: charsets.decode(text.encode("utf-16-be") + b"\xff"),
    "a scope's rows": lambda text: mask.open_scope(
        "c", root_key=bytes(32), check_key=bytes(32), random_bytes=bytes,
        rows=[("c", text, "EMAIL", b"", text.encode(), "")],
    )[0].mask_text(text),
}  # fmt: skip


# What is no error: these end in a value with its reasons, whose repr tells nothing of it.
VALUES = {"a mail", "a torn mail", "an attachment", "bytes of no charset"}


@pytest.mark.parametrize("entry", WRONG)
@settings(max_examples=EXAMPLES, deadline=None)
@given(seed=SEEDS)
def test_an_error_of_masking_and_reading_holds_no_value(entry: str, seed: int) -> None:
    flock = Flock.of(seed).at(entry)
    text = flock.text(*TEXT_KINDS)
    BROKEN[0] = text
    try:
        made = WRONG[entry](text)
    except RemitError as error:
        nothing_of(flock, entry, *everything_of(error))
        raised = type(error)
    else:
        if entry in VALUES:
            nothing_of(flock, entry, repr(made))
        raised = None
    assert raised is None or issubclass(raised, IntakeError | MaskingError | TokenRefusedError)
    assert (raised is None) is (entry in VALUES)


@pytest.mark.parametrize("name", ["in.jsonl", "in.csv", "in.jsonl.gz", "in.mbox", "in.eml"])
@settings(max_examples=times(10, long=500), deadline=None)
@given(seed=SEEDS)
def test_an_error_of_a_file_of_rows_holds_no_value(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    flock = Flock.of(seed).at(name)
    folder = tmp_path_factory.mktemp("rows")
    for text in (
        f"{flock.text(*TEXT_KINDS)}\n",
        f'{{"a": "{flock.text("EMAIL")}", "a": 1}}\n{{"b": NaN, "{flock.one("EMAIL")}": }}\n',
        f'{{"{flock.one("EMAIL")}": 1, "{flock.one("EMAIL")}"\n[{flock.one("CARD")}e999]\n',
        "{0},{0}\n1,2\n".format(flock.one("EMAIL")),
        f'a,a,"{flock.one("EMAIL")}\n{flock.one("CARD")},{flock.one("PHONE")}\x00,,,\n',
    ):
        try:
            _read(name, folder)(text)
        except RemitError as error:
            nothing_of(flock, name, *everything_of(error))


FORMS: tuple[Callable[[str], object], ...] = (
    str,
    lambda text: f"03/04/2026 {text}",
    lambda text: {text: text},
    lambda text: [text, {"a": [text]}],
    Odd,
    str.encode,
    _deep,
    lambda _: float("nan"),
    lambda _: 10**400,
)
FIELDS = (
    "sender", "customer", "phone", "iban", "home", "member", "born", "due", "message", "amount",
    "attachments", "order_id",
)  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Small:
    made = Small(folder=tmp_path_factory.mktemp("desk"))
    code = MORE.replace("not in FAULTY", "not in ()")
    made.write("return await plea(case, run)", more=code)
    place = made.folder / "project" / "small.py"
    place.write_text(place.read_text().replace("case: Wish, run", "case: Plea, run"))
    return made


def test_a_refusal_of_a_message_holds_no_value(small: Small) -> None:
    """Neither what is raised, nor the sentences, candidates and excerpts of what waits."""

    async def tried() -> None:
        async with small.open(replays=False) as remit:
            told: list[int] = [0, 0]

            @settings(max_examples=times(60, long=5_000), deadline=None)
            @given(seed=SEEDS)
            def refused(seed: int) -> None:
                _refused(remit, Flock.of(seed).at("message"), told)

            refused()
            assert min(told) > 0, "some were refused, some wait"

    asyncio.run(tried())


def _refused(remit: Remit, flock: Flock, told: list[int]) -> None:
    chance = flock.random
    raw: dict[str, object] = {}
    for name in chance.sample(FIELDS, chance.randrange(1, 6)):
        if name in {"customer", "home", "member"}:
            kind = dict(zip(("customer", "home", "member"), DECLARED_KINDS, strict=True))[name]
            raw[name] = chance.choice((flock.one(kind), f"{flock.one(kind)}" + "\n" * 300))
        else:
            raw[name] = chance.choice(FORMS)(flock.text(*chance.sample(TEXT_KINDS, 3)))
    if chance.random() < 0.2:
        raw[flock.one("EMAIL")] = flock.one("EMAIL")
    long = chance.random() < 0.1
    external = flock.one("EMAIL") * (40 if long else 1)
    try:
        admitted = remit.admit(NAME, raw, channel="test", external_id=external)
    except RemitError as error:
        told[0] += 1
        nothing_of(flock, "refusal", *everything_of(error))
        return
    told[1] += bool(admitted.reasons)
    payloads = {name: one for name, one in admitted.draft.payloads.items() if name != "raw"}
    nothing_of(
        flock, "what waits", repr(admitted.reasons), repr(admitted.draft.event), repr(payloads)
    )
