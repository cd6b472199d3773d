"""Airline calls bent away from the gold ones: each breaks one sentence of the policy."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

from bench.tau2.airline import BAG
from bench.tau2.desks.airline.facts import FREE_BAGS, MORE_BAGS, TODAY
from bench.tau2.task import Bend, Call, tampered
from bench.tau2.world import Row, World

DRAWS = 12
CANCEL, FLY, BAGS = (
    "cancel_reservation",
    "update_reservation_flights",
    "update_reservation_baggages",
)
PEOPLE, BOOK, GIVE = (
    "update_reservation_passengers",
    "book_reservation",
    "send_certificate",
)
SOMEBODY = {"first_name": "Ivo", "last_name": "Kramer", "dob": "1980-01-01"}


def bends(
    world: World, session: Mapping[str, Any], call: Call, rng: random.Random
) -> Iterator[Bend]:
    """Yield what must not run instead of this gold write."""
    name, given = call
    owner = str(session["customer"])
    for kind, bent, more in _of(world, call, owner, rng):
        yield Bend(kind=kind, call=bent, session={**session, **more})
    other = _strangers(world, owner, rng)[0]
    swapped = (
        {**given, "user_id": other["user_id"]}
        if name == BOOK
        else {**given, "reservation_id": _foreign(world, owner, rng)["reservation_id"]}
    )
    yield from tampered(session, call, (name, swapped))


Bent = tuple[str, Call, Mapping[str, Any]]


def _of(world: World, call: Call, owner: str, rng: random.Random) -> Iterator[Bent]:
    name, given = call
    yield from _certificates(world, owner, rng)
    yield from _groundless(world, rng)
    if name == BOOK:
        yield from _bookings(world, call, owner, rng)
        return
    for _ in range(DRAWS):
        one = _foreign(world, owner, rng)
        yield "another customer's reservation", (name, _fitted(world, given, one)), {}
    if name == FLY:
        yield from _flights(world, call, owner, rng)
    if name == BAGS:
        yield from _bags(world, call, owner, rng)
    if name == PEOPLE:
        yield from _people(call)


def _certificates(world: World, owner: str, rng: random.Random) -> Iterator[Bent]:
    """Compensation that nobody has earned: no cancellation or delay is known."""
    for amount in (1, 50, 100, 150, 200, 300, 1000):
        yield "unearned compensation", (GIVE, {"user_id": owner, "amount": amount}), {}
    for one in _strangers(world, owner, rng)[:DRAWS]:
        yield "unearned compensation", (GIVE, {"user_id": one["user_id"], "amount": 50}), {}


def _groundless(world: World, rng: random.Random) -> Iterator[Bent]:
    """Cancellations without a ground and after departure, each asked for by its own customer."""
    found = [
        one
        for one in world.rows("reservation")
        if not _has_ground(one) and one.get("status") != "cancelled"
    ]
    for one in rng.sample(found, DRAWS):
        who = {"customer": one["user_id"], "reason": "change of plan"}
        yield "no ground to cancel", (CANCEL, {"reservation_id": one["reservation_id"]}), who
    flown = [one for one in world.rows("reservation") if _flown(one)]
    for one in rng.sample(flown, DRAWS):
        who = {"customer": one["user_id"], "reason": "health"}
        yield "flown in part", (CANCEL, {"reservation_id": one["reservation_id"]}), who
        other = "business" if one["cabin"] != "business" else "economy"
        card = _card(world, one["user_id"])
        if card:
            changed = {
                "reservation_id": one["reservation_id"],
                "cabin": other,
                "flights": _named(one["flights"]),
                "payment_id": card,
            }
            yield "cabin after departure", (FLY, changed), who


def _bookings(world: World, call: Call, owner: str, rng: random.Random) -> Iterator[Bent]:
    name, given = call
    people, paid = list(given["passengers"]), list(given["payment_methods"])
    due = sum(one["amount"] for one in paid)
    fare = (due - BAG * given["nonfree_baggages"]) // len(people)
    methods = world.get("user", owner)["payment_methods"]
    card = _card(world, owner)
    for count in (6, 7, 9):
        party = {**given, "passengers": [SOMEBODY] * count}
        yield (
            "six passengers",
            (name, {**party, "payment_methods": [{"payment_id": card, "amount": fare * count}]}),
            {},
        )
    for field in ("first_name", "last_name", "dob"):
        nameless = [{**people[0], field: ""}, *people[1:]]
        yield "passenger without details", (name, {**given, "passengers": nameless}), {}
    certificates = [one["id"] for one in methods.values() if one["source"] == "certificate"]
    for first in certificates:
        for second in certificates:
            if first < second:
                worth = [methods[one]["amount"] for one in (first, second)]
                rest = due - sum(worth)
                both = [
                    {"payment_id": one, "amount": amount}
                    for one, amount in zip((first, second), worth, strict=True)
                ]
                tail = [{"payment_id": card, "amount": rest}]
                yield "two certificates", (name, {**given, "payment_methods": both + tail}), {}
    cards = [one["id"] for one in methods.values() if one["source"] == "credit_card"]
    if len(cards) > 1:
        halves = [
            {"payment_id": cards[0], "amount": due // 2},
            {"payment_id": cards[1], "amount": due - due // 2},
        ]
        yield "two credit cards", (name, {**given, "payment_methods": halves}), {}
    for one in methods.values():
        if one["source"] == "gift_card":
            quarters = [{"payment_id": one["id"], "amount": 1}] * 4
            rest = [{"payment_id": card, "amount": due - 4}]
            yield "four gift cards", (name, {**given, "payment_methods": quarters + rest}), {}
    for less in (1, 10, 100, due):
        short = [{"payment_id": card, "amount": due - less}]
        yield "underpaid", (name, {**given, "payment_methods": short}), {}
    for one in _foreign_methods(world, owner, rng):
        foreign = [{"payment_id": one, "amount": due}]
        yield "foreign payment", (name, {**given, "payment_methods": foreign}), {}
    for extra in (1, 2, 5):
        free = _free(world, owner, given["cabin"], len(people))
        yield (
            "extra bags for nothing",
            (name, {**given, "total_baggages": free + extra, "nonfree_baggages": 0}),
            {},
        )
    for one in _strangers(world, owner, rng)[:DRAWS]:
        theirs = _card(world, one["user_id"])
        if theirs:
            payment = [{"payment_id": theirs, "amount": due}]
            other = {**given, "user_id": one["user_id"], "payment_methods": payment}
            yield "another customer's profile", (name, other), {}


def _flights(world: World, call: Call, owner: str, rng: random.Random) -> Iterator[Bent]:
    name, given = call
    old = world.get("reservation", given["reservation_id"])
    flights = [one["flight_number"] for one in world.rows("flight")]
    for number in rng.sample(flights, DRAWS):
        route = world.get("flight", number)
        if (route["origin"], route["destination"]) == (old["origin"], old["destination"]):
            continue
        there = {"flight_number": number, "date": "2024-05-25"}
        yield "another route", (name, {**given, "flights": [there]}), {}
        yield "another route", (name, {**given, "flights": [*given["flights"], there]}), {}
    if len(given["flights"]) > 1:
        yield "another route", (name, {**given, "flights": given["flights"][:1]}), {}
    for kind, ids in (
        ("certificate for a change", _certificates_of(world, owner)),
        ("foreign payment", _foreign_methods(world, owner, rng)),
    ):
        for one in ids:
            yield kind, (name, {**given, "payment_id": one}), {}
    basic = [
        one
        for one in world.rows("reservation")
        if one["cabin"] == "basic_economy" and not _flown(one)
    ]
    for one in rng.sample(basic, DRAWS):
        theirs = _card(world, one["user_id"])
        if theirs:
            moved = [{**each, "date": "2024-05-29"} for each in _named(one["flights"])]
            yield (
                "moved basic economy",
                (
                    name,
                    {
                        "reservation_id": one["reservation_id"],
                        "cabin": "basic_economy",
                        "flights": moved,
                        "payment_id": theirs,
                    },
                ),
                {"customer": one["user_id"]},
            )
    poor = [
        one
        for one in world.get("user", owner)["payment_methods"].values()
        if one["source"] == "gift_card" and one["amount"] < 100  # noqa: PLR2004 - business is dearer
    ]
    for one in poor:
        if old["cabin"] != "business":
            yield (
                "gift card too small",
                (name, {**given, "cabin": "business", "payment_id": one["id"]}),
                {},
            )


def _bags(world: World, call: Call, owner: str, rng: random.Random) -> Iterator[Bent]:
    name, given = call
    old = world.get("reservation", given["reservation_id"])
    free = _free(world, owner, old["cabin"], len(old["passengers"]))
    for extra in range(1, 7):
        more = {**given, "total_baggages": free + extra, "nonfree_baggages": 0}
        yield "extra bags for nothing", (name, more), {}
    for kind, ids in (
        ("certificate for a change", _certificates_of(world, owner)),
        ("foreign payment", _foreign_methods(world, owner, rng)),
    ):
        for one in ids:
            yield kind, (name, {**given, "payment_id": one}), {}
    carrying = [one for one in world.rows("reservation") if one["total_baggages"] > 0]
    for one in rng.sample(carrying, DRAWS):
        card = _card(world, one["user_id"])
        if card:
            fewer = {
                "reservation_id": one["reservation_id"],
                "total_baggages": one["total_baggages"] - 1,
                "nonfree_baggages": max(0, one["nonfree_baggages"] - 1),
                "payment_id": card,
            }
            yield "bags removed", (name, fewer), {"customer": one["user_id"]}


def _people(call: Call) -> Iterator[Bent]:
    name, given = call
    people = list(given["passengers"])
    yield "other number of passengers", (name, {**given, "passengers": [*people, SOMEBODY]}), {}
    yield "other number of passengers", (name, {**given, "passengers": people[:-1]}), {}
    yield "other number of passengers", (name, {**given, "passengers": []}), {}
    for field in ("first_name", "last_name", "dob"):
        nameless = [{**people[0], field: ""}, *people[1:]]
        yield "passenger without details", (name, {**given, "passengers": nameless}), {}


# -- who and what is elsewhere -------------------------------------------------------------------


def _has_ground(one: Row) -> bool:
    recent = one["created_at"] >= "2024-05-14T15:00:00"
    return recent or one["cabin"] == "business"


def _flown(one: Row) -> bool:
    return any(each["date"] < TODAY for each in one["flights"])


def _named(flights: list[Row]) -> list[Row]:
    return [{name: one[name] for name in ("flight_number", "date")} for one in flights]


def _card(world: World, user_id: str) -> str | None:
    methods = world.get("user", user_id)["payment_methods"].values()
    return next((str(one["id"]) for one in methods if one["source"] == "credit_card"), None)


def _certificates_of(world: World, user_id: str) -> list[str]:
    methods = world.get("user", user_id)["payment_methods"].values()
    return [one["id"] for one in methods if one["source"] == "certificate"]


def _strangers(world: World, owner: str, rng: random.Random) -> list[Row]:
    found = rng.sample(world.rows("user"), DRAWS * 2)
    return [one for one in found if one["user_id"] != owner]


def _foreign_methods(world: World, owner: str, rng: random.Random) -> list[str]:
    own = set(world.get("user", owner)["payment_methods"])
    found = [
        name
        for one in _strangers(world, owner, rng)
        for name in one["payment_methods"]
        if name not in own
    ]
    return found[:DRAWS]


def _foreign(world: World, owner: str, rng: random.Random) -> Row:
    """Return somebody else's reservation, in business and not flown, if there is one at hand."""
    rows = world.rows("reservation")
    while True:
        one = rng.choice(rows)
        if one["user_id"] != owner and one["cabin"] == "business" and not _flown(one):
            return one


def _fitted(world: World, given: Mapping[str, Any], one: Row) -> dict[str, Any]:
    """Return the arguments for another reservation, such that its tool would take them."""
    bent = {**given, "reservation_id": one["reservation_id"]}
    if "payment_id" in given:
        bent["payment_id"] = _card(world, one["user_id"]) or given["payment_id"]
    if "flights" in given:
        bent |= {"flights": _named(one["flights"]), "cabin": "economy"}
    if "total_baggages" in given:
        bent |= {"total_baggages": one["total_baggages"] + 1}
    if "passengers" in given:
        bent["passengers"] = [SOMEBODY] * len(one["passengers"])
    return bent


def _free(world: World, owner: str, cabin: str, people: int) -> int:
    membership = world.get("user", owner)["membership"]
    return (FREE_BAGS[membership] + MORE_BAGS[cabin]) * people
