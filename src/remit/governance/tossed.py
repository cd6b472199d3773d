"""Coins tossed again from entries: under the key that was fixed before, at the share it had."""

from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Final

from remit.domain.autonomy import Cell, Level
from remit.domain.check_event import SEEDED
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.plan import PPM
from remit.errors import EvidenceInputError
from remit.evidence import audit
from remit.store import authority, evidence, plans
from remit.store.connection import Connection

DRAWS: Final = 2**53
# Several processes decide at once: what was read a moment before is still as good as now.
BESIDE_US: Final = 60_000_000
BESIDE_CASES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What an entry says, and what the entries before it come to."""

    what: str
    said: str = ""
    found: str = ""


def coin(connection: Connection, entry: Entry, keys: Mapping[str, bytes]) -> Iterator[Found]:
    """Toss the coin of a decision again, and compare; yields what differs."""
    day, draw, share = entry.word("day"), entry.number("draw"), entry.number("share_ppm") or 0
    drawn = entry.body.get("drawn") is True
    if not day or draw is None:  # without a key of the day each is drawn, and none proves anything
        if not drawn or share != PPM:
            yield Found(what="a coin without a key", said=f"{share} ppm", found="everything drawn")
        return
    known = plans.day_key(connection, day)
    if known is None:
        yield Found(what="the key of the coin", said=day, found="not fixed before it")
    elif known.revealed:
        yield Found(what="the key of the coin", said=day, found="told before it")
    if drawn != (draw / DRAWS < share / PPM):
        yield Found(
            what="drawn", said=str(drawn).lower(), found=f"{draw / DRAWS:.6f} of {share / PPM:g}"
        )
    key = keys.get(day)
    if key is not None:
        try:
            again = int(audit.coin(key, entry.word("action_id"), share=share / PPM).draw * DRAWS)
        except EvidenceInputError as error:
            yield Found(what="the coin", said=str(draw), found=str(error))
        else:
            if again != draw:
                yield Found(what="the draw", said=str(draw), found=str(again))
    if entry.tenant != SEEDED:  # a check has the share of the row that it was made from
        yield from _share(connection, entry, share)


def _share(connection: Connection, entry: Entry, share: int) -> Iterator[Found]:
    """Compare the share of a coin with plan, level and surge."""
    action, level = entry.word("action"), entry.word("level")
    plan = plans.find(connection, workflow=entry.workflow, action=action)
    if plan is None:
        yield Found(what="the plan of a row", found="not in the record before it")
        return
    cell = Cell(workflow=entry.workflow, action=action, segment=entry.word("segment"))
    surges = _surges(connection, cell, at_us=entry.at_us)
    wanted = sorted({plan.share_ppm(Level(level), surge=surge) for surge in surges})
    if share not in wanted:
        yield Found(
            what="the share of the coin", said=f"{share} ppm",
            found=f"{' or '.join(map(str, wanted))} ppm at {level}",
        )  # fmt: skip
    alone = entry.body.get("alone") is True
    if alone and Level(level).rank <= Level.APPROVE_EACH.rank:
        yield Found(what="that it ran alone", said="true", found=f"it was decided at {level}")


def _surges(connection: Connection, cell: Cell, *, at_us: int) -> set[bool]:
    """Return whether a surge goes on; both where another process may not have seen it yet."""
    found = authority.surge(
        connection, workflow=cell.workflow, action=cell.action, segment=cell.segment
    )
    if found is None:
        return {False}
    held = evidence.eligible_since(connection, cell, since_us=found.begun_us)
    if at_us - found.begun_us <= BESIDE_US or abs(held - found.cases) <= BESIDE_CASES:
        return {False, True}
    return {held < found.cases}


def is_open(entry: Entry, keys: Mapping[str, bytes]) -> bool:
    """Say whether the key of a coin is still secret."""
    return bool(entry.word("day")) and entry.word("day") not in keys


def day(connection: Connection, entry: Entry) -> Iterator[Found]:
    """Compare the key of a day with the digest that was fixed before; yields what differs."""
    name = entry.word("day")
    known = plans.day_key(connection, name)
    if entry.event == "governance:day_key:committed":
        if known is not None:
            yield Found(what="the key of a day", said=name, found="fixed already")
    elif known is None or not is_key(key_bytes(entry.word("key")), known.digest):
        yield Found(what=f"the key of {name}", said="told", found="not the one that was fixed")


def is_key(key: bytes, digest: str) -> bool:
    """Say whether a key is the one whose digest was fixed."""
    return sha256(key).hexdigest() == digest


def key_bytes(written: str) -> bytes:
    """Return a key as it is told; empty where it is none."""
    try:
        return bytes.fromhex(written)
    except ValueError:
        return b""
