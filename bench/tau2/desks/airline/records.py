"""What the airline keeps, as the desk reads it; the airline itself writes what is marked."""

from typing import Annotated

from pydantic import BaseModel

from remit import Case, System


class Session(Case):
    """A conversation: who signed in, and the reason given for a cancellation."""

    customer: str | None = None
    reason: str | None = None


class Flight(BaseModel):
    """A flight number with its route."""

    flight_number: Annotated[str, System]
    origin: Annotated[str, System]
    destination: Annotated[str, System]


class Flights(BaseModel):
    flights: list[Flight]


class Segment(BaseModel):
    flight_number: Annotated[str, System]
    date: Annotated[str, System]


class Passenger(BaseModel):
    first_name: str
    last_name: str
    dob: str


class Paid(BaseModel):
    payment_id: str
    amount: int


class Method(BaseModel):
    id: Annotated[str, System]
    source: Annotated[str, System]
    amount: Annotated[int | None, System] = None


class User(BaseModel):
    user_id: Annotated[str, System]
    membership: Annotated[str, System]
    reservations: Annotated[list[str], System]
    payment_methods: list[Method]


class Reservation(BaseModel):
    reservation_id: Annotated[str, System]
    user_id: Annotated[str, System]
    origin: Annotated[str, System]
    destination: Annotated[str, System]
    flight_type: Annotated[str, System]
    cabin: Annotated[str, System]
    flights: list[Segment]
    passengers: list[Passenger]
    created_at: Annotated[str, System]
    total_baggages: Annotated[int, System]
    insurance: Annotated[str, System]
    paid_each: Annotated[int, System]


class Price(BaseModel):
    price: Annotated[int, System]


class Call(BaseModel):
    """What the agent asks for: nothing in it is believed."""

    name: str
    user_id: str = ""
    reservation_id: str = ""
    origin: str = ""
    destination: str = ""
    flight_type: str = ""
    cabin: str = ""
    flights: list[Segment] = []
    passengers: list[Passenger] = []
    payment_methods: list[Paid] = []
    payment_id: str = ""
    total_baggages: int = 0
    nonfree_baggages: int = 0
    insurance: str = ""
    amount: int = 0
    date: str = ""
    expression: str = ""
    summary: str = ""


class Changed(BaseModel):
    change: str
