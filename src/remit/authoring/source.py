"""Where an argument may come from, as authors write it: `Source.tool("get_order", "total")`."""

from datetime import date, datetime
from decimal import Decimal
from enum import Enum

from remit.domain.action import (
    AnySource,
    CaseSource,
    DirectorySource,
    LiteralSource,
    OneOf,
    ToolSource,
    alternatives,
)
from remit.domain.action import Source as Tree
from remit.domain.money import Money
from remit.domain.value import canonical
from remit.errors import SourceDeclarationError

ALTERNATIVES_MAX = 8

Constant = bool | int | str | Decimal | Money | date | datetime | Enum | None


class SourceBuilder:
    """One declared source, or several of which any may prove the value: `a | b`."""

    __slots__ = ("may_be_endorsed", "tree")

    def __init__(self, tree: Tree, *, endorsable: bool = True) -> None:
        self.tree: Tree = tree
        self.may_be_endorsed = endorsable

    def never_endorsed(self) -> "SourceBuilder":
        """Let no person vouch for a value that this source does not prove."""
        return SourceBuilder(self.tree, endorsable=False)

    def __or__(self, other: "SourceBuilder") -> "SourceBuilder":
        """Return a source that proves what either proves, this one tried first.

        Raises `SourceDeclarationError` beside `Source.any()`, which would prove everything.
        """
        both = (*alternatives(self.tree), *alternatives(other.tree))
        if any(isinstance(one, AnySource) for one in both):
            raise SourceDeclarationError(
                "`Source.any()` proves nothing and stands alone; remove it or the other source"
            )
        if len(both) > ALTERNATIVES_MAX:
            raise SourceDeclarationError(
                f"a parameter has {len(both)} sources; name at most {ALTERNATIVES_MAX}"
            )
        return SourceBuilder(
            OneOf(sources=both), endorsable=self.may_be_endorsed and other.may_be_endorsed
        )

    def by(self, key: str, source: "SourceBuilder") -> "SourceBuilder":
        """Choose from a list the element whose field `key` equals that key field of the case.

        Raises `SourceDeclarationError` on anything but a tool's field.
        """
        tree = self._tool("by()")
        if not isinstance(source.tree, CaseSource):
            raise SourceDeclarationError(
                f"`.by({key!r}, ...)` needs a field of the case; write `Source.case(...)`"
            )
        if tree.by is not None:
            raise SourceDeclarationError("`.by()` is given twice; keep one")
        return SourceBuilder(
            ToolSource(
                tool=tree.tool,
                path=tree.path,
                by=(_named(key, "a field"), source.tree),
                at_most=tree.at_most,
            ),
            endorsable=self.may_be_endorsed,
        )

    def at_most(self) -> "SourceBuilder":
        """Take the field as a bound, summed over all effects on that record, not as an equality.

        Raises `SourceDeclarationError` on anything but a tool's field.
        """
        tree = self._tool("at_most()")
        return SourceBuilder(
            ToolSource(tool=tree.tool, path=tree.path, by=tree.by, at_most=True),
            endorsable=self.may_be_endorsed,
        )

    def _tool(self, asked: str) -> ToolSource:
        if not isinstance(self.tree, ToolSource):
            raise SourceDeclarationError(
                f"`.{asked}` follows `Source.tool(...)` only; put it on that source"
            )
        return self.tree


class Source:
    """The sources that an argument can have."""

    @staticmethod
    def case(field: str) -> SourceBuilder:
        """Equal to that field of the case; being named here makes it a key field."""
        return SourceBuilder(CaseSource(field=_named(field, "a field of the case")))

    @staticmethod
    def tool(tool: str, path: str) -> SourceBuilder:
        """Equal to the field at that dotted path in a read of that tool in this case."""
        return SourceBuilder(
            ToolSource(tool=_named(tool, "a tool"), path=_named(path, "a field of the tool"))
        )

    @staticmethod
    def literal(*values: Constant) -> SourceBuilder:
        """Equal to one of these constants of the reviewed version."""
        if not values:
            raise SourceDeclarationError("`Source.literal()` names no value; give at least one")
        try:
            forms = tuple(canonical(value).form for value in values)
        except TypeError as error:
            raise SourceDeclarationError(f"`Source.literal` cannot take this: {error}") from error
        return SourceBuilder(LiteralSource(values=forms))

    @staticmethod
    def directory(name: str) -> SourceBuilder:
        """Be a member of that closed list, which has an owner in `remit.toml`."""
        return SourceBuilder(DirectorySource(name=_named(name, "a directory")))

    @staticmethod
    def any() -> SourceBuilder:
        """Come from anywhere: content, which carries no authority."""
        return SourceBuilder(AnySource())


def _named(name: str, what: str) -> str:
    if not name or any(character.isspace() for character in name):
        raise SourceDeclarationError(f"`{name}` does not name {what}; give its name")
    return name
