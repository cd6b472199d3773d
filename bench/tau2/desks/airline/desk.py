"""The airline desk: plays what an agent asks for, its facts beside each call."""

from typing import Annotated

from bench.tau2.desks.airline import facts
from bench.tau2.desks.airline.about import (
    about_bags,
    about_booking,
    about_compensation,
    about_flights,
    about_reservation,
)
from bench.tau2.desks.airline.records import Changed, Paid, Passenger, Segment, Session
from bench.tau2.desks.airline.tools import (
    TOOLS,
    airline,
    calculate,
    get_reservation_details,
    get_user_details,
    list_all_airports,
    next_call,
    search_direct_flight,
    search_onestop_flight,
    transfer_to_human_agents,
)
from bench.tau2.desks.playing import (
    CHANGES_MAX,
    Play,
    acts,
    conversation,
    reads,
    said,
    taking_back,
)
from remit import Context, Source, Workflow

desk = Workflow("airline")
for tool, record in TOOLS:
    desk.tool(record=record)(tool)
for fact in facts.FACTS:
    desk.derive(fact)


async def changed(operation: str, **arguments: object) -> Changed:
    """Perform it."""
    return Changed.model_validate(await airline.perform(operation, **arguments))


OWN = (facts.signed_in, facts.is_own)
UserId = Annotated[str, Source.tool("get_user_details", "user_id")]
ReservationId = Annotated[str, Source.tool("get_reservation_details", "reservation_id")]
PaymentId = Annotated[str, Source.tool("get_user_details", "payment_methods.*.id")]


@desk.action(
    risk="money",
    undo=taking_back(airline, "book_reservation"),
    says="Book {cabin} from {origin} to {destination} for {passengers}: {flights}, "
    "paid with {payment_methods}, {total_baggages} bags, insurance: {insurance}",
    on=get_user_details,
    facts=(
        *OWN,
        facts.is_everybody_named,
        facts.certificates_used,
        facts.credit_cards_used,
        facts.gift_cards_used,
        facts.is_all_on_file,
        facts.amount_due,
        facts.amount_paid,
        facts.bags_to_pay,
    ),
    times_max=CHANGES_MAX,
)
async def book_reservation(
    user_id: UserId,
    origin: Annotated[str, said("origin")],
    destination: Annotated[str, said("destination")],
    flight_type: Annotated[str, said("flight_type")],
    cabin: Annotated[str, said("cabin")],
    flights: Annotated[list[Segment], said("flights.*.flight_number")],
    passengers: Annotated[list[Passenger], said("passengers.*.last_name")],
    payment_methods: Annotated[list[Paid], said("payment_methods.*.payment_id")],
    total_baggages: Annotated[int, said("total_baggages")],
    nonfree_baggages: Annotated[int, said("nonfree_baggages")],
    insurance: Annotated[str, said("insurance")],
) -> Changed:
    return await changed(
        "book_reservation",
        user_id=user_id,
        origin=origin,
        destination=destination,
        flight_type=flight_type,
        cabin=cabin,
        flights=flights,
        passengers=passengers,
        payment_methods=payment_methods,
        total_baggages=total_baggages,
        nonfree_baggages=nonfree_baggages,
        insurance=insurance,
    )


@desk.action(
    risk="money",
    undo=taking_back(airline, "cancel_reservation"),
    says="Cancel reservation {reservation_id}",
    on=get_reservation_details,
    facts=(
        *OWN,
        facts.is_flown,
        facts.is_booked_within_a_day,
        facts.is_insured_for_it,
        facts.current_cabin,
    ),
    times_max=CHANGES_MAX,
)
async def cancel_reservation(reservation_id: ReservationId) -> Changed:
    return await changed("cancel_reservation", reservation_id=reservation_id)


