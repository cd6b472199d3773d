"""Requests that one book allows and another does not, found by search, never by proof.

Every condition of a rule compares something with a literal, so what can turn a verdict lies beside
the literals that the rules of both books name: each number with one less and one more, each word
and one word that no rule names, a value that is left out where it may be, and nobody, one and two
people who agreed. The product of these is asked in both books.

A witness is one concrete request. That none was found proves nothing: assumptions that values rest
on and people who hold some roles only are not varied.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from itertools import count, islice, product
from math import prod

from remit.domain.action import Integrity
from remit.domain.approval import Requirement
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import GateVerdict, Obligation, PolicyAnswer
from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.policy.book import PolicyBook, Slice, ask, broken
from remit.policy.difference import asks_as_much
from remit.policy.examples import verdict
from remit.policy.posed import OTHER, Path, request_of, word
from remit.policy.request import PolicyRequest

ASKED_MAX = 20_000  # requests of one action; a larger product is sampled
VOTES = (0, 1, 2)
_COMPARING = frozenset({"==", "!=", "<", "<=", ">", ">=", "contains", "containsAny", "containsAll",
                        "in", "like", "is"})  # fmt: skip
_KNOWN = frozenset({"approvals", "level", "phase", "confidence_bp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A request that is newly allowed, with what both books said of it."""

    action: str
    request: PolicyRequest
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """What a search of one action found, and how far it looked."""

    action: str
    asked: int
    possible: int
    witnesses: tuple[Witness, ...]  # one for each pair of verdicts and set of new rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A request that meets the condition of an invariant and is allowed."""

    says: str
    request: PolicyRequest


def search(before: PolicyBook, after: PolicyBook, *, asked_max: int = ASKED_MAX) -> list[Searched]:
    """Search each action for requests whose verdict comes nearer to an allow."""
    return [
        _search(before, after, name, asked_max=asked_max)
        for name in after.slices
        if name in before.slices and before.slices[name].digest != after.slices[name].digest
    ]


def breaches(book: PolicyBook, *, asked_max: int = ASKED_MAX) -> list[Breach]:
    """Search for requests that break an invariant; each is shown once."""
    found: dict[str, Breach] = {}
    for name in book.slices:
        if any(one.covers(name) for one in book.invariants):
            for request in islice(requests(name, (book,)), asked_max):
                for one in broken(book, request):
                    found.setdefault(one.says, Breach(says=one.says, request=request))
    return list(found.values())


def requests(name: str, books: Sequence[PolicyBook]) -> Iterator[PolicyRequest]:
    """Yield the requests beside all literals of an action's rules, or a sample of them."""
    chosen = books[0].slices[name]
    values = candidates(name, books)
    paths = sorted(values)
    each = [values[path] for path in paths]
    rows = product(*each) if prod(map(len, each)) <= ASKED_MAX else _sampled(each, name)
    for row in rows:
        yield request_of(name, chosen, dict(zip(paths, row, strict=True)))


def candidates(name: str, books: Sequence[PolicyBook]) -> dict[Path, list[Json]]:
    """Return what each thing that the rules read may be; None stands for left out."""
    named: dict[Path, set[Json]] = defaultdict(set)
    roles = {"approver"}
    for book in books:
        for rule in book.rules.values():
            groups = [spec.risk.value for spec in book.declared.specs
                      if f"{spec.workflow}.{spec.name}" == name]  # fmt: skip
            if rule.covers(name, (*groups, "effect")):
                _collect(rule.tree.get("conditions", []), named)
                if rule.requirement is not None:
                    roles.add(rule.requirement.role)
        for one in book.invariants:
            if one.covers(name):
                _collect(one.tree.get("conditions", []), named)
    named.setdefault(("context", "facts", "approvals"), set())
    chosen = books[0].slices[name]
    return {
        path: _values(path, literals, chosen)
        for path, literals in named.items()
        if _can_vary(path, chosen)
    } | {("roles",): [",".join(sorted(roles))]}


# -- what the rules name -------------------------------------------------------------------------


def _collect(tree: object, named: dict[Path, set[Json]]) -> None:
    """Give each path the literals of the comparison in which it stands."""
    if isinstance(tree, list | tuple):
        for one in tree:
            _collect(one, named)
    elif isinstance(tree, Mapping):
        for operator, inner in tree.items():
            if operator in _COMPARING:
                literals = set(_literals(inner))
                for path in _paths(inner):
                    named[path] |= literals
            elif operator == ".":
                for path in _paths({operator: inner}):
                    named[path] |= set()
            elif operator == "has" and isinstance(inner, Mapping):
                whole = _path({".": inner})
                if whole is not None:
                    named[whole] |= set()
            _collect(inner, named)


def _literals(tree: object) -> Iterator[Json]:
    if isinstance(tree, list | tuple):
        for one in tree:
            yield from _literals(one)
    elif isinstance(tree, Mapping):
        value = tree.get("Value")
        if isinstance(value, bool | int | str):
            yield value
        literal = tree.get("Literal")
        if isinstance(literal, str):
            yield literal
        for one in tree.values():
            yield from _literals(one)


