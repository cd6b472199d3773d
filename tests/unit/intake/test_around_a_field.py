"""What the rest of a document, a column and declared checks say about one field."""

from datetime import UTC, date, datetime
from typing import Annotated

import pydantic
import pytest

from remit.authoring.schema import params_of
from remit.authoring.source import Source
from remit.domain.money import Money
from remit.intake.columns import COLUMN_VALUES_MIN, proven_by_column
from remit.intake.fields import (
    Address,
    Agrees,
    Country,
    Date,
    Format,
    Iban,
    Identifier,
    Instant,
    Kind,
    SumOf,
    Time,
    private_paths,
    specs_of,
)
from remit.intake.normalise import NormaliseContext, Normalised, normalise_case

IBAN = "DE89370400440532013000"
Pesel = Annotated[str, Identifier(schemes=("pl.pesel",), private="NATID")]
TaxNumber = Annotated[str, Identifier(schemes=("pl.pesel", "pl.nip"))]


class Invoice(pydantic.BaseModel):
    issued: Date | None = None
    due: Date | None = None
    total: Annotated[Money, SumOf("lines")] | None = None
    fee: Money | None = None
    lines: list[dict[str, object]] = []
    payee: Annotated[Iban, Agrees("address")] | None = None
    address: Address | None = None
    home: Country | None = None
    person: Pesel | None = None
    pesel: TaxNumber | None = None
    seen_ts: Instant | None = None
    at: Time | None = None


def read(columns: dict[str, dict[str, str]] | None = None, **raw: object) -> Normalised:
    context = NormaliseContext(received_at=datetime(2025, 3, 4, tzinfo=UTC))
    return normalise_case(specs_of(Invoice), raw, context, columns=columns)


def code(case: Normalised, name: str) -> str | None:
    reason = case.fields[name].reason
    return reason.code.value if reason else None


def test_a_date_is_read_in_the_order_that_another_date_of_the_document_proves() -> None:
    case = read(issued="25/02/2025", due="03/04/2025")

    assert case.fields["due"].value == date(2025, 4, 3)
    assert case.assumptions() == ("due:day_first_sibling",)
    assert code(read(due="03/04/2025"), "due") == "date.order_ambiguous"


def test_an_amount_is_read_in_the_style_that_another_amount_of_the_document_proves() -> None:
    case = read(total="1.234 EUR", fee="12,50 EUR")

    assert case.fields["total"].value == Money.of("1234 EUR")
    assert case.assumptions() == ("total:separators_by_sibling",)


def test_a_column_proves_an_order_from_twenty_values_on_and_with_none_against_it() -> None:
    few = ["03/04/2025"] * (COLUMN_VALUES_MIN - 2) + ["25/04/2025"]

    assert proven_by_column(Kind.DATE, few) == {}
    assert proven_by_column(Kind.DATE, [*few, "26/04/2025"]) == {"date": "day_first"}
    assert proven_by_column(Kind.DATE, [*few, "26/04/2025", "04/26/2025"]) == {}
    assert proven_by_column(Kind.DATE, ["03/04/2025"] * 50) == {}
    assert proven_by_column(Kind.DATE, ["2025-04-25"] * 50) == {}
    assert proven_by_column(Kind.MONEY, ["1.234", "12,50"] * 10) == {"amount": "comma_decimal"}
    assert proven_by_column(Kind.TEXT, few * 2) == {}


def test_what_a_column_proves_holds_for_its_field_only() -> None:
    columns = {"due": {"date": "day_first"}}
    case = read(columns, issued="03/04/2025", due="03/04/2025")

    assert case.fields["due"].value == date(2025, 4, 3)
    assert code(case, "issued") == "date.order_ambiguous"


def test_an_iban_and_an_address_of_two_countries_are_in_conflict_where_declared() -> None:
    french = "1 Rue de Rivoli\n75001 Paris\nFrance"
    case = read(payee=IBAN, address=french)

    assert (code(case, "payee"), code(case, "address")) == ("field.conflict", "field.conflict")
    assert case.fields["payee"].reason is not None
    assert case.fields["payee"].reason.candidates == ("DE", "FR")
    german = read(payee=IBAN, address="Hauptstr. 5\n10117 Berlin\nDeutschland")
    assert german.reasons == ()
    assert german.fields["address"].parts == {"country": "DE", "postcode": "10117"}
    assert read(payee=IBAN, address="Hauptstr. 5").reasons == ()  # no country, nothing to compare


