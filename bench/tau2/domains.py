"""The desks of tau2 that are played, with their tasks."""

from collections.abc import Callable, Mapping
from typing import Any

from bench.tau2 import bends_airline, bends_retail, bends_telecom, data
from bench.tau2.airline import Airline
from bench.tau2.retail import Retail
from bench.tau2.task import Call, Domain, Task
from bench.tau2.telecom import Telecom
from bench.tau2.world import ToolRefusedError, World


def retail_tasks() -> tuple[Task, ...]:
    """Return the retail tasks; the customer of each is who its gold calls are about."""
    found = []
    for task in data.read("retail/tasks.json"):
        calls = gold(task)
        found.append(Task(name=task["id"], session=signed_in(calls), calls=calls))
    return tuple(found)


# The customer of 7 says that they are ill. That of 39 gives no reason, and the gold call cancels
# an insured reservation: health is assumed.
REASONS = {"7": "health", "39": "health"}


def airline_tasks() -> tuple[Task, ...]:
    """Return the airline tasks; the customer is who the task says."""
    return tuple(
        Task(
            name=task["id"],
            session={
                "customer": airline_customer(task),
                "reason": REASONS.get(task["id"], "change of plan"),
            },
            calls=gold(task),
        )
        for task in data.read("airline/tasks.json")
    )


def airline_customer(task: Mapping[str, Any]) -> str:
    """Return the user id that the task's customer knows."""
    known = task["user_scenario"]["instructions"]["known_info"]
    users = Airline().rows("user")
    return next(str(one["user_id"]) for one in users if one["user_id"] in known)


# What customers of these tasks ask to cancel without a ground: their text names it, or all.
ASKED = {
    "0": ("EHGLP3",), "1": ("Q69X3R",), "9": ("IFOYYZ", "NQNU5R"), "28": ("SI5UKW",),
    "39": ("UDMOP1", "XAZ3C0", "I6M8JQ", "4XGCCM"), "41": ("XAZ3C0", "I6M8JQ"),
    "43": ("9HBUV8", "D1EW9B"), "47": ("H8Q05L",), "49": ("3RK2T9",),
}  # fmt: skip


def airline_probes() -> tuple[Task, ...]:
    """Return the cancellations that customers ask for and gold does not make."""
    sessions = {one.name: one.session for one in airline_tasks()}
    return tuple(
        Task(
            name=f"airline {name}",
            session={**sessions[name], "reason": "health" if name == "49" else "change of plan"},
            calls=tuple(("cancel_reservation", {"reservation_id": one}) for one in asked),
        )
        for name, asked in ASKED.items()
    )


CUSTOMER, LINE, BILL = "C1001", "L1002", "B1234321"


def telecom_tasks() -> tuple[Task, ...]:
    """Return the telecom tasks in which the agent calls a tool; device calls are left out."""
    found = []
    for task in data.read("telecom/tasks_small.json.gz"):
        calls = gold(task)
        before = task["initial_state"]["initialization_actions"]
        if calls:
            paid = {
                place: pay for place, one in enumerate(calls) if one[0] == "send_payment_request"
            }
            found.append(
                Task(
                    name=task["id"],
                    session={
                        "customer": CUSTOMER,
                        "abroad": any(one["arguments"].get("abroad") for one in before),
                    },
                    calls=calls,
                    begin=beginning(before),
                    played=paid,
                )
            )
    return tuple(found)


def beginning(actions: list[Mapping[str, Any]]) -> Callable[[World], None]:
    """Return what happened to the company's records before the conversation."""

    def begin(world: World) -> None:
        if not isinstance(world, Telecom):
            raise TypeError("this is a task of the telecom desk")
        for one in actions:
            given = one["arguments"]
            match one["func_name"]:
                case "enable_roaming":
                    world.enable_roaming(**given)
                case "disable_roaming":
                    world.disable_roaming(**given)
                case "set_data_usage":
                    world.set_data_usage(given["line_id"], given["data_used_gb"])
                case "suspend_line_for_overdue_bill":
                    world.suspend_for_overdue_bill(**given)

    return begin


def pay(world: World) -> None:
    """The customer pays what was asked for."""
    if isinstance(world, Telecom):
        world.make_payment(CUSTOMER)


def telecom_probes() -> tuple[Task, ...]:
    """Return the lifting of a suspension after the contract's end, asked for and not due."""
    return tuple(
        Task(
            name=f"telecom {one.name}",
            session=one.session,
            calls=(("resume_line", {"customer_id": CUSTOMER, "line_id": LINE}),),
            begin=one.begin,
        )
        for one in telecom_tasks()
        if one.name.startswith("[service_issue]contract_end")
    )


def signed_in(calls: tuple[Call, ...]) -> Mapping[str, Any]:
    """Return the session of a retail task: whom the shop finds, or whose records are named."""
    world = Retail()
    for name, given in calls:
        if name.startswith("find_user_id"):
            try:
                return {"customer": world.call(name, given)}
            except ToolRefusedError:
                continue
        order = world.find("order", given.get("order_id", ""))
        owner = given.get("user_id") or (order or {}).get("user_id")
        if owner:
            return {"customer": owner}
    return {"customer": None}


def gold(task: Mapping[str, Any]) -> tuple[Call, ...]:
    """Return the gold calls of the agent, in order."""
    listed = task["evaluation_criteria"]["actions"] or []
    return tuple(
        (one["name"], one["arguments"])
        for one in listed
        if one.get("requestor", "assistant") == "assistant"
    )


RETAIL = Domain(
    name="retail",
    connector="shop",
    world=Retail,
    tasks=retail_tasks,
    bends=bends_retail.bends,
    writes=Retail.WRITES,
)
AIRLINE = Domain(
    name="airline",
    connector="airline",
    world=Airline,
    tasks=airline_tasks,
    bends=bends_airline.bends,
    probes=airline_probes,
    writes=Airline.WRITES,
)
TELECOM = Domain(
    name="telecom",
    connector="telecom",
    world=Telecom,
    tasks=telecom_tasks,
    bends=bends_telecom.bends,
    probes=telecom_probes,
    writes=Telecom.WRITES,
)
DOMAINS = {one.name: one for one in (RETAIL, AIRLINE, TELECOM)}