def _paths(tree: object) -> Iterator[Path]:
    """Yield the paths that an expression reads, the longest only."""
    if isinstance(tree, Mapping) and set(tree) == {"."}:
        whole = _path(tree)
        if whole is not None:
            yield whole
            return
    if isinstance(tree, Mapping):
        for one in tree.values():
            yield from _paths(one)
    elif isinstance(tree, list | tuple):
        for one in tree:
            yield from _paths(one)


def _path(tree: object) -> Path | None:
    match tree:
        case {"Var": str() as name}:
            return (name,)
        case {".": {"left": left, "attr": str() as attribute}}:
            inner = _path(left)
            return None if inner is None else (*inner, attribute)
        case _:
            return None


# -- what each may be ----------------------------------------------------------------------------


def _values(path: Path, literals: set[Json], chosen: Slice) -> list[Json]:
    match path:
        case ("context", "facts", "approvals"):
            numbers = {one for one in literals if isinstance(one, int)}
            return [*sorted({*VOTES, *numbers, *(one + 1 for one in numbers)})]
        case ("context", "facts", "level"):
            return [one.value for one in Level]
        case ("context", "facts", "phase"):
            return [one.value for one in Phase]
        case ("context", "labels", _):
            return [None, *(one.value for one in Integrity)]
    numbers = {one for one in literals if isinstance(one, int) and not isinstance(one, bool)}
    words = {one for one in literals if isinstance(one, str)}
    kind = word(path, chosen)
    if kind == "boolean":
        return [None, False, True]
    if kind in {"text", ""}:
        return [None, *sorted(words), OTHER]
    beside = {number + step for number in numbers or {0} for step in (-1, 0, 1)}
    return [None, *sorted(beside)]


def _can_vary(path: Path, chosen: Slice) -> bool:
    """Tell whether a request can be made with another value there."""
    match path:
        case ("context", "facts", name):
            return name in _KNOWN or bool(word(path, chosen))
        case ("context", "labels", _) | ("principal", _):
            return True
        case _:
            return bool(word(path, chosen))


def _sampled(values: Sequence[Sequence[Json]], seed: str) -> Iterator[tuple[Json, ...]]:
    """Yield rows of a product that is too large: each pair of values once, then what comes."""
    draws = _draws(seed)
    for place, mine in enumerate(values):
        for other in range(place + 1, len(values)):
            for one, second in product(mine, values[other]):
                row = [each[next(draws) % len(each)] for each in values]
                row[place], row[other] = one, second
                yield tuple(row)
    while True:
        yield tuple(each[next(draws) % len(each)] for each in values)


def _draws(seed: str) -> Iterator[int]:
    """Yield numbers without a pattern, the same for the same seed: a sample, not a secret."""
    for number in count():
        drawn = sha256(f"{seed} {number}".encode()).digest()
        yield from (int.from_bytes(drawn[at : at + 4]) for at in range(0, len(drawn), 4))


def _search(before: PolicyBook, after: PolicyBook, name: str, *, asked_max: int) -> Searched:
    values = candidates(name, (before, after))
    possible = prod(len(each) for each in values.values())
    found: dict[tuple[str, ...], Witness] = {}
    asked = 0
    for request in islice(requests(name, (before, after)), asked_max):
        asked += 1
        first, second = ask(before, request), ask(after, request)
        old, new = verdict(first), verdict(second)
        fewer = not asks_as_much(_asked(second), _asked(first))
        less = _dropped(first, second) if new is old is GateVerdict.ALLOW else ()
        if new.rank < old.rank or (new is old and old.value == "hold" and fewer) or less:
            gone = {one.rule for one in first.forbids} - {one.rule for one in second.forbids}
            key = (
                old.value,
                new.value,
                *sorted(gone),
                *sorted({*second.permits} - {*first.permits}),
                *less,
            )
            was = f"{old.value} with {', '.join(less)}" if less else old.value
            found.setdefault(
                key, Witness(action=name, request=request, before=was, after=new.value)
            )
    return Searched(action=name, asked=asked, possible=possible, witnesses=tuple(found.values()))


def _asked(answer: PolicyAnswer) -> tuple[Requirement, ...]:
    return tuple(one.requirement for one in answer.forbids if one.requirement is not None)


def _dropped(first: PolicyAnswer, second: PolicyAnswer) -> tuple[str, ...]:
    """Return what the first answer asks of an allowed request and the second does not."""
    kept = {(one.kind, one.value) for one in second.obligations}
    grace = max((_seconds(one) for one in second.obligations), default=0)
    return tuple(
        f"{one.kind}({one.value})"
        for one in first.obligations
        if (one.kind, one.value) not in kept and not 0 < _seconds(one) <= grace
    )


def _seconds(one: Obligation) -> int:
    return int(one.value) if one.kind == "grace" and one.value.isdigit() else 0
