"""A connector without another system: it writes down what it is told, for scaffolds and tests."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from remit.domain.value import Json, canonical
from remit.errors import (
    ArgumentsInvalidError,
    EffectUncertainError,
    RecordNotFoundError,
    ToolUnavailableError,
)
from remit.integrations.connector import (
    Absent,
    Call,
    Finding,
    Found,
    Health,
    Manifest,
    NotSent,
    Operation,
    OperationKind,
    Outcome,
    Performed,
    Receipt,
    Record,
    Refused,
    Unknown,
)
from remit.integrations.tape import FileTape, MemoryTape, Step, Taken, Tape

TAKEN_BACK = "reference"  # the argument by which an undo names what it takes back

Answer: TypeAlias = Callable[[Mapping[str, object]], Json]


class Fault(StrEnum):
    """What the recorder can be told to do wrong."""

    NOT_SENT = "not_sent"
    REFUSED = "refused"
    ERROR_BEFORE = "error_before"  # fails, nothing happened, and the caller cannot know
    TIMEOUT_AFTER = "timeout_after"  # happened, and the answer never comes
    UNAVAILABLE = "unavailable"  # a read, or `find`


@dataclass(slots=True, kw_only=True)
class _Plan:
    fault: Fault
    times: int


class RecorderConnector:
    """Honours keys, finds by key, takes back by reference, and fails on request.

    A write that is the declared `undo` of another takes the effect back that its argument
    `reference` names.
    """

    def __init__(
        self,
        name: str,
        operations: Mapping[str, Operation],
        *,
        answers: Mapping[str, Answer] | None = None,
        tape: Tape | None = None,
    ) -> None:
        """Take the operations; `answers` says what a read gives for its arguments."""
        self.manifest = Manifest(connector=name, operations=dict(operations))
        self._name = name
        self._answers = dict(answers or {})
        self._tape = tape or MemoryTape()
        self._plans: dict[str, _Plan] = {}
        self._undoes = {one.undo for one in operations.values() if one.undo is not None}
        self.calls: list[tuple[Call, str | None]] = []

    def fail(self, operation: str, fault: Fault, *, times: int = 1) -> None:
        """Let the next `times` uses of an operation go wrong; `find` is an operation too."""
        self._plans[operation] = _Plan(fault=fault, times=times)

    def effects(self) -> tuple[Taken, ...]:
        """Return every effect that ever happened, undoes too."""
        return tuple(self._tape.all())

    def standing(self) -> tuple[Taken, ...]:
        """Return the effects that nothing has taken back."""
        return tuple(self._standing(self._tape.all()))

    async def read(self, call: Call, *, credential: str | None, timeout_seconds: float) -> Record:
        """Read; see `Connector.read`."""
        del credential, timeout_seconds
        self.calls.append((call, None))
        self._known(call.operation, OperationKind.READ)
        if self._due(call.operation) is not None:
            raise ToolUnavailableError(f"`{self._name}` was told not to answer; try again later")
        answer = self._answers.get(call.operation)
        if answer is None:
            raise RecordNotFoundError(f"`{self._name}` has no answer for `{call.operation}`")
        return Record(value=answer(call.arguments))

    async def perform(
        self, call: Call, *, key: str, credential: str | None, timeout_seconds: float
    ) -> Outcome:
        """Perform once; see `Connector.perform`."""
        del credential, timeout_seconds
        self.calls.append((call, key))
        try:
            operation = self._known(call.operation, OperationKind.WRITE)
            arguments = canonical(call.arguments).form
        except (ArgumentsInvalidError, TypeError) as error:
            return NotSent(code="tool.arguments_invalid", sentence=str(error))
        fault = self._due(call.operation)
        match fault:
            case Fault.NOT_SENT | Fault.UNAVAILABLE:
                return NotSent(code="tool.unavailable", sentence=f"`{self._name}` is not there")
            case Fault.REFUSED:
                return Refused(code="refused", sentence=f"`{self._name}` was told to refuse")
            case Fault.ERROR_BEFORE:
                raise EffectUncertainError(f"`{self._name}` failed; find out whether it happened")
        made = await asyncio.to_thread(self._tape.once, self._step(operation, key, arguments))
        if isinstance(made, Refused):
            return made
        if made.arguments != arguments or made.operation != call.operation:
            raise EffectUncertainError(f"`{self._name}` has another effect under this key")
        if fault is Fault.TIMEOUT_AFTER:
            raise EffectUncertainError(f"`{self._name}` did not answer; find out what happened")
        return Performed(receipt=_receipt(made))

    async def find(self, operation: str, key: str, *, credential: str | None) -> Finding:
        """Look the key up; see `Connector.find`."""
        del credential
        if self._due("find") is not None:
            return Unknown(why=f"`{self._name}` was told not to answer")
        known = self.manifest.operations.get(operation)
        if known is None or known.kind is not OperationKind.WRITE:
            return Unknown(why=f"`{self._name}` has no write `{operation}`")
        for one in await asyncio.to_thread(self._tape.all):
            if (one.operation, one.key) == (operation, key):
                return Found(receipt=_receipt(one))
        return Absent()

    async def health(self) -> Health:
        """Say that it is there."""
        return Health(ok=True, sentence=f"`{self._name}` records")

    async def close(self) -> None:
        """Do nothing: no connection is held."""

    def _known(self, name: str, kind: OperationKind) -> Operation:
        operation = self.manifest.operations.get(name)
        if operation is None or operation.kind is not kind:
            raise ArgumentsInvalidError(f"`{self._name}` has no {kind} `{name}`; declare it")
        return operation

    def _due(self, operation: str) -> Fault | None:
        plan = self._plans.get(operation)
        if plan is None or plan.times < 1:
            return None
        plan.times -= 1
        return plan.fault

    def _standing(self, effects: list[Taken]) -> list[Taken]:
        gone = {_named(one.arguments) for one in effects if one.operation in self._undoes}
        return [
            one
            for one in effects
            if one.reference not in gone and one.operation not in self._undoes
        ]

    def _step(self, operation: Operation, key: str, arguments: Json) -> Step:
        def step(effects: list[Taken]) -> Taken | Refused:
            for one in effects:
                if operation.keys_honoured and one.key == key:
                    return one
            standing = {one.reference for one in self._standing(effects)}
            if operation.name in self._undoes and _named(arguments) not in standing:
                return Refused(code="not_standing", sentence="there is nothing to take back")
            reference = f"{self._name}-{len(effects) + 1}"
            return Taken(
                key=key, operation=operation.name, arguments=arguments, reference=reference
            )

        return step


class FileRecorder(RecorderConnector):
    """A recorder whose tape is a file: what happened can be counted from outside."""

    def __init__(
        self,
        path: Path,
        operations: Mapping[str, Operation],
        *,
        name: str = "recorder",
        answers: Mapping[str, Answer] | None = None,
    ) -> None:
        """Go on with the tape at `path`, or begin one."""
        super().__init__(name, operations, answers=answers, tape=FileTape(path))


def _receipt(made: Taken) -> Receipt:
    return Receipt(
        reference=made.reference,
        body={"id": made.reference, "operation": made.operation, "arguments": made.arguments},
    )


def _named(arguments: Json) -> Json:
    return arguments.get(TAKEN_BACK) if isinstance(arguments, dict) else None
