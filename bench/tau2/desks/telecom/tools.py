"""What the telecom desk may look at."""

from typing import Annotated

from bench.tau2.desks.telecom.records import Bill, Bills, Call, Customer, Line, Plan, Usage
from remit import Phone, Source
from remit.authoring.connector import ConnectorHandle

telecom = ConnectorHandle("telecom")
agent = ConnectorHandle("agent")


async def next_call(turn: int) -> Call:
    """What the agent asks for in this turn."""
    return Call.model_validate(await agent.read("next_call", turn=turn))


async def get_customer_by_id(
    customer_id: Annotated[str, Source.case("customer")],
) -> Customer:
    return Customer.model_validate(
        await telecom.read("get_customer_by_id", customer_id=customer_id)
    )


async def get_customer_by_phone(phone_number: Phone) -> Customer:
    return Customer.model_validate(
        await telecom.read("get_customer_by_phone", phone_number=phone_number)
    )


async def get_customer_by_name(full_name: str, date_of_birth: str) -> Customer:
    return Customer.model_validate(
        await telecom.read(
            "get_customer_by_name", full_name=full_name, date_of_birth=date_of_birth
        )
    )


async def get_line(
    line_id: Annotated[str, Source.tool("get_customer_by_id", "line_ids.*")],
) -> Line:
    return Line.model_validate(await telecom.read("get_line", line_id=line_id))


async def get_bill(
    bill_id: Annotated[str, Source.tool("get_customer_by_id", "bill_ids.*")],
) -> Bill:
    return Bill.model_validate(await telecom.read("get_bill", bill_id=bill_id))


async def get_plan(plan_id: str) -> Plan:
    return Plan.model_validate(await telecom.read("get_plan", plan_id=plan_id))


async def get_bills_for_customer(customer_id: str) -> Bills:
    return Bills.model_validate(
        await telecom.read("get_bills_for_customer", customer_id=customer_id)
    )


async def get_data_usage(line_id: str) -> Usage:
    return Usage.model_validate(await telecom.read("get_data_usage", line_id=line_id))


async def transfer_to_human_agents(summary: str) -> str:
    return str(await telecom.read("transfer_to_human_agents", summary=summary))


TOOLS = (
    (next_call, None),
    (get_customer_by_id, "customer_id"),
    (get_customer_by_phone, "customer_id"),
    (get_customer_by_name, "customer_id"),
    (get_line, "line_id"),
    (get_bill, "bill_id"),
    (get_plan, "plan_id"),
    (get_bills_for_customer, None),
    (get_data_usage, None),
    (transfer_to_human_agents, None),
)
