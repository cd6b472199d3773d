"""Retention: how long a workflow's entries and their sealed content are kept."""

from dataclasses import dataclass
from typing import Final

from remit.errors import SettingsError

HIGH_RISK_DAYS_MIN: Final = 183  # six months, wherever money or something irreversible is done
PROFILES: Final = {"hipaa": 2_192, "17a-4": 2_192, "500.06": 1_827}  # six, six and five years


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Days after which something may go; None: it is kept."""

    leaf_days: int | None = None
    payload_days: int | None = None


def retention(
    workflow: str,
    *,
    profile: str | None,
    leaf_days: int | None,
    payload_days: int | None,
    high_risk: bool,
) -> Retention:
    """Return what a workflow's settings say; raises `SettingsError` for too short a term."""
    least = PROFILES[profile] if profile is not None else HIGH_RISK_DAYS_MIN if high_risk else 0
    for name, days in (("leaf_days", leaf_days), ("payload_days", payload_days)):
        if days is not None and days < least:
            why = f"the profile `{profile}`" if profile else "an action with money at stake"
            raise SettingsError(
                f"`[workflow.retention]` of `{workflow}`: `{name}` is {days}, and {why} needs at "
                f"least {least}"
            )
    if leaf_days is not None and payload_days is not None and payload_days > leaf_days:
        raise SettingsError(
            f"`[workflow.retention]` of `{workflow}`: content cannot outlive its entries; lower "
            "`payload_days` or raise `leaf_days`"
        )
    if profile is not None:
        leaf_days = least if leaf_days is None else leaf_days
        payload_days = leaf_days if payload_days is None else payload_days
    return Retention(leaf_days=leaf_days, payload_days=payload_days)
