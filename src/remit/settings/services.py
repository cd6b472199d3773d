"""Programs that ask, and how much anybody may ask: `[services]` and `[rates]`."""

from pydantic import Field

from remit.settings.table import Table


class ServiceSettings(Table):
    """For whom the tokens are that `remit services` issues here."""

    audience: str = Field(default="remit", pattern=r"^[\w.:/-]{1,200}$")


class RateSettings(Table):
    """How many requests one principal may make in a minute, at each process."""

    person_per_minute: int = Field(default=1_200, ge=60, le=1_000_000)
    service_per_minute: int = Field(default=6_000, ge=60, le=1_000_000)
    address_per_minute: int = Field(default=600, ge=60, le=1_000_000)  # of whoever is neither
