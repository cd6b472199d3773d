"""What the rules of a slice read of a question: the rest need not be told to the engine.

Reading a question costs the engine more than twenty rules do (`python -m bench.gate`), and most of
it is of values that no rule looks at. Whatever cannot be told for certain counts as read.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from remit.domain.value import Json

CONTEXT = "context"
RESOURCE = "resource"

Path = tuple[str, ...]
Tree = Mapping[str, "Tree"]  # of attributes that are read; an empty one is read whole

_WHOLE: Tree = {}
_ANY = ""  # an attribute that could be any


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The attributes that some rule reads, of the context and of the record acted upon."""

    read: Mapping[str, Tree | None]  # by variable; `None`: nothing of it

    def of(self, variable: str, attributes: Mapping[str, Json]) -> dict[str, Json]:
        """Return what is read of these attributes."""
        tree = self.read.get(variable)
        return {} if tree is None else _kept(tree, attributes)

    def declared(self, variable: str, shape: Json) -> dict[str, Json]:
        """Return the record type of the schema with what is read of it."""
        tree = self.read.get(variable)
        if tree is None:
            return {"type": "Record", "attributes": {}}
        return _kept_type(tree, shape)


def needs_of(rules: Iterable[Mapping[str, Json]]) -> Needs:
    """Return what these rules read, each in Cedar's JSON form."""
    paths: set[Path] = set()
    for tree in rules:
        conditions = tree.get("conditions")
        for one in conditions if isinstance(conditions, list) else ():
            _collect(one, paths)
    read: dict[str, Tree | None] = {}
    for variable in (CONTEXT, RESOURCE):
        mine = [path[1:] for path in paths if path[0] == variable]
        if variable == RESOURCE:  # a record by itself is compared, and nothing of it is read
            mine = [path for path in mine if path]
        read[variable] = _tree(mine) if mine else None
    return Needs(read=read)


# -- reading rules -------------------------------------------------------------------------------


def _collect(node: Json, paths: set[Path]) -> None:
    """Add the longest chains of attributes that stand in an expression."""
    if isinstance(node, list):
        for item in node:
            _collect(item, paths)
    if not isinstance(node, dict):
        return
    path = _chain(node)
    if path is not None:
        paths.add(path)
        return
    if "." in node or "has" in node:  # of something that is worked out: it may be any of them
        paths |= {(CONTEXT, _ANY), (RESOURCE, _ANY)}
    for item in node.values():
        _collect(item, paths)


def _chain(node: Json) -> Path | None:
    """Return `context.args.amount` as a path; `None` for anything that is no such chain."""
    match node:
        case {"Var": str() as variable}:
            return (variable,)
        case {".": {"left": left, "attr": str() as attribute}}:
            before = _chain(left)
        case {"has": {"left": left, "attr": str() as attribute}}:
            before = _chain(left)
        case _:
            return None
    return None if before is None else (*before, attribute)


def _tree(paths: Iterable[Path]) -> Tree:
    """Return paths as a tree; what one path reads whole, no longer one narrows."""
    by_first: dict[str, list[Path]] = {}
    for path in paths:
        if not path or path[0] == _ANY:
            return _WHOLE
        by_first.setdefault(path[0], []).append(path[1:])
    return {
        first: _WHOLE if any(not rest for rest in several) else _tree(several)
        for first, several in by_first.items()
    }


# -- keeping what is read ------------------------------------------------------------------------


def _kept(tree: Tree, attributes: Mapping[str, Json]) -> dict[str, Json]:
    if not tree:
        return dict(attributes)
    kept: dict[str, Json] = {}
    for name, inner in tree.items():
        if name in attributes:
            value = attributes[name]
            kept[name] = _kept(inner, value) if inner and isinstance(value, dict) else value
    return kept


def _kept_type(tree: Tree, shape: Json) -> dict[str, Json]:
    if not isinstance(shape, dict):
        return {"type": "Record", "attributes": {}}
    declared = shape.get("attributes")
    if not tree or not isinstance(declared, dict):
        return dict(shape)
    kept: dict[str, Json] = {
        name: _kept_type(inner, declared[name]) if inner else declared[name]
        for name, inner in tree.items()
        if name in declared
    }
    return {**shape, "attributes": kept}
