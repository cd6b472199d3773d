"""The base class of a workflow's case: typed fields that intake fills."""

from pydantic import BaseModel, ConfigDict


class Case(BaseModel):
    """One item of work as workflow code sees it; private values are tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")
