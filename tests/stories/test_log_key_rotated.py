"""The key of the log is replaced: both sign for a while, and the new one vouches for the old."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remit.app import Remit
from remit.domain.actor import person
from remit.ledger import checkpoint, joined
from remit.ledger.checkpoint import Signer, signers_of
from remit.ledger.export import export
from remit.ledger.verify import verify, verify_export
from tests.gobuild import answering, built
from tests.projects import OLGA, Small, send
from tests.sounding import findings

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
NOTE = 'return (await run.act(note, text="hello")).receipt.id'
DAY = 86_400.0


@pytest.fixture(params=["sqlite", "postgresql"])
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return Small(folder=tmp_path, database=database)


async def rotate(remit: Remit, small: Small, *, days: float = 7.0) -> None:
    by, now = person(OLGA), small.clock()
    await asyncio.to_thread(remit.log_keys.rotate, by=by, now=now, overlap_days=days)


def last_signers(remit: Remit) -> list[str]:
    remit.keeper.drain()
    sql = "SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1"
    return sorted(signers_of(bytes(remit.database.read(lambda c: c.value(sql)))))


def exported(remit: Remit, folder: Path) -> tuple[Path, list[str]]:
    remit.keeper.drain()
    remit._journal.reload(remit.database.read)
    vkeys = remit._journal.vkeys
    remit.database.read(lambda c: export(c, folder, vkey=vkeys))
    return folder, vkeys.split()


def ids(*vkeys: str) -> list[str]:
    return sorted(vkey.split("+")[1] for vkey in vkeys)


async def test_both_keys_sign_for_a_while_and_the_new_one_vouches_for_the_old(
    small: Small, tmp_path: Path
) -> None:
    async with small.open(NOTE) as remit:
        await send(remit, external_id="0")
        old = remit._journal.vkey
        await rotate(remit, small)
        new = remit._journal.vkeys.split()[0]
        assert new != old
        await send(remit, external_id="1")
        assert last_signers(remit) == ids(old, new)
        assert remit.verify().result == "intact"
    async with small.open(NOTE) as remit:  # whoever starts anew learns of both
        await send(remit, external_id="2")
        assert last_signers(remit) == ids(old, new)
        small.clock.advance(8 * DAY)
        await remit.heart.tick()
        assert remit.keeper.drain()  # what has no place yet has waited for eight days now
        await send(remit, external_id="3")
        assert last_signers(remit) == ids(new)
        report = remit.verify()
        assert report.result == "intact", report.lines
        assert findings(remit) == []
        assert f"{old.split('+')[1]} (sizes " in report.lines[0]
        folder, vkeys = exported(remit, tmp_path / "out")
        assert sorted(vkeys) == sorted([new, old])
        assert_all_accept(folder, tmp_path, new, old)
        text = (folder / "policy").read_text()
        assert f"log {old}\n" in text
        assert f"log {new}\n" in text


def assert_all_accept(folder: Path, tmp_path: Path, new: str, old: str) -> None:
    """Every verifier accepts it, from either key and from both."""
    for given in (new, old, f"{new} {old}", f"{old} {new}"):
        report = verify_export(folder, given)
        assert report.result == "intact", report.lines
    program = tmp_path / "verify.py"
    program.write_text(joined.python_source())
    done = subprocess.run(
        [sys.executable, "-I", str(program), str(folder), "--key", new, "--semantic"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2, done.stdout
    assert "intact" in done.stdout
    go = built(ROOT / "src/remit/ledger" / joined.GO, tmp_path)
    with answering(go, "-key", new, "-key", old) as both:
        assert both.code(str(folder)) == 0


async def test_a_key_that_nobody_vouches_for_is_found(small: Small, tmp_path: Path) -> None:
    """Somebody without a key of the log names one of their own, and signs on with it."""
    async with small.open(NOTE, attacked=True) as remit:
        await send(remit, external_id="4")
        old = remit._journal.vkey
        foreign = Signer(remit.keys.log_key(9), origin=remit._journal.origin)

        async def signs_on(sign: Callable[..., bytes]) -> list[str]:
            sequencer = remit.keeper._sequencer
            tree = remit._journal._tree if sequencer is None else sequencer._tree
            tree._signer.sign = sign
            await send(remit, external_id="signed on")
            remit.keeper.drain()
            report = verify(remit.database, old)
            return [finding.text for finding in report.checks]

        assert await signs_on(foreign.sign) != []


def test_the_keys_of_a_note_are_told_from_its_lines() -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    one, two = (Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2))
    signer = Signer(two, origin="o/1", older=[(one, 1_000)])
    old = Signer(one, origin="o/1")
    both = signer.sign(size=1, root=bytes(32), at_us=1_000)
    assert sorted(signers_of(both)) == ids(signer.vkey, old.vkey)
    assert checkpoint.parse_note(both, f"{signer.vkey} {old.vkey}").size == 1
    with pytest.raises(checkpoint.NoteError, match="unknown key"):
        checkpoint.parse_note(both, signer.vkey)
    later = signer.sign(size=1, root=bytes(32), at_us=1_001)
    assert signers_of(later) == ids(signer.vkey)
