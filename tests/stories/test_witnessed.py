"""An effect that must be witnessed waits for the word of a witness, a real process of its own."""

import urllib.parse
from pathlib import Path

import anyio.to_thread
import pytest

from remit import testing
from remit.errors import StorageError
from remit.ledger.checkpoint import Signer
from remit.ledger.cosignature import Request
from remit.ledger.post import post
from tests.loopback import witness
from tests.projects import NAME, Small, send, standing

pytestmark = pytest.mark.anyio

NOTE = 'return (await run.act(note, text="hello")).receipt.id'
SETTINGS = """
[workflow.actions.note]
acknowledge = "witnessed"

[[ledger.anchors]]
kind = "witness"
url = "{url}"
key = "{key}"
operator = "audit-team"
"""


async def test_nothing_is_performed_while_the_witness_is_away(tmp_path: Path) -> None:
    small = Small(folder=tmp_path)
    async with small.open(NOTE) as remit:
        vkey = remit._journal.vkey
    state = tmp_path / "w1"
    with witness.serving(state, [vkey]) as first:
        port = urllib.parse.urlsplit(first.url).port or 0
        small.settings = SETTINGS.format(url=first.url, key=first.key)
        async with small.open(NOTE) as remit:
            case_id = await send(remit)
            assert standing(remit, case_id)[0] == "closed"
            assert small.performed() == ["note"]
            report = remit.verify()
            assert (report.result, report.exit_code) == ("intact", 0)
            assert any("audit-team" in line for line in report.lines)

            first.kill()
            remit.runs.acknowledger.seconds = 0.3
            case_id = await send(remit, external_id="second", order_id="8")
            assert standing(remit, case_id)[0] == "parked"
            assert small.performed() == ["note"]

            remit.runs.acknowledger.seconds = 10.0
            with witness.serving(state, [vkey], name=None, port=port):
                await testing.pass_time(remit, small.clock, 60)
                assert standing(remit, case_id)[0] == "closed"
                assert small.performed() == ["note", "note"]


async def test_a_witness_that_knows_another_ledger_ends_all_appending(tmp_path: Path) -> None:
    """Whoever has the log key signed another ledger and showed it to the witness first."""
    small = Small(folder=tmp_path)
    async with small.open(NOTE) as remit:
        vkey, key = remit._journal.vkey, remit.keys.log_key()
    forged = Signer(key, origin=vkey.split("+")[0]).sign(size=1_000, root=bytes(32))
    with witness.serving(tmp_path / "w1", [vkey]) as first:
        request = Request(old=0, proof=(), note=forged).encoded()
        address = f"{first.url}/add-checkpoint"
        answer = post(address, request, content_type="text/plain", place="the witness")
        assert answer.status == 200
        port = urllib.parse.urlsplit(first.url).port or 0
    small.settings = SETTINGS.format(url=first.url, key=first.key)
    small.granted = ()  # what was given stands, and no level is raised while the witness is away
    async with small.open(NOTE) as remit:
        remit.runs.acknowledger.seconds = 0.1
        case_id = await send(remit)
        assert remit.trouble == ""  # the witness is away, so that nothing is known yet
        with witness.serving(tmp_path / "w1", [vkey], name=None, port=port):
            assert not await anyio.to_thread.run_sync(remit.anchors.witnessed, 1_000_000)
            assert "knows 1000 entries" in remit.trouble
            assert remit.anchored().fork == remit.trouble
            with pytest.raises(StorageError, match="nothing is appended"):
                await remit.receive(NAME, {"order_id": "8"}, channel="test")
            assert remit.case(case_id).row.status == "parked"  # reading goes on
            assert small.performed() == []
