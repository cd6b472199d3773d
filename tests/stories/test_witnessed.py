"""An effect that must be witnessed waits for the word of a witness, a real process of its own."""

import urllib.parse
from pathlib import Path

import pytest

from remit import testing
from tests.loopback import witness
from tests.projects import Small, send, standing

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
