"""The recorder's file: what it holds after a death, and with two writers."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from remit.integrations.connector import (
    Call,
    Found,
    NotSent,
    Operation,
    OperationKind,
    Performed,
    Refused,
)
from remit.integrations.recorder import FileRecorder, RecorderConnector

pytestmark = pytest.mark.anyio

OPERATIONS = {
    "pay": Operation(name="pay", kind=OperationKind.WRITE, undo="unpay", keys_honoured=True),
    "unpay": Operation(name="unpay", kind=OperationKind.WRITE, keys_honoured=True),
    "say": Operation(name="say", kind=OperationKind.WRITE),
    "balance": Operation(name="balance", kind=OperationKind.READ),
}
CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from remit.integrations.connector import Call, Operation, OperationKind
from remit.integrations.recorder import FileRecorder
pay = Operation(name="pay", kind=OperationKind.WRITE, keys_honoured=True)
tape = FileRecorder(Path(sys.argv[1]), {"pay": pay})
asyncio.run(tape.perform(Call(operation="pay", arguments={"n": 1}), key="k", credential=None,
                         timeout_seconds=1))
os.kill(os.getpid(), signal.SIGKILL)
"""


async def perform(
    connector: RecorderConnector, operation: str, key: str, **given: object
) -> object:
    return await connector.perform(
        Call(operation=operation, arguments=given), key=key, credential=None, timeout_seconds=1
    )


async def test_an_effect_outlives_a_process_that_is_killed_after_it(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    died = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", CHILD, str(path)],
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert died.returncode == -signal.SIGKILL

    tape = FileRecorder(path, OPERATIONS)

    assert isinstance(await tape.find("pay", "k", credential=None), Found)
    assert isinstance(await perform(tape, "pay", "k", n=1), Performed)
    assert len(path.read_bytes().splitlines()) == 1


async def test_a_torn_last_line_never_happened_and_is_written_over(tmp_path: Path) -> None:
    path = tmp_path / "tape.jsonl"
    await perform(FileRecorder(path, OPERATIONS), "pay", "first")
    path.write_bytes(path.read_bytes() + b'{"key": "torn", "oper')

    tape = FileRecorder(path, OPERATIONS)
    await perform(tape, "pay", "second")

    assert [one.key for one in tape.effects()] == ["first", "second"]


async def test_two_recorders_on_one_file_perform_a_key_once(tmp_path: Path) -> None:
    tapes = [FileRecorder(tmp_path / "tape.jsonl", OPERATIONS) for _ in range(2)]

    made = await asyncio.gather(*(perform(tape, "pay", "k") for tape in tapes * 10))

    assert made == [made[0]] * 20
    assert len(tapes[0].effects()) == 1


async def test_without_honoured_keys_each_call_is_an_effect() -> None:
    tape = RecorderConnector("recorder", OPERATIONS)

    await perform(tape, "say", "k", text="hello")
    await perform(tape, "say", "k", text="hello")

    assert [one.reference for one in tape.effects()] == ["recorder-1", "recorder-2"]
    assert [key for _, key in tape.calls] == ["k", "k"]


async def test_nothing_that_was_not_done_can_be_taken_back() -> None:
    tape = RecorderConnector("recorder", OPERATIONS)

    assert isinstance(await perform(tape, "unpay", "u", reference="recorder-9"), Refused)
    assert tape.effects() == ()


async def test_a_value_without_exact_form_is_not_sent() -> None:
    tape = RecorderConnector("recorder", OPERATIONS)

    assert isinstance(await perform(tape, "pay", "k", amount=0.1), NotSent)
    assert tape.effects() == ()


async def test_a_read_gives_what_was_declared_for_it() -> None:
    tape = RecorderConnector(
        "recorder", OPERATIONS, answers={"balance": lambda given: {"of": str(given["who"])}}
    )

    record = await tape.read(
        Call(operation="balance", arguments={"who": "a"}), credential=None, timeout_seconds=1
    )

    assert record.value == {"of": "a"}
