"""The one door out: runs the bodies of tools and actions, once, with their values unmasked last.

INVARIANT: nothing else calls a connector (import contract), and a body sees real values only here.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from remit.authoring.connector import opened
from remit.authoring.declared import DeclaredAction, DeclaredTool
from remit.domain.acknowledgement import Acknowledgement
from remit.domain.action import ParamSpec
from remit.domain.frozen import dataclass
from remit.domain.value import Json, encode
from remit.errors import (
    ManifestInvalidError,
    RemitError,
    ResultInvalidError,
    SettingsError,
    StepRefused,
    TokenNotEntitledError,
    TokenRefusedError,
)
from remit.intake import tokens
from remit.intake.vault import ScopeVault
from remit.integrations.connector import (
    Absent,
    Accepted,
    Call,
    Connector,
    Found,
    NotSent,
    Operation,
    Performed,
    Receipt,
    Refused,
)
from remit.integrations.recorder import RecorderConnector
from remit.ledger.acknowledge import Reached
from remit.orchestration import entitled
from remit.orchestration.arguments import forms
from remit.orchestration.bodies import captured_call, faults_in, recorded, typed_values
from remit.orchestration.breakers import Breakers
from remit.orchestration.doors import AnswerDoor, ReadDoor
from remit.orchestration.entitled import Reveal
from remit.orchestration.outcomes import (
    Confirmed,
    Dispatched,
    EffectOutcome,
    NotPerformed,
    NotThere,
    Uncertain,
)

DEFAULT_TIMEOUT_SECONDS = 30.0
ODD_ANSWER = "effect.odd_answer"  # none of those that a connector may give


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The exact call that an action will make, with real values; it lives in memory only."""

    declared: DeclaredAction
    connector: str
    call: Call
    arguments: Mapping[str, Any]
    reveals: tuple[str, ...]
    timeout_seconds: float
    keys_honoured: bool
    settled_after_seconds: float
    acknowledge: Acknowledgement  # how far the intent must have come before this is sent

    @property
    def bytes(self) -> bytes:
        """The canonical bytes of the call, for its keyed digest."""
        return encode(
            {
                "arguments": forms(dict(self.call.arguments)),
                "connector": self.connector,
                "operation": self.call.operation,
            }
        )


