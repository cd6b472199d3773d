"""What the airline's rules look at: from its records and the session, never what is asked."""

import itertools
from datetime import datetime, timedelta
from typing import Annotated

from bench.tau2.desks.airline.records import (
    Flight,
    Flights,
    Method,
    Paid,
    Passenger,
    Segment,
)
from remit import Source

NOW = datetime.fromisoformat("2024-05-15T15:00:00")
TODAY = NOW.date().isoformat()
INSURANCE, BAG = 30, 50
COVERED = frozenset({"health", "weather"})
FREE_BAGS = {"regular": 0, "silver": 1, "gold": 2}
MORE_BAGS = {"basic_economy": 0, "economy": 1, "business": 2}
OWNER = Source.tool("get_reservation_details", "user_id") | Source.tool(
    "get_user_details", "user_id"
)


def signed_in(customer: Annotated[str | None, Source.case("customer")]) -> bool:
    """Is it known who the customer is?"""
    return customer is not None


def is_own(
    owner: Annotated[str, OWNER], customer: Annotated[str | None, Source.case("customer")]
) -> bool:
    """Does the reservation or the profile belong to whoever signed in?"""
    return owner == customer


# -- booking -------------------------------------------------------------------------------------


def is_everybody_named(passengers: list[Passenger]) -> bool:
    """Has each passenger a first name, a last name and a date of birth?"""
    return bool(passengers) and all(
        one.first_name and one.last_name and one.dob for one in passengers
    )


def certificates_used(methods: list[Method], payments: list[Paid]) -> int:
    """How many certificates pay."""
    return _used(methods, payments, "certificate")


def credit_cards_used(methods: list[Method], payments: list[Paid]) -> int:
    """How many credit cards pay."""
    return _used(methods, payments, "credit_card")


def gift_cards_used(methods: list[Method], payments: list[Paid]) -> int:
    """How many gift cards pay."""
    return _used(methods, payments, "gift_card")


def _used(methods: list[Method], payments: list[Paid], source: str) -> int:
    own = {one.id for one in methods if one.source == source}
    return sum(one.payment_id in own for one in payments)


def is_all_on_file(methods: list[Method], payments: list[Paid]) -> bool:
    """Does every payment come from the customer's profile?"""
    return {one.payment_id for one in payments} <= {one.id for one in methods}


def amount_due(
    price: Annotated[int, Source.tool("get_price", "price")],
    people: int,
    insurance: str,
    nonfree_bags: int,
) -> int:
    """What a booking costs, in dollars."""
    insured = INSURANCE if insurance == "yes" else 0
    return (price + insured) * people + BAG * nonfree_bags


def amount_paid(payments: list[Paid]) -> int:
    """What the payments of a booking come to, in dollars."""
    return sum(one.amount for one in payments)


def bags_to_pay(
    membership: Annotated[str, Source.tool("get_user_details", "membership")],
    cabin: str,
    people: int,
    bags: int,
) -> int:
    """How many bags are beyond what this member flies free."""
    free = FREE_BAGS.get(membership, 0) + MORE_BAGS.get(cabin, 0)
    return max(0, bags - free * people)


# -- the reservation as it is --------------------------------------------------------------------


def current_cabin(cabin: Annotated[str, Source.tool("get_reservation_details", "cabin")]) -> str:
    """The cabin of the reservation."""
    return cabin


def current_bags(
    bags: Annotated[int, Source.tool("get_reservation_details", "total_baggages")],
) -> int:
    """The checked bags of the reservation."""
    return bags


def people_booked(passengers: list[Passenger]) -> int:
    """How many people the reservation is for."""
    return len(passengers)


def is_flown(flights: list[Segment]) -> bool:
    """Has any part of it been flown?"""
    return any(one.date < TODAY for one in flights)


def is_booked_within_a_day(
    created_at: Annotated[str, Source.tool("get_reservation_details", "created_at")],
) -> bool:
    """Was it booked in the last 24 hours?"""
    return NOW - datetime.fromisoformat(created_at) <= timedelta(hours=24)


def is_insured_for_it(
    insurance: Annotated[str, Source.tool("get_reservation_details", "insurance")],
    reason: Annotated[str | None, Source.case("reason")],
) -> bool:
    """Is there insurance, and does it cover the reason given?"""
    return insurance == "yes" and reason in COVERED


# -- a change of flights -------------------------------------------------------------------------


def is_same_flights(flights: list[Segment], wanted: list[Segment]) -> bool:
    """Are these the flights that it has already?"""
    return [(one.flight_number, one.date) for one in flights] == [
        (one.flight_number, one.date) for one in wanted
    ]


def keeps_route(
    origin: Annotated[str, Source.tool("get_reservation_details", "origin")],
    destination: Annotated[str, Source.tool("get_reservation_details", "destination")],
    flight_type: Annotated[str, Source.tool("get_reservation_details", "flight_type")],
    routes: Flights,
) -> bool:
    """Do the flights lead, leg by leg, where the reservation does, and back on a round trip?"""
    legs = routes.flights
    if not legs or legs[0].origin != origin or not _joined(legs):
        return False
    if flight_type == "one_way":
        return legs[-1].destination == destination
    return legs[-1].destination == origin and any(
        one.destination == destination for one in legs[:-1]
    )


def _joined(legs: list[Flight]) -> bool:
    return all(one.destination == other.origin for one, other in itertools.pairwise(legs))


def payment_kind(methods: list[Method], chosen: str) -> str:
    """The kind of a payment method of the profile; `none` for one that is not there."""
    return next((one.source for one in methods if one.id == chosen), "none")


def balance(methods: list[Method], chosen: str) -> int:
    """What is on a gift card or certificate of the profile, in dollars."""
    return next((one.amount or 0 for one in methods if one.id == chosen), 0)


def more_to_pay(
    price: Annotated[int, Source.tool("get_price", "price")],
    paid_each: Annotated[int, Source.tool("get_reservation_details", "paid_each")],
    people: int,
) -> int:
    """What the new flights cost more than the old ones, in dollars."""
    return (price - paid_each) * people


def compensation_due(disrupted: Flights, people: int) -> int:
    """What may be given for flights that the airline cancelled: a hundred dollars a person."""
    return 100 * people * bool(disrupted.flights)


FACTS = (
    signed_in,
    is_own,
    is_everybody_named,
    certificates_used,
    credit_cards_used,
    gift_cards_used,
    is_all_on_file,
    amount_due,
    amount_paid,
    bags_to_pay,
    current_cabin,
    current_bags,
    people_booked,
    is_flown,
    is_booked_within_a_day,
    is_insured_for_it,
    is_same_flights,
    keeps_route,
    payment_kind,
    balance,
    more_to_pay,
    compensation_due,
)
