"""Closed lists that values may be members of: `[directories.NAME]`."""

from pydantic import Field

from remit.settings.table import Table


class DirectorySettings(Table):
    """A closed list with an owner; in the file stands one member a line. One of the three."""

    owner: str
    values: list[str] = Field(default=[], max_length=10_000)
    file: str | None = None
    from_tool: str | None = None  # `TOOL.PATH`: what that read found; for actions of risk low only
