"""Which list of the inbox a page shows: everything that is in its address, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

TABS = ("mine", "team", "overdue", "money", "changed", "snoozed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which list; an address that says nothing asks for what waits for the team."""

    tab: str
    workflow: str | None
    action: str | None
    after: str | None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Asked":
        tab = given.get("tab", "team")
        return cls(
            tab=tab if tab in TABS else "team",
            workflow=given.get("workflow") or None,
            action=given.get("action") or None,
            after=given.get("after") or None,
        )

    def members(self) -> dict[str, str | None]:
        return {
            "tab": None if self.tab == "team" else self.tab,
            "workflow": self.workflow,
            "action": self.action,
            "after": self.after,
        }
