"""The verifier in each export: one file, run where there is no Remit."""

import ast
import dataclasses
import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.ledger import anchor, joined
from remit.ledger.cosignature import Cosigner
from remit.ledger.export import export
from remit.ledger.outside import anchored_by, commitment
from remit.ledger.proof import prove
from remit.ledger.standalone import verify_export
from tests.opened import appending, opened

CASES = [f"{n:032x}" for n in range(1, 8)]
ENTRIES = 282
PART = 261  # under a checkpoint, after the first full tile


@dataclass(frozen=True, slots=True)
class Sound:
    """Exports of one ledger, its key, the anchor, and where the verifier lies."""

    folder: Path
    vkey: str

    def verify(self, *arguments: object, key: str | None = None) -> tuple[int, str]:
        """Run the verifier as an auditor does: another directory, nothing of ours importable."""
        command = [sys.executable, "-I", str(self.folder / "verify.py"), *map(str, arguments)]
        done = subprocess.run(
            [*command, "--key", key or self.vkey],
            cwd=self.folder, env={}, capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, done.stdout


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Sound:
    folder = tmp_path_factory.mktemp("audit")
    with opened(f"sqlite:///{folder}/remit.db", folder) as store:
        vkey = store.journal.vkey
        for n in range(28):
            store.writer.run(appending(CASES[n % len(CASES)], 10))
            if n in (5, 27):
                store.anchor(folder / "file")
        for name, more in {
            "whole": {}, "whole.tar": {"sealed": True}, "sealed": {"sealed": True},
            "end": {"first": 270}, "begin": {"last": PART}, "end.tar": {"first": 270},
        }.items():  # fmt: skip
            store.database.read(lambda c, n=name, m=more: export(c, folder / n, vkey=vkey, **m))  # type: ignore[misc]  # bound now
        made = store.database.read(lambda c: prove(c, 17, vkey=vkey))
    (folder / "17.leaf").write_bytes(made.leaf)
    (folder / "17.tlog-proof").write_bytes(made.text)
    (folder / "verify.py").write_bytes((folder / "whole/verifier/verify.py").read_bytes())
    return Sound(folder, vkey)


def test_the_file_needs_nothing_of_ours_and_defines_each_name_once() -> None:
    tree = ast.parse(joined.python_source())
    imported = {
        name.name if isinstance(node, ast.Import) else node.module or ""
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    foreign = {name.partition(".")[0] for name in imported} - sys.stdlib_module_names
    assert foreign == {"cryptography", "orjson"}
    names = Counter[str]()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names[node.name] += 1
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names[node.target.id] += 1
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("name", ["whole", "whole.tar", "sealed"])
def test_an_anchor_of_somebody_else_makes_it_0(sound: Sound, name: str) -> None:
    code, said = sound.verify(name)
    assert (code, said.splitlines()[-1]) == (2, "result    intact, not anchored outside this host")
    assert "anchored  none\n" in said

    code, said = sound.verify(name, "--anchor", "audit-team=file")
    assert (code, said.splitlines()[-1]) == (0, "result    intact; anchored to 281, no tail")
    assert "anchored  0..281   1 operator: audit-team (to 281, 2026-11-24T" in said

    code, said = sound.verify(name, "--anchor", "file")
    assert code == 2
    assert "1 operator: local" in said


def test_an_old_anchor_vouches_for_a_beginning_only(sound: Sound) -> None:
    (sound.folder / "old").write_bytes(
        (sound.folder / "file").read_bytes().splitlines(keepends=True)[0]
    )
    code, said = sound.verify("whole", "--anchor", "audit-team=old", "--json")
    report = json.loads(said)
    assert (code, report["anchored"], report["tail_seconds"]) == (0, {"audit-team": 62}, 0)


@pytest.mark.parametrize("name", ["whole", "sealed", "end.tar"])
def test_tree_and_signatures_alone_are_never_called_whole(sound: Sound, name: str) -> None:
    code, said = sound.verify(name, "--tree", "--anchor", "audit-team=file")
    assert (code, said.splitlines()[-1]) == (
        2,
        "result    incomplete; tree, signatures and anchors fit, entries were not read",
    )
    assert sound.verify(name, "--tree", "--semantic")[0] == 3


@pytest.mark.parametrize("name", ["end", "end.tar"])
def test_an_export_without_its_beginning_says_so(sound: Sound, name: str) -> None:
    code, said = sound.verify(name, "--anchor", "audit-team=file")
    assert (code, said.splitlines()[-1]) == (
        2,
        "result    incomplete; entries before 256 are not carried here",
    )


def test_an_export_that_ends_before_an_anchor_is_not_called_whole(sound: Sound) -> None:
    code, said = sound.verify("begin", "--anchor", "audit-team=file")
    assert code == 2
    assert "incomplete; an anchor holds 282 entries, 262 are here" in said


def test_without_a_key_or_an_export_there_is_no_verdict(sound: Sound) -> None:
    assert sound.verify("nowhere")[0] == 3
    assert sound.verify("whole", key="nonsense")[0] == 3
    assert sound.verify("whole", "--anchor", "audit-team=nowhere")[0] == 3
    assert sound.verify("whole", "--disclosures", "nowhere")[0] == 3
    done = subprocess.run(
        [sys.executable, "-I", "verify.py", "whole"],
        cwd=sound.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, "never taken from what it judges" in done.stdout) == (3, True)


def test_a_proof_shows_its_leaf_and_no_other(sound: Sound) -> None:
    code, said = sound.verify("17.leaf", "--proof", "17.tlog-proof")
    assert code == 2
    assert said.startswith("entry     17 of shop.example/ledger/1: orchestration:tool:read of")
    leaf, proof = (sound.folder / name for name in ("17.leaf", "17.tlog-proof"))
    (sound.folder / "other.leaf").write_bytes(leaf.read_bytes().replace(b'"seq":', b'"seq":1'))
    assert sound.verify("other.leaf", "--proof", "17.tlog-proof")[0] == 1
    text = proof.read_bytes().replace(b"index 17", b"index 18")
    (sound.folder / "other.tlog-proof").write_bytes(text)
    assert sound.verify("17.leaf", "--proof", "other.tlog-proof")[0] == 1


def test_a_disclosure_is_held_against_the_commitment(sound: Sound, tmp_path: Path) -> None:
    wrong = {"entry": "0" * 32, "role": "result", "salt": "00" * 32, "content": "yes"}
    (tmp_path / "wrong").write_text(f"{json.dumps(wrong)}\nnot json\n")
    code, said = sound.verify("whole", "--disclosures", tmp_path / "wrong")
    assert code == 1
    assert "disclosure 1 names a payload that is not here" in said
    assert "disclosure 2 is malformed" in said
    assert commitment(bytes(32), b"yes") != commitment(bytes(32), b"no")


def test_a_cosignature_counts_by_the_key_that_was_given(tmp_path: Path) -> None:
    witness = Cosigner(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), name="w.example/1")
    other = Cosigner(Ed25519PrivateKey.from_private_bytes(bytes(32)), name="w.example/1")
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASES[0], 5)
        vkey = store.journal.vkey
        note = store.database.read(
            lambda c: c.value("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        )
        raw = witness.cosign(note, seconds=1_764_000_000)
        receipt = anchor.AnchorReceipt(note=note, operator="w.example/1", kind="witness", raw=raw)
        (tmp_path / "kept").write_bytes(anchor.line_of(receipt, named=True))
        store.database.read(
            lambda c: export(
                c, tmp_path / "out", vkey=vkey, anchors={"w.anchor": tmp_path / "kept"}
            )
        )

    def judged(*keys: str) -> tuple[int, dict[str, int]]:
        report = verify_export(tmp_path / "out", [vkey], witnesses=keys)
        return report.exit_code, dict(report.anchored)

    assert judged() == (2, {"local": 7})  # whom a carried receipt names is the exporter's word
    assert judged(witness.vkey) == (0, {"w.example/1": 7})
    assert judged(other.vkey)[0] == 2
    assert judged("nonsense")[0] == 3
    forged = dataclasses.replace(receipt, raw=raw[:-20] + bytes([raw[-20] ^ 1]) + raw[-19:])
    (tmp_path / "forged").write_bytes(anchor.line_of(forged, named=True))
    held = anchored_by(f"they={tmp_path / 'forged'}")
    assert (
        verify_export(tmp_path / "out", [vkey], receipts=held, witnesses=[witness.vkey]).exit_code
        == 1
    )
