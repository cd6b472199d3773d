"""What every keeper of root keys does: a file, a file behind a passphrase, a program."""

import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remit.errors import KeyUnavailableError, SettingsError
from remit.ledger.keystore import KEY_FILE, CommandKeyStore, FileKeyStore, KeyStore

PROGRAM = """
import base64, json, pathlib, secrets, sys
home = pathlib.Path(sys.argv[1])
roots = json.loads(home.read_text()) if home.exists() else {"current": "r0", "r0": "%s"}
ask = json.load(sys.stdin)
mask = lambda root, data: bytes(a ^ b for a, b in zip(data, bytes.fromhex(roots[root])))
say = {}
match ask["do"]:
    case "current":
        say = {"root": roots["current"]}
    case "wrap":
        key = base64.b64decode(ask["key"])
        root = roots["current"]
        say = {"root": root, "wrapped": base64.b64encode(mask(root, key)).decode()}
    case "unwrap":
        data = base64.b64decode(ask["wrapped"])
        say = {"key": base64.b64encode(mask(ask["root"], data)).decode()}
    case "renew":
        name = f"r{len(roots)}"
        roots |= {"current": name, name: secrets.token_hex(32)}
        say = {"root": name}
    case "destroy":
        roots.pop(ask["root"], None)
home.write_text(json.dumps(roots))
print(json.dumps(say))
""" % ("5a" * 32)


def _file(folder: Path) -> KeyStore:
    return FileKeyStore(folder / KEY_FILE, random_bytes=random.randbytes)


def _passphrase(folder: Path) -> KeyStore:
    return FileKeyStore(folder / KEY_FILE, random_bytes=random.randbytes, passphrase="long words")


def _command(folder: Path) -> KeyStore:
    program = folder / "keeper.py"
    program.write_text(PROGRAM)
    return CommandKeyStore([sys.executable, str(program), str(folder / "roots")])


Opens = Callable[[Path], KeyStore]


@pytest.fixture(params=[_file, _passphrase, _command], ids=["file", "passphrase", "command"])
def opens(request: pytest.FixtureRequest) -> Opens:
    made: Opens = request.param
    return made


def test_what_was_wrapped_opens_again_in_another_process(opens: Opens, tmp_path: Path) -> None:
    root, wrapped = opens(tmp_path).wrap(bytes(range(32)), context="k")
    assert opens(tmp_path).current == root
    assert bytes(range(32)) not in wrapped
    assert opens(tmp_path).unwrap(wrapped, root=root, context="k") == bytes(range(32))


def test_an_epoch_ends_what_was_wrapped_in_it_and_nothing_else(
    opens: Opens, tmp_path: Path
) -> None:
    store = opens(tmp_path)
    before, old = store.wrap(b"o" * 32, context="k")
    after = store.renew()
    assert after != before
    assert store.current == after
    root, new = store.wrap(b"n" * 32, context="k")
    assert root == after
    assert store.unwrap(old, root=before, context="k") == b"o" * 32

    store.destroy(before)
    store.destroy(before)  # once more changes nothing
    with pytest.raises(KeyUnavailableError):
        opens(tmp_path).unwrap(old, root=before, context="k")
    assert opens(tmp_path).unwrap(new, root=after, context="k") == b"n" * 32


def test_a_destroyed_root_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    store = _file(tmp_path)
    before = store.current
    held = (tmp_path / KEY_FILE).read_text().split(before)[2]
    store.renew()
    store.destroy(before)
    assert before not in (tmp_path / KEY_FILE).read_text()
    assert held[4:60] not in (tmp_path / KEY_FILE).read_text()
    store.destroy(store.current)  # the one in use stays
    assert store.wrap(b"x" * 32, context="k")[0] == store.current


def test_a_passphrase_is_needed_and_must_be_the_one(tmp_path: Path) -> None:
    _, wrapped = _passphrase(tmp_path).wrap(b"x" * 32, context="k")
    root = _passphrase(tmp_path).current
    with pytest.raises(SettingsError, match="set `key_passphrase`"):
        _file(tmp_path).unwrap(wrapped, root=root, context="k")
    other = FileKeyStore(tmp_path / KEY_FILE, random_bytes=random.randbytes, passphrase="other")
    with pytest.raises(SettingsError, match="does not open"):
        other.unwrap(wrapped, root=root, context="k")


def test_a_passphrase_for_a_file_that_has_none_is_refused(tmp_path: Path) -> None:
    _file(tmp_path)
    with pytest.raises(SettingsError, match="without a passphrase"):
        _passphrase(tmp_path)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("raise SystemExit(3)", "ended with 3"),
        ("print('hello')", "did not answer with JSON"),
        ("print('[]')", "JSON object"),
        ("print('{}')", "answered without `root`"),
        ("import json; print(json.dumps({'root': 'r', 'wrapped': '!'}))", "not base64"),
    ],
)
def test_a_program_that_fails_is_named(code: str, says: str) -> None:
    with pytest.raises(KeyUnavailableError, match=says):
        CommandKeyStore([sys.executable, "-c", code]).wrap(b"x" * 32, context="k")


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(KeyUnavailableError, match="`/nowhere/keeper` did not answer"):
        CommandKeyStore(["/nowhere/keeper"]).renew()
