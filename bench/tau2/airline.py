"""The airline's tools: they check what its API would, and nothing of its policy.

The data has no table of flights: routes are those of the segments of all reservations. A price is
what a reservation paid for that flight, date and cabin, or else the median of that flight in that
cabin, or of the cabin. An itinerary that a gold call books costs what its gold payments come to.
"""

import functools
import statistics
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from bench.tau2 import data
from bench.tau2.sums import calculated
from bench.tau2.world import Row, ToolRefusedError, World

INSURANCE, BAG = 30, 50
Segment = tuple[str, str]  # flight number and date


@functools.cache
def shared() -> dict[str, dict[str, Row]]:
    """Return the records of the data, with the routes and prices that they imply."""
    users = data.read("airline/users.json.gz")
    reservations = data.read("airline/reservations.json.gz")
    routes: dict[str, Row] = {}
    paid: dict[tuple[str, str], list[int]] = defaultdict(list)
    prices: dict[str, Row] = {}
    for one in reservations.values():
        for flight in one["flights"]:
            number = flight["flight_number"]
            routes.setdefault(
                number,
                {
                    "flight_number": number,
                    "origin": flight["origin"],
                    "destination": flight["destination"],
                },
            )
            key = f"{number} {flight['date']} {one['cabin']}"
            prices.setdefault(key, {"price": flight["price"]})
            paid[number, one["cabin"]].append(flight["price"])
    whole: dict[str, list[int]] = defaultdict(list)
    for (number, cabin), amounts in paid.items():
        prices[f"{number} {cabin}"] = {"price": int(statistics.median_low(amounts))}
        whole[cabin] += amounts
    for cabin, amounts in whole.items():
        prices[cabin] = {"price": int(statistics.median_low(amounts))}
    return {
        "user": {name: {**one, "user_id": name} for name, one in users.items()},
        "reservation": reservations,
        "flight": routes,
        "price": prices,
        "itinerary": {name: {"price": price} for name, price in _gold_itineraries()},
    }


def _gold_itineraries() -> Iterator[tuple[str, int]]:
    """Yield what gold bookings cost a passenger, from what they pay."""
    for task in data.read("airline/tasks.json"):
        for one in task["evaluation_criteria"]["actions"] or []:
            given = one["arguments"]
            if one["name"] != "book_reservation":
                continue
            people = len(given["passengers"])
            whole = sum(paid["amount"] for paid in given["payment_methods"])
            whole -= BAG * given["nonfree_baggages"]
            whole -= INSURANCE * people if given["insurance"] == "yes" else 0
            flights = [(each["flight_number"], each["date"]) for each in given["flights"]]
            yield itinerary(flights, given["cabin"]), whole // people


def itinerary(flights: Sequence[Segment], cabin: str) -> str:
    """Return the name of an itinerary."""
    return " ".join([*(f"{number}/{date}" for number, date in flights), cabin])


