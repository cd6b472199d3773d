"""The facts beside each write, from records read just before it."""

from bench.tau2.desks.airline import facts
from bench.tau2.desks.airline.records import Call, Reservation, Session, User
from bench.tau2.desks.airline.tools import (
    get_disruptions,
    get_flights,
    get_price,
    get_reservation_details,
    get_user_details,
)
from remit import Context


async def about_user(case: Session, call: Call, run: Context) -> User:
    """Read the profile as it is now, and say whose it is."""
    user = await run.read(get_user_details, user_id=call.user_id)
    await run.derive(facts.signed_in, customer=case.customer)
    await run.derive(facts.is_own, owner=user.user_id, customer=case.customer)
    return user


async def about_booking(case: Session, call: Call, run: Context) -> None:
    """Say what a booking would cost, and how it is paid."""
    user = await about_user(case, call, run)
    methods, payments, people = user.payment_methods, call.payment_methods, call.passengers
    price = await run.read(get_price, flights=call.flights, cabin=call.cabin, reservation_id="")
    await run.derive(facts.is_everybody_named, passengers=people)
    for used in (facts.certificates_used, facts.credit_cards_used, facts.gift_cards_used):
        await run.derive(used, methods=methods, payments=payments)
    await run.derive(facts.is_all_on_file, methods=methods, payments=payments)
    await run.derive(
        facts.amount_due,
        price=price.price,
        people=len(people),
        insurance=call.insurance,
        nonfree_bags=call.nonfree_baggages,
    )
    await run.derive(facts.amount_paid, payments=payments)
    await run.derive(
        facts.bags_to_pay,
        membership=user.membership,
        cabin=call.cabin,
        people=len(people),
        bags=call.total_baggages,
    )


async def about_reservation(case: Session, call: Call, run: Context) -> Reservation:
    """Read the reservation as it is now, and say what the rules look at."""
    found = await run.read(get_reservation_details, reservation_id=call.reservation_id)
    await run.derive(facts.signed_in, customer=case.customer)
    await run.derive(facts.is_own, owner=found.user_id, customer=case.customer)
    await run.derive(facts.current_cabin, cabin=found.cabin)
    await run.derive(facts.current_bags, bags=found.total_baggages)
    await run.derive(facts.people_booked, passengers=found.passengers)
    await run.derive(facts.is_flown, flights=found.flights)
    await run.derive(facts.is_booked_within_a_day, created_at=found.created_at)
    await run.derive(facts.is_insured_for_it, insurance=found.insurance, reason=case.reason)
    await run.derive(facts.is_everybody_named, passengers=call.passengers)
    return found


async def about_flights(case: Session, call: Call, run: Context) -> None:
    """Say besides how the wanted flights stand to those it has, and what they cost."""
    found = await about_reservation(case, call, run)
    user = await run.read(get_user_details, user_id=found.user_id)
    routes = await run.read(
        get_flights, flight_numbers=[one.flight_number for one in call.flights]
    )
    price = await run.read(
        get_price, flights=call.flights, cabin=call.cabin, reservation_id=call.reservation_id
    )
    methods, chosen = user.payment_methods, call.payment_id
    await run.derive(facts.is_same_flights, flights=found.flights, wanted=call.flights)
    await run.derive(
        facts.keeps_route,
        origin=found.origin,
        destination=found.destination,
        flight_type=found.flight_type,
        routes=routes,
    )
    await run.derive(facts.payment_kind, methods=methods, chosen=chosen)
    await run.derive(facts.balance, methods=methods, chosen=chosen)
    await run.derive(
        facts.more_to_pay,
        price=price.price,
        paid_each=found.paid_each,
        people=len(found.passengers),
    )


async def about_bags(case: Session, call: Call, run: Context) -> None:
    """Say besides how many bags are free."""
    found = await about_reservation(case, call, run)
    user = await run.read(get_user_details, user_id=found.user_id)
    await run.derive(facts.payment_kind, methods=user.payment_methods, chosen=call.payment_id)
    await run.derive(
        facts.bags_to_pay,
        membership=user.membership,
        cabin=found.cabin,
        people=len(found.passengers),
        bags=call.total_baggages,
    )


async def about_compensation(case: Session, call: Call, run: Context) -> None:
    """Say whether the airline cancelled anything of this customer's."""
    user = await about_user(case, call, run)
    disrupted = await run.read(get_disruptions, user_id=user.user_id)
    await run.derive(facts.compensation_due, disrupted=disrupted, people=1)
