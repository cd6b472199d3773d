"""The plan of an action: what its evidence must show, laid down before the first row is drawn."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from remit.domain.action import Risk
from remit.domain.autonomy import OTHER, WHOLE, Bar, Cell, Level
from remit.domain.frozen import dataclass
from remit.domain.value import Json, digest

PPM: Final = 1_000_000
DAY_US: Final = 86_400 * PPM
CALIBRATION_ROWS: Final = 200
FALSE_SHARE_PPM: Final = 100_000
SHARE_MIN_PPM: Final = 50_000  # of the coin: below that no drawn row could weigh for the others


class Settle(StrEnum):
    """When a yes of a person is final."""

    VERDICT = "verdict"  # at once; what contradicts it later still turns it wrong
    WINDOW = "window"  # when the label window has closed, or something outside confirmed it


class Cluster(StrEnum):
    """Which rows count as one, because their errors come together."""

    SUBJECT = "subject"  # the case's subject on one day; without a subject, the case
    CASE = "case"


class Reviewed(StrEnum):
    """Whether it is measured how many errors reviewers find."""

    MEASURED = "measured"
    ASSUMED = "assumed"  # that they find every one: for risk low only, and always said


class ManyCells(StrEnum):
    """What is promised where many cells of a workflow are looked at together."""

    OWN = "own"  # each its own chance of a false grant, and their sum is said
    FDR = "fdr"  # the share of bad ones among those that a board offers


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What a risk class demands; an owner may demand more, never less."""

    error_max_ppm: int
    false_grant_max_ppm: int
    window_days: int
    settle: Settle


# Without an entry nothing of that risk is ever performed alone.
STANDARDS: Final[Mapping[Risk, Standard]] = {
    Risk.LOW: Standard(
        error_max_ppm=100_000, false_grant_max_ppm=100_000, window_days=14, settle=Settle.VERDICT
    ),
    Risk.NORMAL: Standard(
        error_max_ppm=50_000, false_grant_max_ppm=50_000, window_days=14, settle=Settle.VERDICT
    ),
    Risk.MONEY: Standard(
        error_max_ppm=20_000, false_grant_max_ppm=10_000, window_days=45, settle=Settle.WINDOW
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How the cells of one action are judged; another plan is another claim, begun anew."""

    workflow: str
    action: str
    risk: Risk
    error_max_ppm: int  # the error rate that must be beaten
    false_grant_max_ppm: int  # chance that a stream at or above it is ever accepted
    window_days: int
    settle: Settle
    cluster: Cluster
    material: tuple[str, ...]  # parameters whose change by a person makes a proposal wrong
    segments: tuple[str, ...]
    sampled_share_ppm: int = 250_000
    autonomous_share_ppm: int = 100_000
    calibration_rows: int = CALIBRATION_ROWS
    seed_share_ppm: int = 50_000
    reviewers: Reviewed = Reviewed.MEASURED
    starts: Level = Level.APPROVE_EACH  # where a cell stands before anything was granted
    many_cells: ManyCells = ManyCells.OWN
    false_share_max_ppm: int = FALSE_SHARE_PPM  # of bad cells among those that a board offers

    @property
    def form(self) -> dict[str, Json]:
        """As its entry says it; a board is named where there is one."""
        board: dict[str, Json] = {
            "many_cells": self.many_cells.value, "false_share_max_ppm": self.false_share_max_ppm,
        }  # fmt: skip
        return {
            "action": self.action,
            "risk": self.risk.value,
            "error_max_ppm": self.error_max_ppm,
            "false_grant_max_ppm": self.false_grant_max_ppm,
            "window_days": self.window_days,
            "settle": self.settle.value,
            "cluster": self.cluster.value,
            "material": list(self.material),
            "segments": list(self.segments),
            "sampled_share_ppm": self.sampled_share_ppm,
            "autonomous_share_ppm": self.autonomous_share_ppm,
            "calibration_rows": self.calibration_rows,
            "seed_share_ppm": self.seed_share_ppm,
            "reviewers": self.reviewers.value,
            "starts": self.starts.value,
            **(board if self.many_cells is ManyCells.FDR else {}),
        }

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of its action: the declared segments and `other`, or the whole."""
        return tuple(
            Cell(workflow=self.workflow, action=self.action, segment=name)
            for name in ((*self.segments, OTHER) if self.segments else (WHOLE,))
        )

    @property
    def version(self) -> str:
        """What tells this plan from every other."""
        return digest({**self.form, "workflow": self.workflow})

    @property
    def bar(self) -> Bar:
        """What a stream must show to act alone."""
        return Bar(
            error_max=self.error_max_ppm / PPM, false_grant_max=self.false_grant_max_ppm / PPM
        )

    @property
    def window_us(self) -> int:
        return self.window_days * DAY_US

    def differing(self, proposed: Mapping[str, Json], done: Mapping[str, Json]) -> tuple[str, ...]:
        """Return the material parameters in which two sets of arguments are not the same."""
        return tuple(
            name
            for name in self.material
            if (name in done or name in proposed) and done.get(name) != proposed.get(name)
        )

    def share_ppm(self, level: Level, *, surge: bool) -> int:
        """Return how much of what is proposed is drawn, in millionths."""
        if surge or level.rank <= Level.APPROVE_EACH.rank:
            return PPM
        return self.sampled_share_ppm if level is Level.SAMPLED else self.autonomous_share_ppm


def plan_of(workflow: str, form: Mapping[str, Json]) -> Plan:
    """Return a plan from what its entry says."""
    return Plan(
        workflow=workflow,
        action=str(form["action"]),
        risk=Risk(str(form["risk"])),
        error_max_ppm=_whole(form, "error_max_ppm"),
        false_grant_max_ppm=_whole(form, "false_grant_max_ppm"),
        window_days=_whole(form, "window_days"),
        settle=Settle(str(form["settle"])),
        cluster=Cluster(str(form["cluster"])),
        material=_words(form, "material"),
        segments=_words(form, "segments"),
        sampled_share_ppm=_whole(form, "sampled_share_ppm"),
        autonomous_share_ppm=_whole(form, "autonomous_share_ppm"),
        calibration_rows=_whole(form, "calibration_rows"),
        seed_share_ppm=_whole(form, "seed_share_ppm"),
        reviewers=Reviewed(str(form["reviewers"])),
        starts=Level(str(form["starts"])),
        many_cells=ManyCells(str(form.get("many_cells") or ManyCells.OWN.value)),
        false_share_max_ppm=int(str(form.get("false_share_max_ppm") or FALSE_SHARE_PPM)),
    )


def _whole(form: Mapping[str, Json], name: str) -> int:
    return int(str(form[name]))


def _words(form: Mapping[str, Json], name: str) -> tuple[str, ...]:
    value = form[name]
    return tuple(map(str, value)) if isinstance(value, list | tuple) else ()
