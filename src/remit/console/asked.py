"""Which list of the inbox a page shows: everything that is in its address, and nothing else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from remit.governance.narrow import Narrow

TABS = ("mine", "team", "overdue", "money", "changed", "snoozed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a list leaves out everything else for."""

    words: str
    without: Mapping[str, str | None]  # what the address says when it is taken away


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which list; an address that says nothing asks for what waits for the team."""

    tab: str
    workflow: str | None
    action: str | None
    after: str | None
    narrow: Narrow = field(default_factory=Narrow)

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Asked":
        tab = given.get("tab", "team")
        return cls(
            tab=tab if tab in TABS else "team",
            workflow=given.get("workflow") or None,
            action=given.get("action") or None,
            after=given.get("after") or None,
            narrow=Narrow.of(given),
        )

    def members(self) -> dict[str, str | None]:
        """Return everything that the address says."""
        return {**self.whole(), "after": self.after}

    def whole(self) -> dict[str, str | None]:
        """Return what the address says of the list, without the page of it."""
        return {
            "tab": None if self.tab == "team" else self.tab,
            "workflow": self.workflow,
            "action": self.action,
            **self.narrow.members(),
        }

    def filters(self) -> Sequence[Filter]:
        """Return what hides something, each in words with the list as it is without it."""
        money, narrow = self.narrow.money, self.narrow
        said = [
            (self.workflow, f"workflow {self.workflow}", ("workflow",)),
            (self.action, f"action {self.action}", ("action",)),
            (narrow.reason, f"reason {narrow.reason}", ("reason",)),
            (money, f"money {_bounds(narrow)}", ("currency", "from", "to")),
        ]
        return [
            Filter(
                words=words,
                without={name: one for name, one in self.whole().items() if name not in names},
            )
            for there, words, names in said
            if there is not None
        ]


def _bounds(narrow: Narrow) -> str:
    """Say how much money a list is about: `from 50 to 100 EUR`."""
    said = [f"from {narrow.least}"] if narrow.least is not None else []
    said += [f"to {narrow.most}"] if narrow.most is not None else []
    return " ".join([*said, f"{narrow.currency}"] if said else ["in", f"{narrow.currency}"])