@pytest.mark.parametrize(
    ("total", "lines", "outcome"),
    [
        ("30.00 EUR", [{"amount": "10,00"}, {"amount": "20.00 EUR"}], "accepted"),
        ("30.00 EUR", [{"amount": {"amount": "30", "currency": "EUR"}}], "accepted"),
        ("(30.00) EUR", [{"amount": "-30,00"}], "accepted"),  # an assumption becomes a fact
        ("(30.00) EUR", [{"amount": "-30 USD"}], "assumed"),  # nothing to compare
        ("31.00 EUR", [{"amount": "10,00"}, {"amount": 20}], "quarantined"),
        ("31.00 EUR", [{"amount": "ten"}], "accepted"),
        ("31.00 EUR", [], "accepted"),
    ],
)
def test_a_total_is_compared_with_its_lines_where_declared(
    total: str, lines: list[object], outcome: str
) -> None:
    case = read(total=total, lines=lines)

    assert case.fields["total"].outcome.value == outcome
    assert (code(case, "lines") == "field.conflict") == (outcome == "quarantined")


def test_a_number_of_a_scheme_is_private_and_canonical() -> None:
    case = read(person="440514-01458", pesel="44051401458")

    assert case.fields["person"].value == "44051401458"
    assert case.private["person"] == "NATID"
    assert case.assumptions() == ("pesel:scheme_by_key",)
    made = Invoice.model_validate(case.values())
    assert (made.person, made.pesel) == ("44051401458", "44051401458")
    assert Invoice(person="NATID_7K3QX2MD").person == "NATID_7K3QX2MD"
    with pytest.raises(pydantic.ValidationError, match="check digits"):
        Invoice(person="44051401459")


def test_a_scheme_that_does_not_exist_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match=r"python-stdnum knows no scheme `pl\.none`"):
        Identifier(schemes=("pl.none",))
    with pytest.raises(ValueError, match="is no scheme"):
        Identifier(schemes=("os.path:x",))


def test_the_name_of_a_field_says_that_a_number_counts_seconds() -> None:
    assert read(seen_ts="1741082400").assumptions() == ("seen_ts:epoch_seconds",)
    assert read(seen_ts=1741082400).assumptions() == ("seen_ts:epoch_seconds",)


def test_a_number_of_a_document_has_a_point_before_its_decimals() -> None:
    assert code(read(total=19.99), "total") == "currency.missing"
    assert code(read(total={"amount": 1.234, "currency": "EUR"}), "total") == "amount.precision"
    assert read(total={"amount": 19.99, "currency": "EUR"}).values()["total"] == {
        "amount": "19.99", "currency": "EUR",
    }  # fmt: skip
    assert code(read(total={"amount": "1.234,5", "currency": "EUR"}), "total") is None
    assert code(read(pesel=44051401458.0), "pesel") == "id.damaged"


def test_field_types_take_their_canonical_form_and_refuse_the_rest() -> None:
    made = Invoice(at="2:30 pm", home="Deutschland", address="Hauptstr. 5\n\nBerlin")

    assert (made.at, made.home, made.address) == ("14:30", "DE", "Hauptstr. 5\nBerlin")
    with pytest.raises(pydantic.ValidationError, match="before or after noon"):
        Invoice(at="3:30")


class Export(pydantic.BaseModel):
    due: Annotated[Date, Format(date="day_first", year_window=1970)]
    total: Annotated[Money, Format(amount="comma_decimal", currency="EUR")] | None = None
    seen: Annotated[Instant, Format(instant="epoch_millis")] | None = None
    at: Annotated[Time, Format(time="24h")] | None = None


def test_a_declared_format_settles_a_reading_without_an_assumption() -> None:
    context = NormaliseContext(received_at=datetime(2025, 3, 4, tzinfo=UTC), country="US")
    raw = {"due": "03/04/2025", "total": "1.234", "at": "3:30", "seen": "1741082400123"}
    case = normalise_case(specs_of(Export), raw, context)

    assert case.reasons == ()
    assert case.values() == {
        "due": "2025-04-03",
        "total": {"amount": "1234.00", "currency": "EUR"},
        "seen": "2025-03-04T10:00:00.123000Z",
        "at": "03:30",
    }
    assert case.assumptions() == ("seen:epoch_millis",)
    assert Export.model_validate(case.values()).total == Money.of("1234 EUR")


def test_a_format_that_does_not_exist_is_refused_where_it_is_declared() -> None:
    with pytest.raises(ValueError, match="`euro` is no format of `date`; take day_first or"):
        Format(date="euro")  # type: ignore[arg-type]  # a slip that only a checker would see


class Filed(pydantic.BaseModel):
    home: Country | None = None
    address: Address | None = None


async def file_it(
    home: Annotated[Country, Source.case("home")],
    address: Annotated[Address, Source.case("address")],
) -> Filed:
    raise NotImplementedError


def test_field_types_are_texts_to_actions_and_private_ones_say_so() -> None:
    declared = params_of(file_it, sources_required=True)

    assert [(one.type, one.private) for one in declared] == [("text", None), ("text", "ADDRESS")]
    assert private_paths(Filed) == {"address": "ADDRESS"}
    assert Filed.model_json_schema()["properties"]["home"]["anyOf"][0] == {"type": "string"}
