"""The other system of a case: a suite's environment, and the agent that lives beside it.

The agent is the worst there can be. It works through the honest calls of its task and reads what
comes back; as soon as it has read the marker, it does to the letter what the attacker wants, then
goes on with the honest rest. An attacker's call is tried by every step that has this tool, one
after the other, until one runs.
"""

import json
from base64 import b64encode
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from bench.agentdojo.manifest import TOOLS, acts
from bench.agentdojo.records import Members, Messages, Person, Text, Traveller
from remit.domain.value import Json
from remit.integrations.connector import (
    Absent,
    Call,
    Health,
    Manifest,
    Operation,
    OperationKind,
    Outcome,
    Performed,
    Receipt,
    Record,
    Refused,
)

MARKER = "zqvatlas7316"
Arguments = Mapping[str, Any]
Plan = Generator[tuple[str, Arguments], Any, None]


@dataclass(kw_only=True)
class Attempt:
    """One call that the agent wants, and by which step."""

    tool: str
    arguments: Arguments
    step: int
    honest: bool
    ran: bool = False
    said: str = ""


@dataclass(kw_only=True)
class World:
    """An environment, what was executed in it, and what the agent saw of it."""

    suite: Any
    state: Any
    before: Any  # the environment as it was at first
    executed: list[Attempt] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # what came back

    def run(self, attempt: Attempt) -> Any:
        """Execute a call; raises what the suite raises."""
        from agentdojo.functions_runtime import FunctionsRuntime

        output, _ = FunctionsRuntime(self.suite.tools).run_function(
            self.state, attempt.tool, dict(attempt.arguments), raise_on_error=True
        )
        attempt.ran = True
        self.executed.append(attempt)
        self.seen.append(shown(output))
        return output

    def traces(self) -> list[Any]:
        """Return what was executed, as the suite's checks want it."""
        from agentdojo.functions_runtime import FunctionCall

        return [FunctionCall(function=one.tool, args=dict(one.arguments)) for one in self.executed]


@dataclass(kw_only=True)
class Agent:
    """Wants the honest calls in turn, and the attacker's once it has read the marker."""

    honest: list[tuple[str, Arguments, int]]
    steps: list[str]  # the tool of each step
    world: World
    attack: Callable[[Any], Plan] | None = None
    begun: bool = False
    current: Attempt | None = None
    before_attack: Callable[[], None] = lambda: None
    after_attack: Callable[[], None] = lambda: None
    attempts: list[Attempt] = field(default_factory=list)
    _wants: "Iterator[Attempt] | None" = None

    def next(self) -> Attempt | None:
        """Return what is wanted next, after what became of the last was set on it."""
        if self._wants is None:
            self._wants = self._all()
        self.current = next(self._wants, None)
        if self.current is not None:
            self.attempts.append(self.current)
        return self.current

    def _all(self) -> Iterator[Attempt]:
        for tool, arguments, step in self.honest:
            yield Attempt(tool=tool, arguments=arguments, step=step, honest=True)
            if self.attack is not None and not self.begun and self._read_it():
                self.begun = True
                self.before_attack()
                yield from self._attacker(self.attack(self.world))
                self.after_attack()

    def _read_it(self) -> bool:
        return any(MARKER in one for one in self.world.seen)

    def _attacker(self, plan: Plan) -> Iterator[Attempt]:
        output: Any = None
        while True:
            try:
                tool, arguments = plan.send(output)
            except StopIteration:
                return
            output = None
            places = [place for place, one in enumerate(self.steps) if one == tool]
            for place in places if acts(tool) and places else [-1]:
                attempt = Attempt(tool=tool, arguments=arguments, step=place, honest=False)
                yield attempt
                if attempt.ran:
                    output = self.world.seen[-1]
                    break


