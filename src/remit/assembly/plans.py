"""How the cells of a workflow's actions are judged, put together from risk and settings."""

from collections.abc import Mapping

from remit.domain.action import ActionSpec, AnySource, Risk
from remit.domain.autonomy import Level
from remit.domain.plan import PPM, STANDARDS, Cluster, ManyCells, Plan, Reviewed, Settle
from remit.errors import SettingsError
from remit.settings.workflow import ActionSettings, AutonomySettings, BoardSettings


def plans_of(
    specs: Mapping[str, ActionSpec],
    settings: Mapping[str, ActionSettings],
    board: BoardSettings | None = None,
) -> dict[str, Plan]:
    """Return the plan of each action that may ever be performed alone.

    Raises `SettingsError` where an owner asks for less than the risk class demands.
    """
    board = BoardSettings() if board is None else board
    found = {}
    for name, spec in specs.items():
        standard = STANDARDS.get(spec.risk)
        if standard is None or spec.is_undo:
            continue
        asked = settings[name].autonomy if name in settings else AutonomySettings()
        where = f"`[workflow.actions.{name}.autonomy]`"
        most_error = standard.error_max_ppm / PPM
        most_false = standard.false_grant_max_ppm / PPM
        error_max = _bound(where, "error_max", asked.error_max, most_error, spec.risk)
        false_max = _bound(where, "false_grant_max", asked.false_grant_max, most_false, spec.risk)
        if asked.settle == "verdict" and standard.settle is Settle.WINDOW:
            raise SettingsError(
                f"{where}: a yes to {spec.risk.value} is final when its window has closed; "
                'take `settle = "verdict"` out'
            )
        if asked.reviewers == "assumed" and spec.risk is not Risk.LOW:
            raise SettingsError(
                f"{where}: that reviewers find every error may be assumed for risk low only; "
                'take `reviewers = "assumed"` out'
            )
        found[name] = Plan(
            workflow=spec.workflow,
            action=name,
            risk=spec.risk,
            error_max_ppm=error_max,
            false_grant_max_ppm=false_max,
            window_days=asked.label_window_days or standard.window_days,
            settle=Settle(asked.settle or standard.settle.value),
            cluster=Cluster(asked.cluster),
            material=_material(where, spec, asked),
            segments=spec.segments,
            sampled_share_ppm=_ppm(asked.sampled_share),
            autonomous_share_ppm=_ppm(asked.autonomous_share),
            seed_share_ppm=_ppm(asked.seed_share),
            reviewers=Reviewed(asked.reviewers),
            starts=Level(asked.starts),
            many_cells=ManyCells(board.many_cells),
            false_share_max_ppm=_ppm(board.false_share_max),
        )
    return found


def _bound(where: str, name: str, asked: float | None, most: float, risk: Risk) -> int:
    if asked is not None and asked > most:
        raise SettingsError(
            f"{where}: `{name}` is {asked:g}; risk {risk.value} allows at most {most:g}"
        )
    return _ppm(most if asked is None else asked)


def _ppm(share: float) -> int:
    return max(round(share * PPM), 1)


def _material(where: str, spec: ActionSpec, asked: AutonomySettings) -> tuple[str, ...]:
    """Return whose change makes a proposal wrong: what carries authority, and what is named."""
    known = {param.name for param in spec.params}
    unknown = sorted(set(asked.material) - known)
    if unknown:
        raise SettingsError(
            f"{where}: `material` names `{unknown[0]}`, which is no parameter; "
            f"there are {', '.join(sorted(known))}"
        )
    carries = {param.name for param in spec.params if not isinstance(param.source, AnySource)}
    return tuple(sorted(carries | set(asked.material)))
