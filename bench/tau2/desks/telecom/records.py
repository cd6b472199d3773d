"""What the company keeps, as the desk reads it; the company itself writes what is marked."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel

from remit import Case, Phone, System


class Session(Case):
    """A conversation: who was identified, and whether they are abroad."""

    customer: str | None = None
    abroad: bool = False


class Customer(BaseModel):
    customer_id: Annotated[str, System]
    line_ids: Annotated[list[str], System]
    bill_ids: Annotated[list[str], System]


class Line(BaseModel):
    line_id: Annotated[str, System]
    status: Annotated[str, System]
    plan_id: Annotated[str, System]
    contract_end_date: Annotated[str, System]
    roaming_enabled: Annotated[bool, System]


class Plan(BaseModel):
    plan_id: Annotated[str, System]
    name: str
    data_refueling_price_per_gb: Annotated[Decimal, System]


class Usage(BaseModel):
    line_id: Annotated[str, System]
    data_used_gb: Annotated[Decimal, System]
    data_refueling_gb: Annotated[Decimal, System]


class Bill(BaseModel):
    bill_id: Annotated[str, System]
    customer_id: Annotated[str, System]
    total_due: Annotated[Decimal, System]
    status: Annotated[str, System]


class Bills(BaseModel):
    bills: list[Bill]


class Call(BaseModel):
    """What the agent asks for: nothing in it is believed."""

    name: str
    customer_id: str = ""
    line_id: str = ""
    bill_id: str = ""
    plan_id: str = ""
    gb_amount: Decimal = Decimal(0)
    phone_number: Phone | None = None
    full_name: str = ""
    date_of_birth: str = ""
    summary: str = ""


class Changed(BaseModel):
    change: str