@desk.action(
    risk="money",
    undo=taking_back(airline, "update_reservation_flights"),
    says="Fly {reservation_id} in {cabin} with {flights}, difference to {payment_id}",
    on=get_reservation_details,
    facts=(
        *OWN,
        facts.is_flown,
        facts.current_cabin,
        facts.is_same_flights,
        facts.keeps_route,
        facts.payment_kind,
        facts.balance,
        facts.more_to_pay,
    ),
    times_max=CHANGES_MAX,
)
async def update_reservation_flights(
    reservation_id: ReservationId,
    cabin: Annotated[str, said("cabin")],
    flights: Annotated[list[Segment], said("flights.*.flight_number")],
    payment_id: PaymentId,
) -> Changed:
    return await changed(
        "update_reservation_flights",
        reservation_id=reservation_id,
        cabin=cabin,
        flights=flights,
        payment_id=payment_id,
    )


@desk.action(
    risk="money",
    undo=taking_back(airline, "update_reservation_baggages"),
    says="{total_baggages} bags for {reservation_id}, {nonfree_baggages} paid with {payment_id}",
    on=get_reservation_details,
    facts=(*OWN, facts.current_bags, facts.bags_to_pay, facts.payment_kind),
    times_max=CHANGES_MAX,
)
async def update_reservation_baggages(
    reservation_id: ReservationId,
    total_baggages: Annotated[int, said("total_baggages")],
    nonfree_baggages: Annotated[int, said("nonfree_baggages")],
    payment_id: PaymentId,
) -> Changed:
    return await changed(
        "update_reservation_baggages",
        reservation_id=reservation_id,
        total_baggages=total_baggages,
        nonfree_baggages=nonfree_baggages,
        payment_id=payment_id,
    )


@desk.action(
    risk="normal",
    undo=taking_back(airline, "update_reservation_passengers"),
    says="Let {passengers} fly on {reservation_id}",
    on=get_reservation_details,
    facts=(*OWN, facts.people_booked, facts.is_everybody_named),
    times_max=CHANGES_MAX,
)
async def update_reservation_passengers(
    reservation_id: ReservationId,
    passengers: Annotated[list[Passenger], said("passengers.*.last_name")],
) -> Changed:
    return await changed(
        "update_reservation_passengers", reservation_id=reservation_id, passengers=passengers
    )


@desk.action(
    risk="money",
    undo=taking_back(airline, "send_certificate"),
    says="Give {user_id} a certificate of {amount} dollars",
    on=get_user_details,
    facts=(*OWN, facts.compensation_due),
    times_max=CHANGES_MAX,
)
async def send_certificate(user_id: UserId, amount: Annotated[int, said("amount")]) -> Changed:
    return await changed("send_certificate", user_id=user_id, amount=amount)


BOOKING = (
    "user_id", "origin", "destination", "flight_type", "cabin", "flights", "passengers",
    "payment_methods", "total_baggages", "nonfree_baggages", "insurance",
)  # fmt: skip
SEARCH = ("origin", "destination", "date")
PLAYED: dict[str, Play] = {
    "get_user_details": reads(get_user_details, "user_id"),
    "get_reservation_details": reads(get_reservation_details, "reservation_id"),
    "search_direct_flight": reads(search_direct_flight, *SEARCH),
    "search_onestop_flight": reads(search_onestop_flight, *SEARCH),
    "list_all_airports": reads(list_all_airports, "name"),
    "calculate": reads(calculate, "expression"),
    "transfer_to_human_agents": reads(transfer_to_human_agents, "summary"),
    "book_reservation": acts(about_booking, book_reservation, *BOOKING),
    "cancel_reservation": acts(about_reservation, cancel_reservation, "reservation_id"),
    "update_reservation_flights": acts(
        about_flights,
        update_reservation_flights,
        "reservation_id",
        "cabin",
        "flights",
        "payment_id",
    ),
    "update_reservation_baggages": acts(
        about_bags,
        update_reservation_baggages,
        "reservation_id",
        "total_baggages",
        "nonfree_baggages",
        "payment_id",
    ),
    "update_reservation_passengers": acts(
        about_reservation, update_reservation_passengers, "reservation_id", "passengers"
    ),
    "send_certificate": acts(about_compensation, send_certificate, "user_id", "amount"),
}


@desk.handle
async def handle(case: Session, run: Context) -> str:
    return await conversation(case, run, next_call, PLAYED)
