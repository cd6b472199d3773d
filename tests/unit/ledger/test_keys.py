"""Keys of content: durable before use, wrapped at rest, gone for good once destroyed."""

import random
import sqlite3
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from remit.errors import KeyUnavailableError, SettingsError
from remit.ledger.keys import BATCH_MAX, KeyRing
from remit.ledger.keystore import KEY_FILE, FileKeyStore
from remit.ledger.wrapping import CACHE_SECONDS, VERSION_SECONDS, Wrapping
from remit.store.keys import KEY_ROWS, KeyRow, KeyRows, file_rows


@dataclass
class Hand:
    """A clock that stands still until it is moved."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def ring(tmp_path: Path) -> KeyRing:
    return opened(tmp_path)


def opened(folder: Path, seed: int = 1) -> KeyRing:
    return KeyRing.open(folder, random_bytes=random.Random(seed).randbytes)


def stored(folder: Path, clock: Callable[[], float], seed: int = 9) -> Wrapping:
    chance = random.Random(seed).randbytes
    roots = FileKeyStore(folder / KEY_FILE, random_bytes=chance)
    return Wrapping(file_rows(folder), roots, chance, int, clock)


def test_what_a_ring_made_another_process_finds(tmp_path: Path, ring: KeyRing) -> None:
    key, facts = ring.draw(), ring.facts()
    again = opened(tmp_path, seed=2)

    assert again.id == ring.id
    assert again.subkey("log") == ring.subkey("log") != ring.subkey("intake")
    assert again.keyed("digest", b"x") == ring.keyed("digest", b"x") != ring.keyed("other", b"x")
    assert again.find(key.id) == key
    assert again.facts() == facts
    assert again.draw().id != key.id


def test_every_file_is_for_its_owner_alone_and_holds_no_key_in_the_clear(
    tmp_path: Path, ring: KeyRing
) -> None:
    keys = [ring.draw() for _ in range(20)]
    files = sorted(tmp_path.iterdir())

    assert {KEY_FILE, KEY_ROWS} <= {file.name for file in files}
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    everything = b"".join(file.read_bytes() for file in files)
    secrets = [key.secret for key in keys] + [ring._seed]
    assert [key for key in secrets if key in everything or key.hex().encode() in everything] == []


def test_two_cases_never_share_a_key_and_a_case_keeps_its_own(ring: KeyRing) -> None:
    drawn = [ring.of_case(f"c{n}", lambda: None) for n in range(600)]
    assert len({key.secret for key in drawn}) == len({key.id for key in drawn}) == 600
    assert ring.of_case("c7", lambda: pytest.fail("it is known")) == drawn[7]
    other = ring.of_case("another process", lambda: drawn[3].id)
    assert other == drawn[3]


def test_a_case_costs_no_durable_write_of_its_own(tmp_path: Path) -> None:
    commits: list[int] = []
    rows = file_rows(tmp_path)
    add = rows.add

    class Counted(KeyRows):
        def add(self, rows: Sequence[KeyRow], *, under: str = "") -> bool:
            commits.append(len(rows))
            return add(rows, under=under)

    counted = Counted(rows._connect)
    ring = KeyRing.open(tmp_path, random_bytes=random.Random(1).randbytes, rows=counted)
    first = len(commits)
    for _ in range(10_000):
        ring.draw()
    assert len(commits) - first <= 10_000 / BATCH_MAX + 5


def test_a_destroyed_key_is_gone_at_once_and_elsewhere_within_a_second(tmp_path: Path) -> None:
    hand = Hand()
    here, there = stored(tmp_path, hand), stored(tmp_path, hand, seed=3)
    key = here.make("case")[0]
    assert there.find(key.id) == key

    here.destroy([key.id])
    assert here.find(key.id) is None
    assert there.find(key.id) == key  # it has looked less than a second ago
    hand.seconds += VERSION_SECONDS
    assert there.find(key.id) is None


def test_a_destroyed_keys_bytes_are_overwritten(tmp_path: Path) -> None:
    here = stored(tmp_path, Hand())
    key, kept = here.make("case", 2)
    row = here.rows.find(key.id)
    assert row is not None
    file = tmp_path / KEY_ROWS
    assert row.wrapped in file.read_bytes()
    here.destroy([key.id])
    left = b"".join(one.read_bytes() for one in tmp_path.iterdir())
    assert row.wrapped not in left
    assert key.id.encode() not in left
    assert kept.id.encode() in left


def test_a_rotation_keeps_every_key_and_ends_what_a_copy_can_open(tmp_path: Path) -> None:
    live, copy = tmp_path / "live", tmp_path / "copy"
    live.mkdir(), copy.mkdir()
    here = stored(live, Hand())
    kept, erased = here.make("case", 2)
    (copy / KEY_ROWS).write_bytes((live / KEY_ROWS).read_bytes())

    here.destroy([erased.id])
    done = here.rotate()
    assert (done.before, done.root) != (done.root, done.before)
    assert done.wrapped == 1
    assert stored(live, Hand(), seed=4).find(kept.id) == kept

    # The copy still opens with the live root keys until the old root is destroyed.
    (copy / KEY_FILE).write_bytes((live / KEY_FILE).read_bytes())
    (copy / KEY_FILE).chmod(0o600)
    assert stored(copy, Hand()).find(erased.id) == erased
    here.roots.destroy(done.before)
    (copy / KEY_FILE).write_bytes((live / KEY_FILE).read_bytes())
    for name in (erased.id, kept.id):
        with pytest.raises(KeyUnavailableError, match="epoch was destroyed"):
            stored(copy, Hand()).find(name)
    assert stored(live, Hand(), seed=5).find(kept.id) == kept


@dataclass
class Overtaken:
    """Rows of keys between whose looks another process begins an epoch, once."""

    rows: KeyRows
    rotate: Callable[[], object]
    done: bool = False

    def find(self, id: str) -> KeyRow | None:
        row = self.rows.find(id)
        if not self.done:
            self.done = True
            self.rotate()
        return row

    def __getattr__(self, name: str) -> object:
        return getattr(self.rows, name)


def test_a_key_is_found_though_an_epoch_begins_while_it_is_looked_for(
    tmp_path: Path, ring: KeyRing
) -> None:
    """Its row is read, then that which wraps it: in between all may be wrapped anew."""
    key = ring.draw()
    other, reading = stored(tmp_path, Hand()), stored(tmp_path, Hand(), seed=5)
    reading.rows = Overtaken(reading.rows, other.rotate)  # type: ignore[assignment]  # all else is passed on

    assert reading.find(key.id) == key
    other.destroy([key.id])
    assert stored(tmp_path, Hand(), seed=6).find(key.id) is None


def test_a_row_that_was_exchanged_for_another_does_not_open(tmp_path: Path) -> None:
    here = stored(tmp_path, Hand())
    one, two = here.make("case", 2)
    with sqlite3.connect(tmp_path / KEY_ROWS) as raw:
        raw.execute(
            "UPDATE wrapped_keys SET wrapped ="
            " (SELECT wrapped FROM wrapped_keys WHERE id = ?) WHERE id = ?",
            (two.id, one.id),
        )
    raw.close()
    with pytest.raises(KeyUnavailableError, match="does not open"):
        stored(tmp_path, Hand()).find(one.id)


def test_keys_are_asked_for_again_after_a_minute_and_refused_without_their_root(
    tmp_path: Path,
) -> None:
    hand = Hand()
    here = stored(tmp_path, hand)
    key = here.make("case")[0]
    (tmp_path / KEY_FILE).rename(tmp_path / "away")

    hand.seconds += CACHE_SECONDS - 1
    assert here.find(key.id) == key
    hand.seconds += 2
    with pytest.raises(KeyUnavailableError, match="cannot be read"):
        here.find(key.id)
    with pytest.raises(KeyUnavailableError):
        here.make("case")
    (tmp_path / "away").rename(tmp_path / KEY_FILE)
    assert here.find(key.id) == key


def test_a_ring_without_stored_keys_seals_nothing() -> None:
    with pytest.raises(KeyUnavailableError, match="no keys for content"):
        KeyRing(bytes(32)).draw()


def test_another_keys_file_does_not_open_these_keys(tmp_path: Path, ring: KeyRing) -> None:
    ring.close()
    (tmp_path / KEY_FILE).unlink()
    with pytest.raises(KeyUnavailableError, match="put back the file"):
        opened(tmp_path, seed=7)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"current": 1}', '{"roots": "ab"}', "\x00"])
def test_a_damaged_key_file_says_what_to_do(tmp_path: Path, text: str) -> None:
    file = tmp_path / KEY_FILE
    file.write_text(text)
    file.chmod(0o600)
    with pytest.raises(SettingsError, match="put back the one from backup"):
        opened(tmp_path)


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path, ring: KeyRing) -> None:
    ring.close()
    (tmp_path / KEY_FILE).chmod(0o640)
    with pytest.raises(SettingsError, match="chmod 600"):
        opened(tmp_path)
