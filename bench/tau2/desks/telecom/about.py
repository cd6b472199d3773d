"""The facts beside each write, from records read just before it."""

from bench.tau2.desks.telecom import facts
from bench.tau2.desks.telecom.records import Call, Session
from bench.tau2.desks.telecom.tools import (
    get_bill,
    get_bills_for_customer,
    get_customer_by_id,
    get_line,
)
from remit import Context


async def about_bill(case: Session, call: Call, run: Context) -> None:
    """Read customer and bills as they are now, and say what the rules look at."""
    customer = await run.read(get_customer_by_id, customer_id=call.customer_id)
    bill = await run.read(get_bill, bill_id=call.bill_id)
    every = await run.read(get_bills_for_customer, customer_id=call.customer_id)
    await run.derive(facts.identified, customer=case.customer)
    await run.derive(
        facts.is_own,
        named=call.customer_id,
        customer=case.customer,
        belonging=customer.bill_ids,
        wanted=call.bill_id,
    )
    await run.derive(facts.bill_status, status=bill.status)
    await run.derive(facts.others_awaited, bills=every.bills, wanted=call.bill_id)


async def about_line(case: Session, call: Call, run: Context) -> None:
    """Read customer, line and bills as they are now, and say what the rules look at."""
    customer = await run.read(get_customer_by_id, customer_id=call.customer_id)
    line = await run.read(get_line, line_id=call.line_id)
    every = await run.read(get_bills_for_customer, customer_id=call.customer_id)
    await run.derive(facts.identified, customer=case.customer)
    await run.derive(
        facts.is_own,
        named=call.customer_id,
        customer=case.customer,
        belonging=customer.line_ids,
        wanted=call.line_id,
    )
    await run.derive(facts.line_status, status=line.status)
    await run.derive(facts.is_contract_over, end_date=line.contract_end_date)
    await run.derive(facts.unpaid_bills, bills=every.bills)
    await run.derive(facts.is_abroad, abroad=case.abroad)
