"""The tau2 desks: their facts, their systems, and a seeded tenth of the governed replay."""

from datetime import date
from decimal import Decimal

import pytest

from bench.tau2 import data, domains, flips, sums
from bench.tau2.desks.airline import facts as airline
from bench.tau2.desks.airline import records as flown
from bench.tau2.desks.retail import facts as retail
from bench.tau2.desks.retail.records import Item, Method, Payment, Stock
from bench.tau2.desks.telecom import facts as telecom
from bench.tau2.desks.telecom.records import Bill
from bench.tau2.replay import play
from bench.tau2.world import ToolRefusedError, World
from remit import Money
from remit.domain.approval import Requirement
from remit.domain.decision import FiredForbid, PolicyAnswer

SEED, SHARE = 2026, 0.1


# -- a seeded tenth of the whole ----------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["retail", "airline", "telecom"])
async def test_a_tenth_ends_as_without_a_gate_and_nothing_bent_runs(name: str) -> None:
    try:
        data.folder()
    except data.NoDataError as error:
        pytest.skip(f"not shipped: {error}")
    found = await play(domains.DOMAINS[name], seed=SEED, share=SHARE)
    assert found.faults == []
    assert found.same == found.tasks > 0
    assert found.findings == ()
    assert found.ran == found.writes - found.writes_refused
    assert sum(found.bent.values()) > 20
    assert sum(found.tools_alone.values()) > 10, "bends that the tools refuse anyway show nothing"


# -- facts: retail --------------------------------------------------------------------------------

RED = Item(item_id="1", product_id="shirt", price=Decimal("20.10"))
BLUE = Stock(item_id="2", product_id="shirt", available=True, price=Decimal("25.00"))
SHOE = Stock(item_id="3", product_id="shoe", available=False, price=Decimal("9.00"))
CARD = Method(id="card", source="credit_card")
GIFT = Method(id="gift", source="gift_card", balance=Decimal("4.9"))


def test_nobody_signed_in_owns_nothing() -> None:
    assert not retail.signed_in(None)
    assert not retail.is_own("anna", None)
    assert not retail.is_own("anna", "ben")
    assert retail.is_own("anna", "anna")


def test_an_order_was_paid_first_with_its_first_payment() -> None:
    paid = [
        Payment(transaction_type="payment", amount=Decimal("3.5"), payment_method_id="gift"),
        Payment(transaction_type="refund", amount=Decimal(1), payment_method_id="card"),
    ]
    assert retail.first_paid_with(paid) == "gift"
    assert retail.order_total(paid) == Money.of("3.50 USD")
    assert retail.first_paid_with([]) == ""


def test_a_payment_method_counts_only_in_the_profile() -> None:
    assert retail.payment_kind([CARD, GIFT], "gift") == "gift_card"
    assert retail.payment_kind([CARD], "gift") == "none"
    assert retail.gift_balance([CARD, GIFT], "gift") == Money.of("4.90 USD")
    assert retail.gift_balance([CARD, GIFT], "card") == Money.of("0.00 USD")


def test_an_item_is_in_an_order_as_often_as_it_stands_there() -> None:
    assert retail.are_all_in_order([RED, RED], ["1", "1"])
    assert not retail.are_all_in_order([RED], ["1", "1"])
    assert not retail.are_all_in_order([RED], ["2"])
    assert not retail.are_all_in_order([RED], [])


def test_an_exchange_is_one_for_one_of_the_same_product_and_another_option() -> None:
    assert retail.is_one_for_one(["1"], [BLUE])
    assert not retail.is_one_for_one(["1"], [])
    assert retail.is_same_product([RED], [BLUE])
    assert not retail.is_same_product([RED], [SHOE])
    same = Stock(item_id="1", product_id="shirt", available=True, price=RED.price)
    assert retail.is_other_option([RED], [BLUE])
    assert not retail.is_other_option([RED], [same])
    assert retail.is_in_stock([BLUE])
    assert not retail.is_in_stock([BLUE, SHOE])
    assert retail.price_difference([RED], [BLUE]) == Money.of("4.90 USD")


# -- facts: airline -------------------------------------------------------------------------------


def leg(start: str, end: str) -> flown.Flight:
    return flown.Flight(flight_number=f"{start}-{end}", origin=start, destination=end)


@pytest.mark.parametrize(
    ("membership", "cabin", "people", "bags", "to_pay"),
    [
        ("regular", "basic_economy", 2, 1, 1),
        ("regular", "economy", 2, 2, 0),
        ("silver", "business", 1, 4, 1),
        ("gold", "economy", 2, 6, 0),
        ("gold", "economy", 2, 7, 1),
    ],
)
def test_bags_beyond_the_allowance_are_paid(
    membership: str, cabin: str, people: int, bags: int, to_pay: int
) -> None:
    assert airline.bags_to_pay(membership, cabin, people, bags) == to_pay


def test_flown_is_what_is_dated_before_today() -> None:
    before = flown.Segment(flight_number="A", date="2024-05-14")
    today = flown.Segment(flight_number="B", date=date(2024, 5, 15).isoformat())
    assert airline.is_flown([today, before])
    assert not airline.is_flown([today])


def test_a_booking_is_fresh_for_twenty_four_hours() -> None:
    assert airline.is_booked_within_a_day("2024-05-14T15:00:00")
    assert not airline.is_booked_within_a_day("2024-05-14T14:59:59")


