"""A closed list with an owner that values may be members of."""

from collections.abc import Mapping

from remit.domain.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """What `Source.directory` looks at: members that are known, or a tool that reads them."""

    name: str
    owner: str
    members: frozenset[str] = frozenset()
    tool: str = ""  # empty: the members are those above
    path: str = ""  # of a member in that tool's result


Directories = Mapping[str, Directory]
