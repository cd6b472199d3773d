"""How much may be done in a time: `[[limits]]`."""

from typing import Literal

from pydantic import Field, model_validator

from remit.settings.table import Table


class LimitSettings(Table):
    """At most so many effects, so much money, so many rows or recipients, in so many seconds."""

    name: str = Field(pattern=r"^[a-z][a-z0-9-]{0,63}$")
    action: str | None = Field(default=None, pattern=r"^[\w-]+\.\w+$")  # WORKFLOW.ACTION
    group: Literal["low", "normal", "money", "irreversible", "effect"] | None = None  # by risk
    measure: Literal["effects", "money", "rows", "recipients"] = "effects"
    per: Literal["case", "subject", "workflow", "connector", "everything"] = "workflow"
    window_seconds: int = Field(gt=0, le=366 * 86_400)
    max: int | str  # money as `500.00 EUR`
    counts: Literal["autonomous", "all"] = "autonomous"  # `all`: also what a person approved
    outside: Literal["hold", "escalate"] = "hold"
    owner: str  # who may raise it

    @model_validator(mode="after")
    def _is_whole(self) -> "LimitSettings":
        if (self.action is None) is (self.group is None):
            raise ValueError("name one of `action` and `group`")
        if (self.measure == "money") is not isinstance(self.max, str):
            raise ValueError('`max` is money, such as "500.00 EUR", where `measure` is money')
        if isinstance(self.max, int) and self.max < 1:
            raise ValueError("`max` is at least 1")
        return self
