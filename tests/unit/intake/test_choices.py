"""What a person may pick: each candidate in words, and the value that it leads to."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

import pytest

from remit.authoring.case import Case
from remit.domain.money import Money
from remit.errors import IntakeError
from remit.intake import quarantine
from remit.intake.choices import Choice, choices_of
from remit.intake.fields import Date, Email, Phone, Stated, specs_of
from remit.intake.normalise import NormaliseContext, Normalised, normalise_case
from remit.intake.outcome import FieldReason
from remit.intake.reasons import ReasonCode

CONTEXT = NormaliseContext(received_at=datetime(2026, 3, 4, tzinfo=UTC))


class Bill(Case):
    due: Date | None = None
    total: Annotated[Money | None, Stated(found_in="message")] = None
    phone: Phone | None = None
    contact: Email | None = None
    message: str = ""


SPECS = {spec.name: spec for spec in specs_of(Bill)}


def _read(**raw: object) -> Normalised:
    return normalise_case(tuple(SPECS.values()), raw, CONTEXT)


def _offered(name: str, value: str, **more: str) -> tuple[Choice, ...]:
    raw = {name: value, **more}
    reason = _read(**raw).fields[name].reason
    assert reason is not None
    return choices_of(SPECS[name], raw[name], reason, CONTEXT)


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("due", "03/04/2025", ["Thursday 3 April 2025", "Tuesday 4 March 2025"]),
        ("due", "3.4.25", ["Thursday 3 April 2025", "Tuesday 4 March 2025"]),
        ("due", "Thu 4 Mar 2025", ["Tuesday 4 March 2025", "Thursday 6 March 2025"]),
        ("due", "2568-03-04", ["Tuesday 4 March 2025"]),
        ("total", "1.234 KWD", ["1,234.000 KWD, as a German number",
                                "1.234 KWD, as an English number"]),
        ("total", "-1,234 KWD", ["-1,234.000 KWD, as an English number",
                                 "-1.234 KWD, as a German number"]),
        ("phone", "+49 30 901820 / 901821", ["a number of DE", "a number of DE"]),
        ("contact", "a@nordlicht.example, b@gmail.com", ["at nordlicht.example", ""]),
    ],
)  # fmt: skip
def test_each_candidate_is_said_in_words_and_leads_to_its_value(
    name: str, value: str, says: list[str]
) -> None:
    """Picking one and reading again gives that value and no other doubt about the field."""
    made = _offered(name, value)
    assert sorted(one.says for one in made) == sorted(says)
    values = set()
    for choice in made:
        assert not choice.blocked
        field = _read(**{name: choice.form}).fields[name]
        assert field.reason is None
        values.add(field.value)
    assert len(values) == len(made)


def test_a_reading_that_leads_to_no_value_is_shown_and_cannot_be_picked() -> None:
    made = {one.candidate: one for one in _offered("total", "1.234 EUR")}
    assert made["1234"].form == {"amount": "1234.00", "currency": "EUR"}
    assert "finer than the currency's smallest unit" in made["1.234"].blocked
    assert made["1.234"].form is None


def test_a_currency_sign_of_several_countries_is_settled_by_naming_one() -> None:
    made = _offered("total", "1.234,50 kr")
    assert {one.says for one in made if not one.blocked} == {
        "1,234.50 SEK", "1,234.50 NOK", "1,234.50 DKK",
    }  # fmt: skip
    assert [one.candidate for one in made if one.blocked] == ["ISK"]  # it has no cents
    assert all(one.how == f"currency_{one.candidate}" for one in made)


def test_a_text_of_a_mail_is_never_picked_for_its_beginning() -> None:
    reason = FieldReason(code=ReasonCode.TEXT_MOJIBAKE, sentence="s", candidates=("JosÃ©", "José"))
    made = choices_of(SPECS["message"], None, reason, CONTEXT)
    assert [bool(one.blocked) for one in made] == [True, True]


def test_amounts_stated_in_a_text_are_offered_as_they_stand_there() -> None:
    raw = {"message": "I paid 12.50 EUR and then 19.00 EUR."}
    reason = _read(**raw).fields["total"].reason
    assert reason is not None
    made = choices_of(SPECS["total"], None, reason, CONTEXT)
    assert [one.says for one in made] == ["12.50 EUR", "19.00 EUR"]
    assert _read(total=made[1].form).fields["total"].value == Money(Decimal("19.00"), "EUR")


def test_a_private_candidate_is_shown_as_its_token_and_picked_by_it() -> None:
    """What a page shows holds no value, and only what was shown can be picked."""
    raw = {"phone": "+49 30 901820 / 901821"}
    numbers = iter(range(9))
    tokens: dict[str, str] = {}

    def mask(text: str, kind: str | None) -> str:
        return text if kind is None else tokens.setdefault(text, f"{kind}_{next(numbers)}")

    given = {"specs": tuple(SPECS.values()), "context": CONTEXT, "mask": mask}
    (item,) = quarantine.items(_read(**raw), raw, **given)
    assert [one.shown for one in item.offers] == ["PHONE_0", "PHONE_1"]
    assert "901820" not in repr(item)
    found = quarantine.chosen(_read(**raw), raw, {"phone": "PHONE_1"}, **given)
    assert found["phone"][0].form == "+4930901821"
    for wrong in ("PHONE_9", "+4930901821"):
        with pytest.raises(IntakeError, match="not offered"):
            quarantine.chosen(_read(**raw), raw, {"phone": wrong}, **given)
    with pytest.raises(IntakeError, match="not offered"):
        quarantine.chosen(_read(**raw), raw, {"nothing": "x"}, **given)
