"""What every table of `remit.toml` has in common."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table that refuses keys that it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)
