"""A witness that is killed between and inside requests never cosigns a fork or an older size."""

import threading
import urllib.parse
from pathlib import Path

import pytest

from remit.errors import AnchorUnavailableError
from remit.ledger.post import Answer, post
from tests.loopback import witness
from tests.unit.ledger.test_witness import LEAVES, ORIGIN, SIGNER, asked

FORK = [*LEAVES[:3], *LEAVES[:2:-1]]  # the same first three, then another past


def ask(url: str, body: bytes) -> Answer:
    return post(f"{url}/add-checkpoint", body, content_type="text/plain", place="the witness")


def test_a_witness_killed_between_requests_remembers(tmp_path: Path) -> None:
    size = 0
    for grown in (3, 8, 9, 31, 64):
        with witness.serving(tmp_path, [SIGNER.vkey]) as running:
            assert ask(running.url, asked(size, grown)).status == 200
            running.kill()
        with witness.serving(tmp_path, [SIGNER.vkey], name=None) as running:
            assert ask(running.url, asked(size, grown)).body == f"{grown}\n".encode()
            if grown > 3:
                assert ask(running.url, asked(grown, grown, leaves=FORK)).status == 409
                forked = asked(grown, 64, leaves=FORK)
                assert ask(running.url, forked).status == (409 if grown == 64 else 422)
            running.kill()
        size = grown


def test_a_witness_killed_at_any_moment_never_takes_back(tmp_path: Path) -> None:
    """Kill it while requests arrive; every size that was answered for is known afterwards."""
    cosigned = 0
    for _ in range(6):
        with witness.serving(tmp_path, [SIGNER.vkey]) as running:
            url = running.url
            known = int(ask(url, asked(0, 1)).body) if cosigned else 0
            assert known >= cosigned
            killer = threading.Timer(0.02, running.kill)
            killer.start()
            try:
                for size in range(known + 1, 65):
                    answer = ask(url, asked(size - 1, size))
                    assert answer.status == 200
                    cosigned = size
            except AnchorUnavailableError:
                pass
            killer.join()
    with witness.serving(tmp_path, [SIGNER.vkey]) as running:
        assert int(ask(running.url, asked(0, 1)).body) >= cosigned > 0


def test_two_that_ask_at_once_get_one_history(tmp_path: Path) -> None:
    with witness.serving(tmp_path, [SIGNER.vkey]) as running:
        assert ask(running.url, asked(0, 3)).status == 200
        got: list[tuple[str, int]] = []

        def race(name: str, leaves: list[bytes]) -> None:
            got.append((name, ask(running.url, asked(3, 40, leaves=leaves)).status))

        threads = [
            threading.Thread(target=race, args=one) for one in (("a", LEAVES), ("b", FORK)) * 4
        ]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
        won = {name for name, status in got if status == 200}
        assert len(won) == 1
        assert sum(status == 200 for _, status in got) == 1


@pytest.mark.parametrize("path", ["/", "/add-checkpoint/x"])
def test_only_one_address_takes_checkpoints(tmp_path: Path, path: str) -> None:
    with witness.serving(tmp_path, [SIGNER.vkey]) as running:
        assert post(f"{running.url}{path}", b"x", content_type="a/b", place="it").status == 404
        too_long = post(
            f"{running.url}/add-checkpoint", b"x" * 20_000, content_type="a/b", place="it"
        )
        assert too_long.status == 413
        assert urllib.parse.urlsplit(running.url).hostname == "127.0.0.1"
        assert ORIGIN in SIGNER.vkey
