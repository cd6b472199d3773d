"""What the retail shop keeps, as the desk reads it; the shop itself writes what is marked."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel

from remit import Case, Email, System


class Session(Case):
    """A conversation; the customer is who signed in."""

    customer: str | None = None


class Item(BaseModel):
    item_id: Annotated[str, System]
    product_id: Annotated[str, System]
    price: Annotated[Decimal, System]


class Payment(BaseModel):
    transaction_type: Annotated[str, System]
    amount: Annotated[Decimal, System]
    payment_method_id: Annotated[str, System]


class Order(BaseModel):
    order_id: Annotated[str, System]
    user_id: Annotated[str, System]
    status: Annotated[str, System]
    items: list[Item]
    payment_history: list[Payment]


class Method(BaseModel):
    id: Annotated[str, System]
    source: Annotated[str, System]
    balance: Annotated[Decimal | None, System] = None


class User(BaseModel):
    user_id: Annotated[str, System]
    orders: Annotated[list[str], System]
    payment_methods: list[Method]


class Variant(BaseModel):
    item_id: Annotated[str, System]
    available: Annotated[bool, System]
    price: Annotated[Decimal, System]


class Product(BaseModel):
    product_id: Annotated[str, System]
    name: str
    variants: list[Variant]


class Stock(BaseModel):
    """One item as the catalogue has it."""

    item_id: Annotated[str, System]
    product_id: Annotated[str, System]
    available: Annotated[bool, System]
    price: Annotated[Decimal, System]


class Call(BaseModel):
    """What the agent asks for: nothing in it is believed."""

    name: str
    order_id: str = ""
    user_id: str = ""
    product_id: str = ""
    item_id: str = ""
    item_ids: list[str] = []
    new_item_ids: list[str] = []
    payment_method_id: str = ""
    reason: str = ""
    email: Email | None = None
    first_name: str = ""
    last_name: str = ""
    address1: str = ""
    address2: str = ""
    city: str = ""
    state: str = ""
    country: str = ""
    zip: str = ""
    expression: str = ""
    summary: str = ""


class Changed(BaseModel):
    change: str
