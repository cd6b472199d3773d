"""Rules as formulas: what no request can do is proved, and what one can is shown by a request.

Needs the extra `analysis`. A construct that is not translated raises `NotAnalysed`; it is never
passed over. What a solver finds is asked of the engine too, and if the two disagree nothing is
said to be proved.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace

import z3

from remit.domain.action import Integrity
from remit.domain.autonomy import Level, Phase
from remit.domain.decision import GateVerdict
from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.policy import posed
from remit.policy.book import PolicyBook, ask
from remit.policy.examples import verdict
from remit.policy.invariants import Invariant
from remit.policy.posed import Path
from remit.policy.request import LONG_MAX, PolicyRequest
from remit.policy.rule import Rule
from remit.policy.schema import CASE

TIMEOUT_MS = 20_000

_SECONDS = (-62_135_596_800, 253_402_300_799)  # of the years 1 to 9999, before and after 1970
_DAY = 86_400

APPROVALS: Path = ("context", "facts", "approvals")
_GIVEN_WORDS = {"level": [one.value for one in Level], "phase": [one.value for one in Phase]}
_ORDERS: Mapping[str, Callable[[z3.ArithRef, z3.ArithRef], z3.BoolRef]] = {
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


class NotAnalysed(Exception):  # noqa: N818 - an answer, not a fault
    """A rule holds something that is not translated, or the solver gave no answer in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the solver says: proved, or a request that shows the contrary."""

    proved: bool
    request: PolicyRequest | None = None


def keeps(book: PolicyBook, invariant: Invariant, action: str) -> Found:
    """Prove that no request of an action that meets the condition is allowed, or show one.

    Raises `NotAnalysed`.
    """
    world = _World(book, action)
    met = world.condition(invariant.tree, world.now)
    found = world.find(z3.And(world.allows(book), met))
    if found is not None and verdict(ask(book, found)) is not GateVerdict.ALLOW:
        raise NotAnalysed("the engine does not confirm what the solver found")
    return Found(proved=found is None, request=found)


def newly_allowed(before: PolicyBook, after: PolicyBook, action: str) -> Found:
    """Prove that a book allows nothing of an action that another does not, or show a request.

    Raises `NotAnalysed`.
    """
    world = _World(after, action)
    found = world.find(z3.And(world.allows(after), z3.Not(world.allows(before))))
    if found is not None:
        told = verdict(ask(before, found)), verdict(ask(after, found))
        if told[0] is GateVerdict.ALLOW or told[1] is not GateVerdict.ALLOW:
            raise NotAnalysed("the engine does not confirm what the solver found")
    return Found(proved=found is None, request=found)


def allowed(book: PolicyBook, action: str, requests: Iterable[PolicyRequest]) -> Iterator[bool]:
    """Say by formula whether each request is allowed; the tests hold this against the engine."""
    world = _World(book, action)
    solver = z3.Solver()
    solver.add(world.allows(book))
    solver.add(*world.facts())
    for request in requests:
        yield bool(solver.check(*world.fixed(request)) == z3.sat)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Votes:
    """Who agreed, as the rules see it: all of them, or nobody yet."""

    number: z3.ArithRef
    roles: bool  # whether roles are told


class _World:
    """What a request of one action may be: a variable for each thing that rules read."""

    def __init__(self, book: PolicyBook, action: str) -> None:
        self.action = action
        self.slice = book.slices[action]
        self.groups = next(
            (one.risk.value, "effect")
            for one in book.declared.specs
            if f"{one.workflow}.{one.name}" == action
        )
        self.values: dict[Path, z3.ExprRef] = {}
        self.present: dict[Path, z3.BoolRef] = {}
        self.words: dict[str, int] = {}
        self.people: dict[str, z3.ArithRef] = {}
        self.approvals = z3.Int("approvals")
        self.now = _Votes(number=self.approvals, roles=True)
        self.before = _Votes(number=z3.IntVal(0), roles=False)

    # -- verdicts --

    def allows(self, book: PolicyBook) -> z3.BoolRef:
        """Return the formula that a book allows the request."""
        rules = [one for one in book.rules.values() if one.covers(self.action, self.groups)]
        permits = [self.condition(one.tree, self.now) for one in rules if one.permits]
        forbids = [self._fires(one) for one in rules if not one.permits]
        return z3.And(z3.Or(*permits), z3.Not(z3.Or(*forbids)))

    def _fires(self, rule: Rule) -> z3.BoolRef:
        """Return the formula of `book.ask`: who asks for a role counts only people with it."""
        fires = self.condition(rule.tree, self.now)
        if rule.requirement is None:
            return fires
        met = self._role(rule.requirement.role) >= rule.requirement.people
        return z3.Or(fires, z3.And(self.condition(rule.tree, self.before), z3.Not(met)))

    def condition(self, tree: Mapping[str, Json], votes: _Votes) -> z3.BoolRef:
        """Return the formula of a rule's conditions; its scope was seen to when it was cut."""
        for part in ("principal", "resource"):
            if tree.get(part) != {"op": "All"}:
                raise NotAnalysed(f"a scope that names one {part}")
        parts = []
        conditions = tree.get("conditions")
        for one in conditions if isinstance(conditions, list) else ():
            match one:
                case {"kind": "when", "body": body}:
                    parts.append(self._truth(body, votes))
                case {"kind": "unless", "body": body}:
                    parts.append(z3.Not(self._truth(body, votes)))
                case _:
                    raise NotAnalysed("an unknown kind of condition")
        return z3.And(*parts)

    # -- expressions --

    def _truth(self, tree: Json, votes: _Votes) -> z3.BoolRef:
        match tree:
            case {"Value": bool() as value}:
                return z3.BoolVal(value)
            case {"&&": {"left": left, "right": right}}:
                return z3.And(self._truth(left, votes), self._truth(right, votes))
            case {"||": {"left": left, "right": right}}:
                return z3.Or(self._truth(left, votes), self._truth(right, votes))
            case {"!": {"arg": inner}}:
                return z3.Not(self._truth(inner, votes))
            case {"if-then-else": {"if": test, "then": then, "else": other}}:
                return z3.If(
                    self._truth(test, votes), self._truth(then, votes), self._truth(other, votes)
                )
            case {"has": {"left": left, "attr": str() as name}}:
                return self._has((*self._path(left), name))
            case {"==": {"left": left, "right": right}}:
                return self._equal(left, right, votes)
            case {"!=": {"left": left, "right": right}}:
                return z3.Not(self._equal(left, right, votes))
            case {"contains": {"left": {"Set": list() as several}, "right": one}}:
                return z3.Or(*(self._equal(each, one, votes) for each in several))
            case {"contains": {"left": left, "right": {"Value": str() as role}}}:
                if self._path(left) == ("context", "facts", "approver_roles"):
                    return z3.And(z3.BoolVal(votes.roles), self._role(role) > 0)
                raise NotAnalysed("a set that is not written out")
            case {".": _}:
                found = self._value(self._path(tree), votes)
                if z3.is_bool(found):
                    return found
                raise NotAnalysed("a value where a truth is expected")
            case dict() if len(tree) == 1 and next(iter(tree)) in _ORDERS:
                ((operator, sides),) = tree.items()
                if isinstance(sides, dict):
                    left, right = (
                        self._number(sides["left"], votes),
                        self._number(sides["right"], votes),
                    )
                    return _ORDERS[operator](left, right)
        raise NotAnalysed(
            f"`{next(iter(tree), '')}`" if isinstance(tree, dict) else "an expression"
        )

    def _equal(self, left: Json, right: Json, votes: _Votes) -> z3.BoolRef:
        one, other = self._any(left, votes), self._any(right, votes)
        if one.sort() != other.sort():
            raise NotAnalysed("a comparison of two types")
        return one == other

    def _any(self, tree: Json, votes: _Votes) -> z3.ExprRef:
        match tree:
            case {"Value": bool() as value}:
                return z3.BoolVal(value)
            case {"Value": int() as value}:
                return z3.IntVal(value)
            case {"Value": str() as value}:
                return self._word(value)
            case {".": _}:
                return self._value(self._path(tree), votes)
        raise NotAnalysed("what is compared is no value and no literal")

    def _number(self, tree: Json, votes: _Votes) -> z3.ArithRef:
        found = self._any(tree, votes)
        if not z3.is_int(found):
            raise NotAnalysed("an order of what is no number")
        return found

    def _word(self, text: str) -> z3.ExprRef:
        return z3.BitVecVal(self.words.setdefault(text, len(self.words)), 32)

    # -- what is read --

    def _path(self, tree: Json) -> Path:
        match tree:
            case {"Var": str() as name}:
                return (name,)
            case {".": {"left": left, "attr": str() as name}}:
                path = (*self._path(left), name)
                if path[0] == "resource" and self.slice.resource == CASE:
                    return ("principal", *path[1:])
                return path
        raise NotAnalysed("an attribute of something that is no record of the request")

    def _value(self, path: Path, votes: _Votes) -> z3.ExprRef:
        if path == APPROVALS:
            return votes.number
        if path not in self.values:
            self.values[path] = self._variable(path)
            self._has(path)
        return self.values[path]

    def _variable(self, path: Path) -> z3.ExprRef:
        name, kind = ".".join(path), posed.word(path, self.slice)
        text = path[:2] == ("context", "labels") or path[0] == "principal"
        if (
            text
            or kind == "text"
            or (path[:2] == ("context", "facts") and path[2] in _GIVEN_WORDS)
        ):
            return z3.BitVec(name, 32)
        if kind == "boolean":
            return z3.Bool(name)
        if kind:
            return z3.Int(name)
        raise NotAnalysed(f"`{name}`")

    def _has(self, path: Path) -> z3.BoolRef:
        if path[-1].endswith("_currency"):
            whole = (*path[:-1], path[-1].removesuffix("_currency"))
            if posed.word(whole, self.slice) == "money":
                return self._has(whole)
        if path not in self.present:
            self.present[path] = z3.Bool(f"has {'.'.join(path)}")
        return self.present[path]

    def _role(self, role: str) -> z3.ArithRef:
        return self.people.setdefault(role, z3.Int(f"people {role}"))

    # -- requests --

    def facts(self) -> Iterator[z3.BoolRef]:
        """Yield what is true of every request."""
        yield self.approvals >= 0
        for people in self.people.values():
            yield z3.And(people >= 0, people <= self.approvals)
        for path, has in list(self.present.items()):
            argument = path[:2] == ("context", "args")
            if argument and ".".join(path[2:]) in self.slice.required:
                yield has
            parents = (path[:n] for n in range(2, len(path)))
            yield from (
                z3.Implies(has, self.present[one]) for one in parents if one in self.present
            )
        for path, value in list(self.values.items()):
            yield from self._bounded(path, value)

    def _bounded(self, path: Path, value: z3.ExprRef) -> Iterator[z3.BoolRef]:
        """Yield what a value of its type can be."""
        if path[:2] == ("context", "labels"):
            yield z3.Or(*(value == self._word(one.value) for one in Integrity))
        if path[:2] == ("context", "facts") and path[-1] in _GIVEN_WORDS:
            yield z3.Or(*(value == self._word(one) for one in _GIVEN_WORDS[path[-1]]))
            yield self._has(path)
        if not z3.is_int(value):
            return
        kind = posed.word(path, self.slice)
        first, last = _SECONDS if kind in {"date", "instant"} else (-LONG_MAX - 1, LONG_MAX)
        yield z3.And(value >= first, value <= last)
        if kind == "date":
            yield value % _DAY == 0
        if path[-1].endswith("_count"):
            yield value >= 0

    def fixed(self, request: PolicyRequest) -> Iterator[z3.BoolRef]:
        """Yield what holds of one request."""
        told = posed.told(request, self.slice, [*self.values, *self.present])
        yield self.approvals == request.approvals
        for role, people in self.people.items():
            yield people == len(request.approvers.get(role, ()))
        for path, has in self.present.items():
            yield has == z3.BoolVal(told[path] is not None)
        for path, variable in self.values.items():
            value = told[path]
            if isinstance(value, bool):
                yield variable == z3.BoolVal(value)
            elif isinstance(value, int):
                yield variable == z3.IntVal(value)
            elif isinstance(value, str):
                yield variable == self._word(value)

    def find(self, wanted: z3.BoolRef) -> PolicyRequest | None:
        """Return a request for which a formula is true, None when there is none."""
        solver = z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        solver.add(wanted)
        solver.add(*self.facts())
        answer = solver.check()
        if answer == z3.unsat:
            return None
        if answer != z3.sat:
            raise NotAnalysed("the solver gave no answer in time")
        return self._request(solver.model())

    def _request(self, model: z3.ModelRef) -> PolicyRequest:
        texts = {number: text for text, number in self.words.items()}
        told: dict[Path, Json] = {APPROVALS: 0, ("roles",): ""}
        for path, variable in self.values.items():
            value = model.eval(variable, model_completion=True)
            if not z3.is_true(model.eval(self._has(path), model_completion=True)):
                told[path] = None
            elif z3.is_bool(value):
                told[path] = z3.is_true(value)
            elif z3.is_int(value):
                told[path] = value.as_long()
            else:
                told[path] = texts.get(value.as_long(), f"{posed.OTHER} {value}")
        number = model.eval(self.approvals, model_completion=True).as_long()
        agreed = frozenset(f"person-{one}" for one in range(number))
        approvers = {"another-role": agreed} if agreed else {}
        for role, people in self.people.items():
            count = model.eval(people, model_completion=True).as_long()
            if count:
                approvers[role] = frozenset(f"person-{one}" for one in range(count))
        return replace(posed.request_of(self.action, self.slice, told), approvers=approvers)