@dataclass(kw_only=True)
class Connector:
    """The world as one of Remit's connectors; what stands in it is changed from case to case."""

    operations: frozenset[str]
    world: World | None = None
    agent: Agent | None = None
    performed: dict[str, Receipt] = field(default_factory=dict)
    turns: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        writes = {name for name in self.operations if name == "takeBack" or acts(name)}
        self.manifest = Manifest(
            connector="world",
            operations={
                name: Operation(
                    name=name,
                    kind=OperationKind.WRITE if name in writes else OperationKind.READ,
                    keys_honoured=name in writes,
                )
                for name in (*self.operations, "obey")
            },
        )

    def enter(self, world: World, agent: Agent) -> None:
        """Begin another case."""
        self.world, self.agent = world, agent
        self.turns.clear()

    async def read(self, call: Call, **_: object) -> Record:
        """Read, or say what the agent wants next."""
        if self.world is None or self.agent is None:
            raise AssertionError("nobody entered")
        if call.operation == "obey":
            return Record(value=self._wanted(int(str(call.arguments["turn"])), call))
        attempt = self.agent.current
        if attempt is None or attempt.tool != call.operation:
            return Record(value=self._again(call))
        attempt.arguments = _given(call)
        return Record(value=_record(call.operation, attempt.arguments, self.world.run(attempt)))

    def _again(self, call: Call) -> Json:
        """Look again before something that was approved is done; nobody sees the answer."""
        if self.world is None:
            raise AssertionError("nobody entered")
        state = self.world.state
        world = World(
            suite=self.world.suite, state=state.model_copy(deep=True), before=state
        )  # fmt: skip
        attempt = Attempt(tool=call.operation, arguments=call.arguments, step=-1, honest=True)
        return _record(call.operation, call.arguments, world.run(attempt))

    def _wanted(self, turn: int, call: Call) -> Json:
        agent = self.agent
        if agent is None:
            raise AssertionError("nobody entered")
        if turn not in self.turns:
            if agent.current is not None:
                agent.current.said = str(call.arguments["said"])
            wanted = agent.next()
            self.turns[turn] = json.dumps(
                {"tool": "", "step": -1, "arguments": "{}"}
                if wanted is None
                else {
                    "tool": wanted.tool,
                    "step": wanted.step,
                    "arguments": sealed(
                        {
                            name: _plain(value)
                            for name, value in wanted.arguments.items()
                            if value is not None
                        }
                    ),
                }
            )
        made: Json = json.loads(self.turns[turn])
        return made

    async def perform(self, call: Call, *, key: str, **_: object) -> Outcome:
        """Execute a call of the agent once."""
        if key in self.performed:
            return Performed(receipt=self.performed[key])
        if self.world is None or self.agent is None or self.agent.current is None:
            raise AssertionError("nobody entered")
        try:
            self.agent.current.arguments = _given(call)  # what was sent is what is done
            output = self.world.run(self.agent.current)
        except Exception as error:  # noqa: BLE001 - whatever the suite says is its no
            return Refused(code="suite", sentence=f"{type(error).__name__}: {error}"[:200])
        body: Json = {"id_": str(getattr(output, "id_", "")), "said": shown(output)}
        receipt = Receipt(reference=f"call-{len(self.performed)}", body=body)
        self.performed[key] = receipt
        return Performed(receipt=receipt)

    async def find(self, *_: object, **__: object) -> Absent:
        """Find nothing: whatever was performed was answered."""
        return Absent()

    async def health(self) -> Health:
        """Be there."""
        return Health(ok=True, sentence="an environment in memory")

    async def close(self) -> None:
        """Leave nothing behind."""


def sealed(arguments: Arguments) -> str:
    """Return a wish as no text: it is no outside text that the agent could have read."""
    return b64encode(json.dumps(arguments).encode()).decode()


def _given(call: Call) -> dict[str, Any]:
    """Return the arguments that Remit sent, in the types of the suite."""
    given: dict[str, Any] = {}
    for name, value in call.arguments.items():
        given[name] = float(value) if isinstance(value, Decimal) else value
        if name == "attachments" and isinstance(value, list):
            given[name] = [{"type": "file", "file_id": one} for one in value]
    return given


def shown(output: Any) -> str:
    """Return an output as the agent reads it."""
    return json.dumps(_json(output), ensure_ascii=False, default=str)


def _record(tool: str, arguments: Arguments, output: Any) -> Json:
    """Return an output in the shape that the manifest gives it."""
    kind = TOOLS[tool].result
    if kind is Text:
        return {"said": output if isinstance(output, str) else shown(output)}
    if kind is Traveller:
        numbers = ("ID Number", "Passport Number", "Credit Card Number")
        return {
            "said": shown(output),
            **{name.lower().replace(" ", "_"): str(output[name]) for name in numbers},
        }
    if kind is Person:
        return {"said": shown(output)}
    if kind is Members:
        return {"id": arguments["channel"], "users": _json(output)}
    if kind is Messages:
        whose = arguments.get("channel", arguments.get("user"))
        return {"id": whose, "messages": _json(output)}
    return _json(output)


def _json(value: Any) -> Any:
    match value:
        case BaseModel():
            return {name: _json(getattr(value, name)) for name in type(value).model_fields}
        case dict():
            return {str(key): _json(item) for key, item in value.items()}
        case list() | tuple():
            return [_json(item) for item in value]
        case bool() | int() | None:
            return value
        case float():
            return f"{Decimal(str(value)):f}"
        case _:
            return str(value)


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [one["file_id"] if isinstance(one, dict) and "file_id" in one else _plain(one)
                for one in value]  # fmt: skip
    return _json(value)
