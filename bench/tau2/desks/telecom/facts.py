"""What the telecom rules look at: from the company's records and the session."""

from typing import Annotated

from bench.tau2.desks.telecom.records import Bill
from remit import Source

TODAY = "2025-02-25"
UNPAID = frozenset({"Overdue", "Awaiting Payment"})


def identified(customer: Annotated[str | None, Source.case("customer")]) -> bool:
    """Is it known who the customer is?"""
    return customer is not None


def is_own(
    named: str,
    customer: Annotated[str | None, Source.case("customer")],
    belonging: list[str],
    wanted: str,
) -> bool:
    """Is the customer named in the call who was identified, and is what is wanted theirs?"""
    return named == customer and wanted in belonging


def bill_status(status: Annotated[str, Source.tool("get_bill", "status")]) -> str:
    """How the bill stands."""
    return status


def others_awaited(bills: list[Bill], wanted: str) -> int:
    """How many other bills wait for a payment that was asked for."""
    return sum(one.status == "Awaiting Payment" for one in bills if one.bill_id != wanted)


def unpaid_bills(bills: list[Bill]) -> int:
    """How many bills are overdue, or asked for and not paid yet."""
    return sum(one.status in UNPAID for one in bills)


def line_status(status: Annotated[str, Source.tool("get_line", "status")]) -> str:
    """How the line stands."""
    return status


def is_contract_over(
    end_date: Annotated[str, Source.tool("get_line", "contract_end_date")],
) -> bool:
    """Has the line's contract ended?"""
    return end_date < TODAY


def is_abroad(abroad: Annotated[bool, Source.case("abroad")]) -> bool:
    """Is the customer outside the home network?"""
    return abroad


FACTS = (
    identified,
    is_own,
    bill_status,
    others_awaited,
    unpaid_bills,
    line_status,
    is_contract_over,
    is_abroad,
)