class Executor:
    """Performs reads and effects through the connectors that the settings set up."""

    def __init__(
        self,
        connectors: Mapping[str, Connector],
        *,
        credentials: Mapping[str, str | None],
        breakers: Breakers,
    ) -> None:
        self._breakers = breakers
        self._connectors = dict(connectors)
        self._credentials = dict(credentials)

    def stand_in(self) -> tuple["Executor", Callable[[], list[tuple[str, Json]]]]:
        """Return an executor on connectors that only write down what they are told.

        With it what they were told, by operation and arguments, in order.
        """
        recorders = {
            name: RecorderConnector(
                name,
                # A recorder knows by its own references what an undo takes back.
                {key: replace(what, undo=None) for key, what in one.manifest.operations.items()},
            )
            for name, one in self._connectors.items()
        }

        def told() -> list[tuple[str, Json]]:
            return [
                (taken.operation, taken.arguments)
                for one in recorders.values()
                for taken in one.effects()
            ]

        return Executor(recorders, credentials={}, breakers=self._breakers), told

    # -- reads -----------------------------------------------------------------------------------

    async def read(
        self, tool: DeclaredTool, arguments: Mapping[str, Json], vault: ScopeVault
    ) -> tuple[Json, str, int]:
        """Run a tool; return its result (unmasked), its connector and the milliseconds it took.

        Raises the step errors of the connector, and `TokenNotEntitledError` when an argument
        carries a value that its parameter may not receive.
        """
        real, _ = reveal(tool.spec.params, arguments, vault, listed={}, owner=tool.spec.name)
        values = typed_values(tool.arguments, real, tool.spec.name)
        door = ReadDoor(self._read_operation)
        started = time.monotonic()
        with opened(door):
            answer = await tool.body(**values)
        took = int((time.monotonic() - started) * 1000)
        try:
            checked = tool.result.validate_python(answer)
        except ValidationError as error:
            raise ResultInvalidError(
                f"`{tool.spec.name}` returned something that is not its declared result: "
                + faults_in(error)
            ) from None
        return recorded(tool.result, checked), door.used, took

    # -- effects ---------------------------------------------------------------------------------

    async def prepare(
        self,
        action: DeclaredAction,
        arguments: Mapping[str, Json],
        vault: ScopeVault,
        *,
        listed: Mapping[str, Reveal],
        fields: Mapping[str, Json],
        acknowledge: Acknowledgement,
    ) -> Prepared:
        """Run an action's body up to its one call and return that call; nothing is sent.

        `listed` is what an owner lets free text reveal, by parameter; `fields` are the case's own.
        Raises `TokenNotEntitledError`, `ArgumentsInvalidError`, or `WorkflowCodeError` for a body
        that makes no call.
        """
        real, reveals = reveal(
            action.spec.params, arguments, vault, listed=listed, owner=action.spec.name
        )
        values = typed_values(action.arguments, real, action.spec.name)
        captured = await captured_call(action, values)
        operations = self._connector(captured.connector).manifest.operations
        operation = _operation(operations, captured.connector, captured.operation)
        used = {one.parameter: one.listed for one in reveals if one.listed is not None}
        if used:
            named = {one.case_field for one in used.values() if one.case_field}
            entitled.judge(
                used,
                connector=captured.connector,
                operation=operation.name,
                addressed_by=operation.addressed_by,
                arguments=forms(dict(captured.arguments)),
                recipients={name: _own(fields[name], vault) for name in named if name in fields},
            )
        return Prepared(
            declared=action,
            connector=captured.connector,
            call=Call(operation=captured.operation, arguments=captured.arguments),
            arguments=values,
            reveals=tuple(f"{one.token}@{one.parameter}>{captured.connector}" for one in reveals),
            timeout_seconds=operation.timeout_seconds,
            keys_honoured=operation.keys_honoured,
            settled_after_seconds=operation.settled_after_seconds,
            acknowledge=acknowledge,
        )

    async def perform(self, prepared: Prepared, *, key: str, on: Reached) -> EffectOutcome:
        """Perform a prepared call once under its key, on the receipt of its intent.

        INVARIANT: without an intent that has come far enough no credential is handed out. Never
        raises for what the other system does: what it cannot be sure of is `Uncertain`.
        """
        if not (on.entries and on.level.reaches(prepared.acknowledge)):
            said = f"there is no intent that is {prepared.acknowledge}"
            return NotPerformed(code="effect.unacknowledged", sentence=said, sent=False)
        connector = self._connector(prepared.connector)
        started = time.monotonic()
        try:
            answer = await connector.perform(
                prepared.call,
                key=key,
                credential=self._credentials.get(prepared.connector),
                timeout_seconds=prepared.timeout_seconds,
            )
        except RemitError as error:
            return Uncertain(code=error.code, sentence=str(error))
        except Exception as error:  # noqa: BLE001 - anything unknown may have happened
            return Uncertain(code="effect.uncertain", sentence=type(error).__name__)
        took = int((time.monotonic() - started) * 1000)
        match answer:
            case Performed(receipt=Receipt(reference=str()) as receipt):
                return Confirmed(
                    reference=receipt.reference,
                    receipt=await self._finished(prepared, receipt.body),
                    latency_ms=took,
                )
            case Accepted(receipt=Receipt(reference=str()) as receipt, until=until):
                return Dispatched(reference=receipt.reference, receipt=receipt.body, until=until)
            case Refused(code=code, sentence=sentence):
                return NotPerformed(code=code, sentence=sentence, sent=True)
            case NotSent(code=code, sentence=sentence):
                return NotPerformed(code=code, sentence=sentence, sent=False)
            case _:  # a connector that is not ours may answer anything
                said = f"`{prepared.connector}` answered with none of the four answers"
                return Uncertain(code=ODD_ANSWER, sentence=said)

    async def find(self, prepared: Prepared, *, key: str) -> Confirmed | NotThere | None:
        """Ask the other system what became of a key; `None` where it cannot say."""
        try:
            async with self.place(prepared.connector):
                answer = await self._connector(prepared.connector).find(
                    prepared.call.operation,
                    key,
                    credential=self._credentials.get(prepared.connector),
                )
        except Exception:  # noqa: BLE001 - a reconciler that fails knows nothing
            return None
        match answer:
            case Found(receipt=Receipt(reference=str()) as receipt):
                return Confirmed(
                    reference=receipt.reference,
                    receipt=await self._finished(prepared, receipt.body),
                    latency_ms=0,
                )
            case Absent():
                return NotThere()
            case _:  # unknown, or none of the answers that a connector may give
                return None

    def place(self, connector: str) -> AbstractAsyncContextManager[None]:
        """Take one of a connector's places for a call; raises `CrowdedError` after a while."""
        return self._breakers.places.one(f"connector:{connector}")

    async def close(self) -> None:
        """Close all connectors."""
        for connector in self._connectors.values():
            await connector.close()

    async def health(self) -> dict[str, tuple[bool, str]]:
        """Return (is well, sentence) by connector."""
        asked = {name: await one.health() for name, one in self._connectors.items()}
        return {name: (found.ok, found.sentence) for name, found in asked.items()}

    async def _finished(self, prepared: Prepared, answer: Json) -> Json:
        """Run the rest of the body on the answer; a body that fails keeps the plain answer."""
        door = AnswerDoor(answer)
        try:
            with opened(door):
                result = await prepared.declared.body(**prepared.arguments)
            checked = prepared.declared.result.validate_python(result)
            made: Json = recorded(prepared.declared.result, checked)
        except Exception:  # noqa: BLE001 - the effect has happened; its receipt must not be lost
            return answer
        return made

    def _connector(self, name: str) -> Connector:
        connector = self._connectors.get(name)
        if connector is None:
            known = ", ".join(sorted(self._connectors)) or "none"
            raise SettingsError(
                f"connector `{name}` is not set up; there are: {known}; "
                f"add `[connectors.{name}]` to `remit.toml`"
            )
        return connector

    async def _read_operation(
        self, connector: str, operation: str, arguments: dict[str, object]
    ) -> Json:
        """Read on behalf of a body, by an operation that is declared to read."""
        found = self._connector(connector)
        declared = _operation(found.manifest.operations, connector, operation)
        if not declared.reads:
            raise StepRefused(f"a tool may only read; `{connector}.{operation}` is a change")
        async with self.place(connector):
            with self._breakers.calling(f"connector:{connector}"):
                record = await found.read(
                    Call(operation=operation, arguments=arguments),
                    credential=self._credentials.get(connector),
                    timeout_seconds=declared.timeout_seconds,
                )
        return record.value