class Airline(World):
    """Users, reservations, flights."""

    READS: ClassVar[frozenset[str]] = frozenset(
        {
            "get_user_details",
            "get_reservation_details",
            "get_flights",
            "get_price",
            "get_disruptions",
            "search_direct_flight",
            "search_onestop_flight",
            "list_all_airports",
            "calculate",
            "transfer_to_human_agents",
        }
    )
    WRITES: ClassVar[frozenset[str]] = frozenset(
        {
            "book_reservation",
            "cancel_reservation",
            "update_reservation_flights",
            "update_reservation_baggages",
            "update_reservation_passengers",
            "send_certificate",
        }
    )

    def __init__(self) -> None:
        """Begin with what the data holds."""
        super().__init__(shared())

    # -- reads -----------------------------------------------------------------------------------

    def get_user_details(self, user_id: str) -> Row:
        return self.get("user", user_id)

    def get_reservation_details(self, reservation_id: str) -> Row:
        return self.get("reservation", reservation_id)

    def get_flights(self, flight_numbers: list[str]) -> Row:
        return {"flights": [self.get("flight", one) for one in flight_numbers]}

    def get_price(self, flights: list[Row], cabin: str, reservation_id: str = "") -> Row:
        return {"price": self._price(flights, cabin, reservation_id)}

    def get_disruptions(self, user_id: str) -> Row:
        self.get("user", user_id)
        return {"flights": []}  # none is known

    def search_direct_flight(self, origin: str, destination: str, date: str) -> Row:
        del date
        return {
            "flights": [
                one
                for one in self.rows("flight")
                if (one["origin"], one["destination"]) == (origin, destination)
            ]
        }

    def search_onestop_flight(self, origin: str, destination: str, date: str) -> Row:
        del date
        rows = self.rows("flight")
        return {
            "flights": [
                one
                for first in rows
                if first["origin"] == origin
                for second in rows
                if (second["origin"], second["destination"]) == (first["destination"], destination)
                for one in (first, second)
            ]
        }

    def list_all_airports(self) -> Row:
        return {"airports": sorted({one["origin"] for one in self.rows("flight")})}

    def calculate(self, expression: str) -> str:
        return calculated(expression)

    def transfer_to_human_agents(self, summary: str) -> str:
        del summary
        return "Transfer successful"

    # -- writes ----------------------------------------------------------------------------------

    def book_reservation(
        self,
        *,
        user_id: str,
        origin: str,
        destination: str,
        flight_type: str,
        cabin: str,
        flights: list[Row],
        passengers: list[Row],
        payment_methods: list[Row],
        total_baggages: int,
        nonfree_baggages: int,
        insurance: str,
    ) -> None:
        user = self.get("user", user_id)
        each = self._price(flights, cabin, "")
        due = (each + (INSURANCE if insurance == "yes" else 0)) * len(passengers)
        due += BAG * nonfree_baggages
        if sum(one["amount"] for one in payment_methods) != due:
            raise ToolRefusedError(f"the payments do not come to {due}")
        for one in payment_methods:
            self._pay(user, one["payment_id"], one["amount"])
        name = f"NEW{len(user['reservations']):03}{len(self.rows('reservation')):04}"
        user["reservations"].append(name)
        self.put("user", user_id, user)
        self.put(
            "reservation",
            name,
            {
                "reservation_id": name,
                "user_id": user_id,
                "origin": origin,
                "destination": destination,
                "flight_type": flight_type,
                "cabin": cabin,
                "flights": self._segments(flights, cabin, {}),
                "passengers": passengers,
                "payment_history": payment_methods,
                "created_at": "2024-05-15T15:00:00",
                "total_baggages": total_baggages,
                "nonfree_baggages": nonfree_baggages,
                "insurance": insurance,
            },
        )

    def cancel_reservation(self, reservation_id: str) -> None:
        found = self.get("reservation", reservation_id)
        if found.get("status") == "cancelled":
            raise ToolRefusedError("the reservation is cancelled already")
        found["payment_history"] += [
            {**paid, "amount": -paid["amount"]} for paid in found["payment_history"]
        ]
        found["status"] = "cancelled"
        self.put("reservation", reservation_id, found)

    def update_reservation_flights(
        self, reservation_id: str, cabin: str, flights: list[Row], payment_id: str
    ) -> None:
        found = self.get("reservation", reservation_id)
        due = self._price(flights, cabin, reservation_id) - sum(
            one["price"] for one in found["flights"]
        )
        due *= len(found["passengers"])
        self._pay_for(found, payment_id, due)
        found |= {"cabin": cabin, "flights": self._segments(flights, cabin, found)}
        self.put("reservation", reservation_id, found)

    def update_reservation_baggages(
        self, reservation_id: str, total_baggages: int, nonfree_baggages: int, payment_id: str
    ) -> None:
        found = self.get("reservation", reservation_id)
        due = BAG * max(0, nonfree_baggages - found["nonfree_baggages"])
        self._pay_for(found, payment_id, due)
        found |= {"total_baggages": total_baggages, "nonfree_baggages": nonfree_baggages}
        self.put("reservation", reservation_id, found)

    def update_reservation_passengers(self, reservation_id: str, passengers: list[Row]) -> None:
        found = self.get("reservation", reservation_id)
        if len(passengers) != len(found["passengers"]):
            raise ToolRefusedError("the number of passengers does not match")
        found["passengers"] = passengers
        self.put("reservation", reservation_id, found)

    def send_certificate(self, user_id: str, amount: int) -> None:
        user = self.get("user", user_id)
        name = f"certificate_{len(user['payment_methods']):07}"
        user["payment_methods"][name] = {"source": "certificate", "amount": amount, "id": name}
        self.put("user", user_id, user)

    # -- parts -----------------------------------------------------------------------------------

    def _price(self, flights: Sequence[Mapping[str, Any]], cabin: str, reservation_id: str) -> int:
        """Return what an itinerary costs a passenger; a kept segment costs what it did."""
        named = [(one["flight_number"], one["date"]) for one in flights]
        known = self.find("itinerary", itinerary(named, cabin))
        if known is not None and not reservation_id:
            return int(known["price"])
        kept = self.get("reservation", reservation_id) if reservation_id else {}
        return sum(int(one["price"]) for one in self._segments(flights, cabin, kept))

    def _segments(
        self, flights: Sequence[Mapping[str, Any]], cabin: str, kept: Mapping[str, Any]
    ) -> list[Row]:
        old = {
            (one["flight_number"], one["date"]): one["price"]
            for one in kept.get("flights", ())
            if kept.get("cabin") == cabin
        }
        made = []
        for one in flights:
            number, date = one["flight_number"], one["date"]
            route = self.get("flight", number)
            price = old.get((number, date))
            if price is None:
                price = self._known(number, date, cabin)
            made.append({**route, "date": date, "price": price})
        return made

    def _known(self, number: str, date: str, cabin: str) -> int:
        for name in (f"{number} {date} {cabin}", f"{number} {cabin}", cabin):
            found = self.find("price", name)
            if found is not None:
                return int(found["price"])
        raise ToolRefusedError("no seat in this cabin is known")

    def _pay_for(self, found: Row, payment_id: str, due: int) -> None:
        user = self.get("user", found["user_id"])
        self._pay(user, payment_id, due)
        self.put("user", found["user_id"], user)
        if due:
            found["payment_history"].append({"payment_id": payment_id, "amount": due})

    def _pay(self, user: Row, payment_id: str, amount: int) -> None:
        method = user["payment_methods"].get(payment_id)
        if method is None:
            raise ToolRefusedError("payment method not found")
        if method["source"] == "credit_card":
            return
        if method["amount"] < amount:
            raise ToolRefusedError("the balance does not cover it")
        if method["source"] == "certificate":
            del user["payment_methods"][payment_id]
        else:
            method["amount"] -= max(amount, 0)
