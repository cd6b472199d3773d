"""Requirements 25 to 32: whose tools are used, what is started, and what is delivered."""

import ast
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from remit.integrations.address import Host
from remit.integrations.exchange import Asked
from tests.conftest import NetworkIsOffError
from tests.projects import Small, send, states

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
PAY = """
order = await run.read(get_order, order_id=case.order_id)
done = await run.act(pay, order_id=order.id, amount=order.total)
return done.state
"""

# Who starts programs, and whose words the command is made of.
STARTS = {
    "cli/demo_shop.py": "the example beside this package",
    "ledger/git_sink.py": "fixed words; the remote stands in the settings",
    "ledger/keystore.py": "the operator's own `key_command`",
    "testing.py": "the test kit's second interpreter",
}


async def test_25_a_tool_that_changed_takes_the_grant_away(small: Small) -> None:
    """The grant is bound to a fingerprint of code and tools: another one waits for a person."""
    async with small.open(PAY) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("pay", "confirmed")]
    granted, small.granted = small.granted, ()
    try:
        async with small.open(PAY, more="\nCHANGED = 1\n") as remit:
            case_id = await send(remit, order_id="9")
            assert states(remit, case_id) == [("pay", "held")]
    finally:
        small.granted = granted
    assert small.performed() == ["pay"]


async def test_26_a_field_that_a_third_party_can_write_proves_nothing(small: Small) -> None:
    """The tool's `note` names another order; a tool that cites it is held."""
    small.order["note"] = "8"
    body = """
order = await run.read(get_order, order_id=case.order_id)
chosen = await run.read(get_order, order_id=order.note)
done = await run.act(pay, order_id=chosen.id, amount=chosen.total)
"""
    async with small.open(body) as remit:
        case_id = await send(remit)
        assert states(remit, case_id) == [("pay", "held")]
    assert small.performed() == []


def test_27_a_request_says_nothing_of_its_credential() -> None:
    asked = Asked(
        method="GET", url="https://shop.example/?q=1", headers={"authorization": "canary-27"}
    )
    assert "canary-27" not in repr(asked)
    assert "canary-27" not in str(asked)


def test_27_a_host_carries_no_credential() -> None:
    """What may be reached and what opens it are kept apart: nothing can hand it on by accident."""
    assert not {"key", "token", "credential", "headers"} & set(Host.__dataclass_fields__)


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


PROGRAM = re.compile(
    r"subprocess\.(run|Popen|call|check_\w+)|asyncio\.create_subprocess\w+"
    r"|os\.(system|popen|exec\w+|spawn\w+|posix_spawn\w*)"
)


def test_29_programs_are_started_by_these_modules_only_and_never_by_a_shell() -> None:
    started = set()
    for path in SOURCE:
        for name, call in _calls(ast.parse(path.read_text())):
            if PROGRAM.fullmatch(name):
                started.add(path.relative_to(ROOT / "src" / "remit").as_posix())
                assert [one for one in call.keywords if one.arg == "shell"] == [], path
                assert name not in {"os.system", "os.popen", "asyncio.create_subprocess_shell"}
    assert started == set(STARTS)


def test_30_no_text_is_run_as_code() -> None:
    """Nothing in the package evaluates, compiles or unpickles; modules come from the project."""
    forbidden = {"eval", "exec", "compile", "__import__"}
    loads = re.compile(r"(pickle|marshal|shelve|dill|joblib|yaml)\.(load|loads|unsafe_load)$")
    found = [
        f"{path.name}:{call.lineno} {name}"
        for path in SOURCE
        for name, call in _calls(ast.parse(path.read_text()))
        if name in forbidden or loads.match(name)
    ]
    assert found == []


def test_31_every_locked_package_has_hashes_and_no_file_names_where_it_comes_from() -> None:
    locks = sorted((ROOT / "requirements").glob("*.txt"))
    assert len(locks) >= 5
    for lock in locks:
        pinned = re.findall(r"^[A-Za-z0-9][^\n]*==[^\n]*$", lock.read_text(), re.MULTILINE)
        hashed = re.findall(
            r"^[A-Za-z0-9][^\n]*==[^\n]*\\\n    --hash=sha256:[0-9a-f]{64}",
            lock.read_text(), re.MULTILINE,
        )  # fmt: skip
        assert len(pinned) == len(hashed) > 0, lock.name
        assert "--index-url" not in lock.read_text()


def test_31_a_test_that_reaches_for_the_network_fails() -> None:
    with socket.socket() as reaching, pytest.raises(NetworkIsOffError):
        reaching.connect(("192.0.2.1", 80))