def test_insurance_covers_health_and_weather_only() -> None:
    assert airline.is_insured_for_it("yes", "weather")
    assert not airline.is_insured_for_it("yes", "change of plan")
    assert not airline.is_insured_for_it("no", "health")
    assert not airline.is_insured_for_it("yes", None)


def test_a_round_trip_leads_there_and_back() -> None:
    there, on, back = leg("JFK", "ORD"), leg("ORD", "SFO"), leg("SFO", "JFK")

    def keeps(kind: str, *legs: flown.Flight) -> bool:
        return airline.keeps_route("JFK", "SFO", kind, flown.Flights(flights=list(legs)))

    assert keeps("one_way", there, on)
    assert not keeps("one_way", there)
    assert not keeps("one_way", there, back), "the second leg begins elsewhere"
    assert keeps("round_trip", there, on, back)
    assert not keeps("round_trip", there, on)
    assert not keeps("round_trip")


def test_a_booking_costs_fare_insurance_and_extra_bags() -> None:
    assert airline.amount_due(100, 2, "yes", 3) == 2 * 130 + 150
    paid = [
        flown.Paid(payment_id="one", amount=400),
        flown.Paid(payment_id="two", amount=10),
        flown.Paid(payment_id="one", amount=1),
    ]
    own = [
        flown.Method(id="one", source="certificate", amount=400),
        flown.Method(id="two", source="gift_card", amount=10),
    ]
    assert airline.amount_paid(paid) == 411
    assert airline.certificates_used(own, paid) == 2
    assert airline.gift_cards_used(own, paid) == 1
    assert airline.credit_cards_used(own, paid) == 0
    assert airline.is_all_on_file(own, paid)
    assert not airline.is_all_on_file(own[:1], paid)
    assert airline.balance(own, "one") == 400
    assert airline.more_to_pay(150, 100, 3) == 150


def test_nothing_is_due_where_nothing_was_cancelled() -> None:
    assert airline.compensation_due(flown.Flights(flights=[]), 2) == 0
    assert airline.compensation_due(flown.Flights(flights=[leg("JFK", "SFO")]), 2) == 200


# -- facts: telecom -------------------------------------------------------------------------------


def bill(name: str, status: str) -> Bill:
    return Bill(bill_id=name, customer_id="C1", total_due=Decimal(1), status=status)


def test_bills_that_wait_or_are_overdue_are_unpaid() -> None:
    bills = [bill("1", "Paid"), bill("2", "Overdue"), bill("3", "Awaiting Payment")]
    assert telecom.unpaid_bills(bills) == 2
    assert telecom.others_awaited(bills, "2") == 1
    assert telecom.others_awaited(bills, "3") == 0


def test_a_line_is_own_only_for_the_identified_customer() -> None:
    assert telecom.is_own("C1", "C1", ["L1"], "L1")
    assert not telecom.is_own("C1", "C1", ["L1"], "L2")
    assert not telecom.is_own("C2", "C1", ["L1"], "L1")
    assert not telecom.is_own("C1", None, ["L1"], "L1")
    assert telecom.is_contract_over("2025-02-24")
    assert not telecom.is_contract_over("2025-02-25")


# -- the harness ----------------------------------------------------------------------------------


class Box(World):
    WRITES = frozenset({"fill", "half"})

    def fill(self, name: str, content: str) -> None:
        self.put("box", name, {"content": content})

    def half(self, name: str) -> None:
        self.put("box", name, {"content": "half"})
        raise ToolRefusedError("no")


def test_a_refused_write_changes_nothing_and_a_done_one_can_be_taken_back() -> None:
    world = Box({"box": {"a": {"content": "old"}}})
    with pytest.raises(ToolRefusedError):
        world.call("half", {"name": "a"})
    assert world.state == {}
    other = world.fork()
    change = world.call("fill", {"name": "a", "content": "new"})
    assert world.state == {("box", "a"): {"content": "new"}}
    assert other.state == {}
    world.take_back(change["change"])
    assert world.state == {}


@pytest.mark.parametrize("expression", ["1 + 2 * 3", "(1 + 2) * 3"])
def test_a_sum_is_a_sum(expression: str) -> None:
    expected = {"1 + 2 * 3": "7.00", "(1 + 2) * 3": "9.00"}
    assert sums.calculated(expression) == expected[expression]
    with pytest.raises(ToolRefusedError):
        sums.calculated("__import__('os')")


def test_a_rule_counts_where_its_absence_changes_the_verdict() -> None:
    asks = FiredForbid(
        rule="asks", says="", requirement=Requirement(people=1, role="x"), escalate=False
    )
    denies = FiredForbid(rule="denies", says="", requirement=None, escalate=False)
    both = PolicyAnswer(loaded=True, decision="deny", permits=("permits",), forbids=(asks, denies))
    held = PolicyAnswer(loaded=True, decision="deny", permits=("permits",), forbids=(asks,))
    allowed = PolicyAnswer(loaded=True, decision="allow", permits=("permits",))
    counted = flips.flips([both, held, allowed], ["permits", "asks", "denies", "never"])
    assert counted == {"permits": 1, "asks": 1, "denies": 1, "never": 0}
