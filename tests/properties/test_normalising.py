"""Laws of normalising, for any text and for texts that are nearly right."""

from typing import Any

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES, validate_email
from hypothesis import given
from hypothesis import strategies as st

from bench.normalising import formats
from remit.intake import contacts
from remit.intake.outcome import Outcome
from remit.intake.reasons import ReasonCode
from remit.intake.values import normalise_amount
from tests.intake_table import CASES, Line, context, read, shown

KINDS = {line.kind: line for line in CASES}
GROUNDS: list[dict[str, Any]] = [
    {},
    {"country": "DE", "zone": "Europe/Berlin"},
    {"locale": "en_US", "formats": {"year_window": "1970", "currency": "USD"}},
    {"country": "GB", "locale": "pl_PL", "key": "ts"},
]


@st.composite
def nearly(draw: st.DrawFn) -> str:
    """Return an input of the table with a piece of another one, or of any text, put into it."""
    base = draw(st.sampled_from(CASES)).raw
    piece = draw(st.one_of(st.sampled_from(CASES).map(lambda line: line.raw), st.text(max_size=6)))
    start = draw(st.integers(0, len(base)))
    end = draw(st.integers(start, min(len(base), start + 8)))
    return base[:start] + piece[:12] + base[end:]


TEXTS = st.one_of(
    nearly(),
    st.text(max_size=80),
    st.text(alphabet="0123456789 .,-/:+()€$krTZ", max_size=30),
    st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
)


@pytest.mark.parametrize("line", KINDS.values(), ids=KINDS)
@given(text=TEXTS, known=st.sampled_from(GROUNDS))
def test_any_text_has_one_of_three_outcomes(line: Line, text: str, known: dict[str, Any]) -> None:
    field = read(line, raw=text, known=known)

    if field.outcome is Outcome.QUARANTINED:
        assert field.value is None
        assert field.reason is not None
        assert field.reason.code in ReasonCode
        assert field.reason.sentence
        assert len(set(field.reason.candidates)) == len(field.reason.candidates)
    else:
        assert field.value is not None
        assert field.reason is None
        assert (field.outcome is Outcome.ASSUMED) == bool(field.assumptions)


@pytest.mark.parametrize("line", KINDS.values(), ids=KINDS)
@given(text=TEXTS, known=st.sampled_from(GROUNDS))
def test_what_was_normalised_reads_as_itself(line: Line, text: str, known: dict[str, Any]) -> None:
    first = read(line, raw=text, known=known)
    if first.value is None or line.kind == "record":
        return
    if line.kind == "money":
        amount, _, currency = str(shown(first)).partition(" ")
        second = normalise_amount(amount, currency, context())
    else:
        second = read(line, raw=str(shown(first)), known={})

    assert shown(second) == shown(first)


@pytest.mark.parametrize("kind", ["date", "money", "instant"])
@given(text=TEXTS)
def test_a_ground_settles_readings_and_never_adds_one(kind: str, text: str) -> None:
    bare = read(KINDS[kind], raw=text, known={})
    known = read(KINDS[kind], raw=text, known={"country": "DE"})

    if bare.value is not None:
        assert shown(known) == shown(bare)
    if bare.reason is not None and bare.reason.code is ReasonCode.DATE_ORDER_AMBIGUOUS:
        assert known.value is None or str(shown(known))[:10] in {
            one[:10] for one in bare.reason.candidates
        }


ADDRESSES = st.one_of(
    st.from_regex(r"[a-z.+_-]{1,8}@([a-z0-9-]{1,5}\.){1,3}[a-z]{2,4}", fullmatch=True),
    st.builds("a@x.{}".format, st.sampled_from(SPECIAL_USE_DOMAIN_NAMES)),
    st.builds("{}{}".format, st.text("ab.@-_+x1", max_size=20), st.just("@x.com")),
)


@given(address=ADDRESSES)
def test_a_plain_address_is_one_for_the_library_too(address: str) -> None:
    if contacts.is_plain(address):
        assert validate_email(address, check_deliverability=False).normalized == address


def test_what_cldr_writes_is_read_as_it_was_meant_or_refused() -> None:
    read_so = {"date": 0, "money": 0}
    rows = formats.rows()
    for row in rows:
        kind, locale = str(row["kind"]), str(row["locale"])
        for known in ({}, {"locale": locale, "formats": {"year_window": formats.WINDOW}}):
            field = read(KINDS[kind], raw=str(row["raw"]), known=known)
            wanted = row["meant"]
            if kind == "money":
                amount, _, currency = str(wanted).partition(" ")
                wanted = shown(normalise_amount(amount, currency, context()))
            assert shown(field) in (None, wanted), row
        read_so[kind] += field.value is not None

    assert read_so["date"] >= 0.95 * sum(row["kind"] == "date" for row in rows)
    assert read_so["money"] >= 0.80 * sum(row["kind"] == "money" for row in rows)
