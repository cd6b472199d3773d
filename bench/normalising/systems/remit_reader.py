"""Remit, as an author gets it."""

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from pydantic import BaseModel  # noqa: E402 - the path comes first

from bench.normalising import reading  # noqa: E402
from remit import (  # noqa: E402
    Country,
    Date,
    Email,
    Iban,
    Identifier,
    Instant,
    Money,
    PersonName,
    Phone,
)
from remit.domain.value import canonical  # noqa: E402
from remit.intake.fields import specs_of  # noqa: E402
from remit.intake.normalise import NORMALISERS, NormaliseContext, normalise_case  # noqa: E402
from remit.intake.outcome import Kind  # noqa: E402

CONTEXT = NormaliseContext(received_at=datetime(2025, 3, 4, 12, tzinfo=UTC))
LIBRARIES = ("babel", "babel.core", "pycountry", "langcodes")


class Invoice(BaseModel):
    due: Date
    at: Instant
    total: Money
    phone: Phone
    email: Email
    payee: Iban
    name: PersonName
    country: Country
    number: Annotated[str, Identifier(pattern=r"\d{4,15}")]
    message: str


RECORD = {
    "due": "2025-03-04", "at": "2025-03-04T10:00:00.000000Z", "total": "1234.56 EUR",
    "phone": "+4930901820", "email": "anna@example.org", "payee": "DE89370400440532013000",
    "name": "Anna Kowalska", "country": "DE", "number": "12345", "message": "Where is my order?",
}  # fmt: skip


def read(kind: str, raw: str, context: NormaliseContext = CONTEXT) -> str | None:
    value = NORMALISERS[Kind(kind)](raw, context).value
    if value is None:
        return None
    return str(value) if isinstance(value, Money) else str(canonical(value).form)


def main() -> None:
    parser = reading.options()
    parser.add_argument("--without-extra", action="store_true")
    asked = parser.parse_args()
    if asked.without_extra:
        sys.modules.update(dict.fromkeys(LIBRARIES))
    specs = specs_of(Invoice)
    assert not normalise_case(specs, RECORD, CONTEXT).reasons
    times = reading.timed(lambda: normalise_case(specs, RECORD, CONTEXT), asked.seconds)
    kinds = ("date", "instant", "money")
    reads = {kind: lambda raw, kind=kind: read(kind, raw) for kind in kinds}
    reading.run(asked, reads, {"record": times}, known)


def known(row: dict[str, str]) -> str | None:
    """Read a row as a workflow does whose locale is that of the sender."""
    formats = {"year_window": "1970"}
    context = replace(CONTEXT, locale=row["locale"], formats=formats)
    return read(row["kind"], row["raw"], context)


if __name__ == "__main__":
    main()
