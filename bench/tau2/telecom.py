"""The telecom company's tools: they check what its API would, and nothing of its policy."""

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from bench.tau2 import data
from bench.tau2.world import Row, ToolRefusedError, World

TODAY = "2025-02-25"
NEW_BILL = 85.0


@functools.cache
def shared() -> dict[str, dict[str, Row]]:
    """Return the records of the data."""
    found = data.read("telecom/db.toml")
    kinds = {"customer": "customers", "line": "lines", "bill": "bills", "plan": "plans"}
    made = {
        kind: {one[f"{kind}_id"]: _plain(one) for one in found[table]}
        for kind, table in kinds.items()
    }
    made["device"] = {one["device_id"]: _plain(one) for one in found["devices"]}
    return made


def _plain(value: Any) -> Any:
    match value:
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list():
            return [_plain(one) for one in value]
        case str() | bool() | int() | float():
            return value
        case _:
            return str(value)


class Telecom(World):
    """Customers, lines, bills, plans."""

    READS: ClassVar[frozenset[str]] = frozenset(
        {
            "get_customer_by_phone",
            "get_customer_by_id",
            "get_customer_by_name",
            "get_line",
            "get_bill",
            "get_plan",
            "get_bills_for_customer",
            "get_data_usage",
            "transfer_to_human_agents",
        }
    )
    WRITES: ClassVar[frozenset[str]] = frozenset(
        {
            "send_payment_request",
            "suspend_line",
            "resume_line",
            "refuel_data",
            "enable_roaming",
            "disable_roaming",
        }
    )

    def __init__(self) -> None:
        """Begin with what the data holds."""
        super().__init__(shared())

    # -- reads -----------------------------------------------------------------------------------

    def get_customer_by_phone(self, phone_number: str) -> Row:
        return self._customer(lambda one: bool(one["phone_number"] == phone_number))

    def get_customer_by_id(self, customer_id: str) -> Row:
        return self.get("customer", customer_id)

    def get_customer_by_name(self, full_name: str, date_of_birth: str) -> Row:
        return self._customer(
            lambda one: bool(
                one["full_name"] == full_name and one["date_of_birth"] == date_of_birth
            )
        )

    def get_line(self, line_id: str) -> Row:
        return self.get("line", line_id)

    def get_bill(self, bill_id: str) -> Row:
        return self.get("bill", bill_id)

    def get_plan(self, plan_id: str) -> Row:
        return self.get("plan", plan_id)

    def get_bills_for_customer(self, customer_id: str) -> Row:
        customer = self.get("customer", customer_id)
        return {"bills": [self.get("bill", one) for one in customer["bill_ids"]]}

    def get_data_usage(self, line_id: str) -> Row:
        line = self.get("line", line_id)
        return {name: line[name] for name in ("line_id", "data_used_gb", "data_refueling_gb")}

    def transfer_to_human_agents(self, summary: str) -> str:
        del summary
        return "Transfer successful"

    # -- writes ----------------------------------------------------------------------------------

    def send_payment_request(self, customer_id: str, bill_id: str) -> None:
        self._own(customer_id, "bill_ids", bill_id)
        bill = self.get("bill", bill_id)
        bill["status"] = "Awaiting Payment"
        self.put("bill", bill_id, bill)

    def suspend_line(self, customer_id: str, line_id: str) -> None:
        line = self._line(customer_id, line_id)
        if line["status"] != "Active":
            raise ToolRefusedError("the line is not active")
        line |= {"status": "Suspended", "suspension_start_date": TODAY}
        self.put("line", line_id, line)

    def resume_line(self, customer_id: str, line_id: str) -> None:
        line = self._line(customer_id, line_id)
        if line["status"] not in {"Suspended", "Pending Activation"}:
            raise ToolRefusedError("the line is not suspended")
        line["status"] = "Active"
        line.pop("suspension_start_date", None)
        self.put("line", line_id, line)

    def refuel_data(self, customer_id: str, line_id: str, gb_amount: float) -> None:
        line = self._line(customer_id, line_id)
        if gb_amount <= 0:
            raise ToolRefusedError("the amount is not above zero")
        line["data_refueling_gb"] += gb_amount
        self.put("line", line_id, line)

    def enable_roaming(self, customer_id: str, line_id: str) -> None:
        self._roam(customer_id, line_id, enabled=True)

    def disable_roaming(self, customer_id: str, line_id: str) -> None:
        self._roam(customer_id, line_id, enabled=False)

    # -- what happened before, and what the customer does -----------------------------------------

    def set_data_usage(self, line_id: str, data_used_gb: float) -> None:
        line = self.get("line", line_id)
        self.put("line", line_id, {**line, "data_used_gb": data_used_gb})

    def suspend_for_overdue_bill(
        self, customer_id: str, line_id: str, new_bill_id: str, *, contract_ended: bool
    ) -> None:
        customer, line = self.get("customer", customer_id), self.get("line", line_id)
        line |= {"status": "Suspended", "suspension_start_date": TODAY}
        if contract_ended:
            line["contract_end_date"] = "2025-02-24"
        self.put("line", line_id, line)
        self.put(
            "customer", customer_id, customer | {"bill_ids": [*customer["bill_ids"], new_bill_id]}
        )
        bill = {
            "bill_id": new_bill_id,
            "customer_id": customer_id,
            "total_due": NEW_BILL,
            "due_date": "2025-02-10",
            "status": "Overdue",
        }
        self.put("bill", new_bill_id, bill)

    def make_payment(self, customer_id: str) -> None:
        """The customer pays what was asked for."""
        for name in self.get("customer", customer_id)["bill_ids"]:
            bill = self.get("bill", name)
            if bill["status"] == "Awaiting Payment":
                self.put("bill", name, bill | {"status": "Paid"})

    def set_bill(self, bill_id: str, status: str) -> None:
        self.put("bill", bill_id, self.get("bill", bill_id) | {"status": status})

    def end_contract(self, line_id: str) -> None:
        self.put("line", line_id, self.get("line", line_id) | {"contract_end_date": "2025-02-24"})

    # -- parts -----------------------------------------------------------------------------------

    def _customer(self, wanted: Callable[[Row], bool]) -> Row:
        found = next((one for one in self.rows("customer") if wanted(one)), None)
        if found is None:
            raise ToolRefusedError("customer not found")
        return self.get("customer", found["customer_id"])

    def _own(self, customer_id: str, kind: str, name: str) -> None:
        if name not in self.get("customer", customer_id)[kind]:
            raise ToolRefusedError("it does not belong to this customer: not found")

    def _line(self, customer_id: str, line_id: str) -> Row:
        self._own(customer_id, "line_ids", line_id)
        return self.get("line", line_id)

    def _roam(self, customer_id: str, line_id: str, *, enabled: bool) -> None:
        line = self._line(customer_id, line_id)
        self.put("line", line_id, line | {"roaming_enabled": enabled})
