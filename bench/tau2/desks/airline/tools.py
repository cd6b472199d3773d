"""What the airline desk may look at."""

from typing import Annotated

from bench.tau2.desks.airline.records import Call, Flights, Price, Reservation, Segment, User
from remit import Source
from remit.authoring.connector import ConnectorHandle

airline = ConnectorHandle("airline")
agent = ConnectorHandle("agent")


async def next_call(turn: int) -> Call:
    """What the agent asks for in this turn."""
    return Call.model_validate(await agent.read("next_call", turn=turn))


async def get_user_details(user_id: Annotated[str, Source.case("customer")]) -> User:
    found = await airline.read("get_user_details", user_id=user_id)
    return User.model_validate(
        {**found, "payment_methods": list(found["payment_methods"].values())}
    )


async def get_reservation_details(
    reservation_id: Annotated[str, Source.tool("get_user_details", "reservations.*")],
) -> Reservation:
    found = await airline.read("get_reservation_details", reservation_id=reservation_id)
    each = sum(one["price"] for one in found["flights"])
    return Reservation.model_validate({**found, "paid_each": each})


async def get_flights(flight_numbers: list[str]) -> Flights:
    return Flights.model_validate(await airline.read("get_flights", flight_numbers=flight_numbers))


async def get_price(flights: list[Segment], cabin: str, reservation_id: str) -> Price:
    return Price.model_validate(
        await airline.read(
            "get_price", flights=flights, cabin=cabin, reservation_id=reservation_id
        )
    )


async def get_disruptions(user_id: str) -> Flights:
    return Flights.model_validate(await airline.read("get_disruptions", user_id=user_id))


async def search_direct_flight(origin: str, destination: str, date: str) -> Flights:
    return Flights.model_validate(
        await airline.read(
            "search_direct_flight", origin=origin, destination=destination, date=date
        )
    )


async def search_onestop_flight(origin: str, destination: str, date: str) -> Flights:
    return Flights.model_validate(
        await airline.read(
            "search_onestop_flight", origin=origin, destination=destination, date=date
        )
    )


async def list_all_airports(name: str) -> str:
    del name
    return str(await airline.read("list_all_airports"))


async def calculate(expression: str) -> str:
    return str(await airline.read("calculate", expression=expression))


async def transfer_to_human_agents(summary: str) -> str:
    return str(await airline.read("transfer_to_human_agents", summary=summary))


TOOLS = (
    (next_call, None),
    (get_user_details, "user_id"),
    (get_reservation_details, "reservation_id"),
    (get_flights, None),
    (get_price, None),
    (get_disruptions, None),
    (search_direct_flight, None),
    (search_onestop_flight, None),
    (list_all_airports, None),
    (calculate, None),
    (transfer_to_human_agents, None),
)
