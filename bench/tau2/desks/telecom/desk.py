"""The telecom desk: plays what an agent asks for, its facts beside each call."""

from decimal import Decimal
from typing import Annotated

from bench.tau2.desks.playing import (
    CHANGES_MAX,
    Play,
    acts,
    conversation,
    reads,
    said,
    taking_back,
)
from bench.tau2.desks.telecom import facts
from bench.tau2.desks.telecom.about import about_bill, about_line
from bench.tau2.desks.telecom.records import Changed, Session
from bench.tau2.desks.telecom.tools import (
    TOOLS,
    get_bill,
    get_bills_for_customer,
    get_customer_by_id,
    get_customer_by_name,
    get_customer_by_phone,
    get_data_usage,
    get_line,
    get_plan,
    next_call,
    telecom,
    transfer_to_human_agents,
)
from remit import Context, Source, Workflow

desk = Workflow("telecom")
for tool, record in TOOLS:
    desk.tool(record=record)(tool)
for fact in facts.FACTS:
    desk.derive(fact)

OWN = (facts.identified, facts.is_own)
LINE_FACTS = (*OWN, facts.line_status, facts.is_contract_over, facts.unpaid_bills, facts.is_abroad)
CustomerId = Annotated[str, Source.case("customer")]
LineId = Annotated[str, Source.tool("get_line", "line_id")]


@desk.action(
    risk="money",
    undo=taking_back(telecom, "send_payment_request"),
    says="Ask {customer_id} to pay bill {bill_id}",
    on=get_bill,
    facts=(*OWN, facts.bill_status, facts.others_awaited),
    times_max=CHANGES_MAX,
)
async def send_payment_request(
    customer_id: CustomerId, bill_id: Annotated[str, Source.tool("get_bill", "bill_id")]
) -> Changed:
    return Changed.model_validate(
        await telecom.perform("send_payment_request", customer_id=customer_id, bill_id=bill_id)
    )


@desk.action(
    risk="normal",
    undo=taking_back(telecom, "suspend_line"),
    says="Suspend line {line_id}",
    on=get_line,
    facts=LINE_FACTS,
    times_max=CHANGES_MAX,
)
async def suspend_line(customer_id: CustomerId, line_id: LineId) -> Changed:
    return Changed.model_validate(
        await telecom.perform("suspend_line", customer_id=customer_id, line_id=line_id)
    )


@desk.action(
    risk="normal",
    undo=taking_back(telecom, "resume_line"),
    says="Lift the suspension of line {line_id}",
    on=get_line,
    facts=LINE_FACTS,
    times_max=CHANGES_MAX,
)
async def resume_line(customer_id: CustomerId, line_id: LineId) -> Changed:
    return Changed.model_validate(
        await telecom.perform("resume_line", customer_id=customer_id, line_id=line_id)
    )


@desk.action(
    risk="money",
    undo=taking_back(telecom, "refuel_data"),
    says="Add {gb_amount} GB to line {line_id}",
    on=get_line,
    facts=LINE_FACTS,
    times_max=CHANGES_MAX,
)
async def refuel_data(
    customer_id: CustomerId, line_id: LineId, gb_amount: Annotated[Decimal, said("gb_amount")]
) -> Changed:
    return Changed.model_validate(
        await telecom.perform(
            "refuel_data", customer_id=customer_id, line_id=line_id, gb_amount=gb_amount
        )
    )


@desk.action(
    risk="normal",
    undo=taking_back(telecom, "enable_roaming"),
    says="Let line {line_id} roam",
    on=get_line,
    facts=LINE_FACTS,
    times_max=CHANGES_MAX,
)
async def enable_roaming(customer_id: CustomerId, line_id: LineId) -> Changed:
    return Changed.model_validate(
        await telecom.perform("enable_roaming", customer_id=customer_id, line_id=line_id)
    )


@desk.action(
    risk="normal",
    undo=taking_back(telecom, "disable_roaming"),
    says="Let line {line_id} roam no more",
    on=get_line,
    facts=LINE_FACTS,
    times_max=CHANGES_MAX,
)
async def disable_roaming(customer_id: CustomerId, line_id: LineId) -> Changed:
    return Changed.model_validate(
        await telecom.perform("disable_roaming", customer_id=customer_id, line_id=line_id)
    )


LINE = ("customer_id", "line_id")
PLAYED: dict[str, Play] = {
    "get_customer_by_id": reads(get_customer_by_id, "customer_id"),
    "get_customer_by_phone": reads(get_customer_by_phone, "phone_number"),
    "get_customer_by_name": reads(get_customer_by_name, "full_name", "date_of_birth"),
    "get_line": reads(get_line, "line_id"),
    "get_bill": reads(get_bill, "bill_id"),
    "get_plan": reads(get_plan, "plan_id"),
    "get_bills_for_customer": reads(get_bills_for_customer, "customer_id"),
    "get_data_usage": reads(get_data_usage, "line_id"),
    "transfer_to_human_agents": reads(transfer_to_human_agents, "summary"),
    "send_payment_request": acts(about_bill, send_payment_request, "customer_id", "bill_id"),
    "suspend_line": acts(about_line, suspend_line, *LINE),
    "resume_line": acts(about_line, resume_line, *LINE),
    "refuel_data": acts(about_line, refuel_data, *LINE, "gb_amount"),
    "enable_roaming": acts(about_line, enable_roaming, *LINE),
    "disable_roaming": acts(about_line, disable_roaming, *LINE),
}


@desk.handle
async def handle(case: Session, run: Context) -> str:
    return await conversation(case, run, next_call, PLAYED)
