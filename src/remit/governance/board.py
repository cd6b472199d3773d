"""The board of a workflow: its cells looked at together, and which of them may be offered.

Where a workflow's plans say `many_cells = "fdr"`, a cell is offered for a raise only where it
stands out among all (`evidence.gate.discoveries`). Every cell of every action of which something
was ever proposed is on the board of its workflow, if a level is above it, whatever it has shown so
far: a board of those that look good would promise nothing. It is taken of the record alone, and so
it is made again from the entries when a grant is verified.
"""

import math
from collections.abc import Callable, Mapping

from remit.domain.autonomy import Cell
from remit.domain.frozen import dataclass
from remit.domain.plan import PPM, ManyCells, Plan
from remit.evidence import gate
from remit.governance import next_step, streams
from remit.governance.condition import Condition
from remit.governance.streams import EvidenceStream
from remit.store import plans
from remit.store.connection import Connection
from remit.store.unit import UnitOfWork

NAME = "among the cells that the board offers"
Looked = Callable[[EvidenceStream], EvidenceStream]  # leaves rows out


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """The cells of a workflow that could rise, with the evidence of each now, in nats."""

    evidence: Mapping[str, float]  # by the name of the cell, over all its rows
    false_share_max: float  # of bad cells among those that are offered, on average

    @property
    def offered(self) -> frozenset[str]:
        """The cells that may be raised now."""
        return gate.discoveries(self.evidence, false_share_max=self.false_share_max)

    def place(self, cell: Cell) -> int:
        """Return which a cell is by its evidence, the strongest being number 1."""
        own = self.evidence[cell.name]
        return 1 + sum(nats > own for nats in self.evidence.values())

    def wanted(self, place: int) -> float:
        """Return the evidence that a place asks for, in nats."""
        return math.log(len(self.evidence) / (self.false_share_max * place))

    def condition(self, cell: Cell) -> Condition:
        """Say whether a cell is among those that are offered, and where it stands."""
        place, offered = self.place(cell), self.offered
        share = f"{100 * self.false_share_max:.3g} %"
        stands = (
            f"number {place} of {len(self.evidence)} cells of the workflow by evidence, with "
            f"{self.evidence[cell.name]:.2f}"
        )
        if cell.name in offered:
            return Condition(
                name=NAME, met=True,
                said=f"{stands}; the strongest {len(offered)} are offered, of which on average at "
                f"most {share} are bad",
            )  # fmt: skip
        return Condition(
            name=NAME, met=False,
            said=f"{stands}; that place asks for {self.wanted(place):.2f}, so that on average at "
            f"most {share} of what is offered is bad. More right labels lift it",
        )  # fmt: skip


def of(
    connection: Connection,
    plan: Plan,
    fingerprint: str,
    *,
    now_us: int,
    looked: Looked = lambda stream: stream,
) -> Board | None:
    """Return the board on which the cells of a plan stand; `None` where each stands by itself.

    It reads every row of every cell of the workflow. `looked` may leave rows of a cell out.
    """
    if plan.many_cells is not ManyCells.FDR:
        return None
    evidence: dict[str, float] = {}
    for one in _plans(connection, plan):
        for cell in one.cells:
            stream = looked(streams.read(connection, one, cell, fingerprint))
            step = next_step.of(connection, one, cell, fingerprint, stream=stream)
            counted = step.judge(now_us=now_us)
            if counted is not None:
                evidence[cell.name] = counted.at_board
    return Board(evidence=evidence, false_share_max=plan.false_share_max_ppm / PPM)


def hold(uow: UnitOfWork, plan: Plan, cell: Cell) -> None:
    """Keep others from labelling whatever a raise of this cell rests on, until this unit is over.

    Always in the order of names, so that two who raise wait for each other and never both.
    """
    held = {cell}
    if plan.many_cells is ManyCells.FDR:
        held.update(one for each in _plans(uow.connection, plan) for one in each.cells)
    for one in sorted(held, key=lambda one: (one.action, one.segment)):
        streams.hold(uow, one)


def _plans(connection: Connection, plan: Plan) -> list[Plan]:
    """Return the plans of a workflow that say there is a board; this one as it was given."""
    kept = [
        one
        for one in plans.every(connection)
        if one.workflow == plan.workflow
        and one.action != plan.action
        and one.many_cells is ManyCells.FDR
    ]
    return sorted([*kept, plan], key=lambda one: one.action)
