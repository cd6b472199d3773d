"""Every line of the normalising table: what is read, what is assumed, what is refused."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from remit.domain.money import Money
from remit.domain.value import Json, canonical
from remit.intake.normalise import (
    NormaliseContext,
    normalise_card,
    normalise_date,
    normalise_email,
    normalise_iban,
    normalise_identifier,
    normalise_instant,
    normalise_money,
    normalise_person,
    normalise_phone,
    normalise_text,
)
from remit.intake.outcome import Field, Outcome
from remit.intake.reasons import SENTENCES, ReasonCode

LINES = Path(__file__).parents[2].joinpath("golden/intake.jsonl").read_text().splitlines()
CASES = [json.loads(line) for line in LINES]
READERS: dict[str, Callable[[str, NormaliseContext], Field]] = {
    "date": normalise_date,
    "instant": normalise_instant,
    "money": normalise_money,
    "phone": normalise_phone,
    "email": normalise_email,
    "iban": normalise_iban,
    "card": normalise_card,
    "identifier": lambda raw, context: normalise_identifier(raw, context, pattern=r"\d{4,15}"),
    "person": normalise_person,
    "text": normalise_text,
}


def context(**known: object) -> NormaliseContext:
    return NormaliseContext(received_at=datetime(2025, 3, 4, 12, tzinfo=UTC), **known)  # type: ignore[arg-type]  # the table's own keys


def shown(field: Field) -> Json:
    if isinstance(field.value, Money):
        return str(field.value)
    return canonical(field.value).form


@pytest.mark.parametrize("case", CASES, ids=[f"{one['kind']}-{n}" for n, one in enumerate(CASES)])
def test_a_line_of_the_table_reads_as_it_says(case: dict[str, object]) -> None:
    field = READERS[str(case["kind"])](str(case["raw"]), context(**case["context"]))  # type: ignore[arg-type]  # a JSON object

    assert {
        "outcome": field.outcome.value,
        "value": shown(field),
        "code": field.reason.code.value if field.reason else None,
        "candidates": list(field.reason.candidates) if field.reason else [],
        "assumptions": [one.code for one in field.assumptions],
    } == {key: case[key] for key in ("outcome", "value", "code", "candidates", "assumptions")}


@pytest.mark.parametrize("case", [one for one in CASES if one["outcome"] != "quarantined"])
def test_the_written_form_of_a_value_reads_as_itself(case: dict[str, object]) -> None:
    read = READERS[str(case["kind"])]
    again = read(str(case["value"]), context())

    assert (shown(again), again.outcome) in (
        (case["value"], Outcome.ACCEPTED),
        (case["value"], Outcome.ASSUMED),  # a mixed script is flagged each time
    )


def test_every_reason_has_a_sentence_without_a_full_stop() -> None:
    assert set(SENTENCES) == set(ReasonCode)
    assert not [text for text in SENTENCES.values() if text.endswith(".")]


def test_a_field_never_shows_its_value() -> None:
    field = normalise_email("anna@example.org", context())

    assert repr(field) == "Field(kind=email, outcome=accepted, code=None)"


def test_a_refusal_of_a_private_value_does_not_name_it() -> None:
    for kind, raw in (("phone", "+999 1234567"), ("iban", "DE88370400440532013000")):
        reason = READERS[kind](raw, context()).reason
        assert reason is not None
        assert raw not in reason.sentence
        assert raw not in repr(reason)


def test_a_value_that_is_already_one_is_left_alone() -> None:
    assert normalise_date(date(2025, 3, 4).isoformat(), context()).value == date(2025, 3, 4)