# -- unmasking -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Revealed:
    """A token that was turned back for a parameter; `listed` where an owner's list allows it."""

    token: str
    parameter: str
    listed: Reveal | None


def reveal(
    params: tuple[ParamSpec, ...],
    arguments: Mapping[str, Json],
    vault: ScopeVault,
    *,
    listed: Mapping[str, Reveal],
    owner: str,
) -> tuple[dict[str, Json], tuple[Revealed, ...]]:
    """Turn tokens back, per argument, where the parameter is entitled to that type.

    `listed`: what the owner lets free text reveal. Returns the real arguments and what was
    revealed; where a listed value may go is judged with the call. Raises `TokenRefusedError`.
    """
    by_name = {param.name: param for param in params}
    revealed: list[Revealed] = []

    def turn(value: Json, name: str, path: str = "") -> Json:
        below = f"{path}." if path else ""
        if isinstance(value, dict):
            return {key: turn(item, name, f"{below}{key}") for key, item in value.items()}
        if isinstance(value, list):
            return [turn(item, name, f"{below}*") for item in value]
        if not isinstance(value, str):
            return value
        pieces: list[str] = []
        done = 0
        for read in tokens.reads(value):
            if not read.written:
                continue
            alone = value == read.token
            kind = judged(read.token, name, path, alone=alone)
            if alone:
                return vault.resolve(read.token, expected_type=kind)
            # In one pass: what a value holds is not read again.
            pieces += value[done : read.start], vault.value_of(read.token).surface
            done = read.end
        return "".join([*pieces, value[done:]])

    def judged(token: str, name: str, path: str, *, alone: bool) -> str:
        kind = tokens.type_of(token)
        param, free = by_name.get(name), listed.get(name)
        typed = param is not None and param.carries(path) == kind and alone
        try:
            vault.value_of(token)
        except TokenRefusedError as error:
            raise type(error)(f"`{owner}.{name}` carries {error}") from None
        if not typed and (free is None or kind not in free.types):
            raise TokenNotEntitledError(
                f"`{owner}.{name}` may not receive a value of type {kind}; "
                "declare the parameter with that type, or list it under `reveal`"
            )
        revealed.append(Revealed(token, name, None if typed else free))
        return kind

    return {name: turn(value, name) for name, value in arguments.items()}, tuple(revealed)


def _own(value: Json, vault: ScopeVault) -> Json:
    """Return a field of the case as it is, to be compared with whom a call is addressed to."""
    if isinstance(value, str) and value in vault.tokens():
        return vault.resolve(value, expected_type=None)
    return value


def _operation(operations: Mapping[str, Operation], connector: str, name: str) -> Operation:
    if name not in operations:
        known = ", ".join(sorted(operations)) or "none"
        raise ManifestInvalidError(
            f"connector `{connector}` has no operation `{name}`; it has: {known}"
        )
    return operations[name]
