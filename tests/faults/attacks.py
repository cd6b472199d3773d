"""What a database administrator does to a ledger: each attack on the rows of a stopped process."""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from remit.domain import clock
from remit.ledger import canonical
from remit.ledger.checkpoint import Signer
from remit.ledger.merkle import Tree, leaf_hash
from remit.ledger.seal import KeyRing
from remit.store.connection import Connection
from remit.store.database import Database
from tests.opened import ORIGIN

OLD = 40  # a position in the full tile
COLUMNS = {
    "entries": "case_id, seq, event, run, path, at_us, tenant, workflow, writer_id, writer_n,"
    " leaf, leaf_hash",
    "payloads": "case_id, seq, role, key_id, sealed",
    "entry_order": "position, case_id, seq, leaf_hash",
    "tiles": "level, n, hashes",
    "checkpoints": "size, at_us, note",
}


@dataclass(frozen=True, slots=True)
class Ground:
    """A sound ledger with an anchor elsewhere, its process stopped, ready to be attacked."""

    url: str
    folder: Path
    keys: KeyRing
    vkey: str
    database: Database
    rows: Connection

    def leaves(self) -> list[dict[str, Any]]:
        """Return all leaves in order, to be written anew."""
        found = self.rows.rows(
            "SELECT e.leaf FROM entry_order o JOIN entries e ON e.case_id = o.case_id"
            " AND e.seq = o.seq ORDER BY o.position"
        )
        return [json.loads(bytes(row[0])) for row in found]

    def write(self, statement: str, *values: Any) -> None:
        """Change rows as their administrator can."""
        assert self.rows.execute(statement, values) > 0, statement

    def rewrite(self, leaves: list[dict[str, Any]], *, sizes: Collection[int] = ()) -> None:
        """Write this past over the other, with a tree and checkpoints of the stolen log key."""
        signer = Signer(self.keys.log_key(), origin=ORIGIN)
        kept = sizes or {row[0] for row in self.rows.rows("SELECT size FROM checkpoints")}
        sealed = self._sealed()
        for table in ("entries", "payloads", "entry_order", "tiles", "checkpoints"):
            self.rows.execute(f"DELETE FROM {table}")
        tree = Tree()
        for value in leaves:
            leaf, case, writer = canonical.encode(value), value["case"], value["writer"]
            digest, place, at = leaf_hash(leaf), (case["id"], case["seq"]), microseconds(value)
            self._insert("entry_order", tree.size, *place, digest)
            self._insert(
                "entries", *place, value["event"], case.get("run"), case.get("path"), at,
                value["tenant"], value["workflow"], writer["id"], writer["number"], leaf, digest,
            )  # fmt: skip
            for row in sealed.get(value["id"], ()):
                self._insert("payloads", *place, *row)
            for tile in tree.append(digest):
                self._insert("tiles", *tile)
            if tree.size in kept or value is leaves[-1]:
                note = signer.sign(size=tree.size, root=tree.root())
                self._insert("checkpoints", tree.size, at, note)
        for tile in tree.partial():
            if tile[0]:  # the open one of the lowest level is the order's tail
                self._insert("tiles", *tile)
        self.write(
            "UPDATE ledger_head SET size = ?, root = ?, at_us = ?, writer_id = ?",
            tree.size, tree.root(), microseconds(leaves[-1]), leaves[-1]["writer"]["id"],
        )  # fmt: skip

    def _insert(self, table: str, *values: Any) -> None:
        marks = ", ".join("?" * len(values))
        self.rows.execute(f"INSERT INTO {table} ({COLUMNS[table]}) VALUES ({marks})", values)

    def _sealed(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return the sealed rows by the id of their entry."""
        found: dict[str, list[tuple[Any, ...]]] = {}
        for leaf, *row in self.rows.rows(
            "SELECT e.leaf, p.role, p.key_id, p.sealed FROM entries e JOIN payloads p"
            " ON p.case_id = e.case_id AND p.seq = e.seq"
        ):
            found.setdefault(json.loads(bytes(leaf))["id"], []).append(tuple(row))
        return found


def flip_a_byte(ground: Ground) -> None:
    case, seq, leaf = entry(ground, OLD)
    changed = leaf.replace(b'"get_order"', b'"get_orfer"')
    assert changed != leaf
    ground.write("UPDATE entries SET leaf = ? WHERE case_id = ? AND seq = ?", changed, case, seq)


def delete_an_entry(ground: Ground) -> None:
    case, seq, _ = entry(ground, OLD)
    for table in ("entries", "payloads", "entry_order"):
        ground.write(f"DELETE FROM {table} WHERE case_id = ? AND seq = ?", case, seq)


def swap_two(ground: Ground) -> None:
    rows = [entry(ground, position) for position in (OLD, OLD + 1)]
    ground.write("UPDATE entry_order SET seq = -1 WHERE position = ?", OLD)  # one at a time
    for position, (case, seq, leaf) in zip((OLD + 1, OLD), rows, strict=True):
        ground.write(
            "UPDATE entry_order SET case_id = ?, seq = ?, leaf_hash = ? WHERE position = ?",
            case, seq, leaf_hash(leaf), position,
        )  # fmt: skip


def cut_the_tail(ground: Ground) -> None:
    for position in range(size(ground) - 5, size(ground)):
        case, seq, _ = entry(ground, position)
        for table in ("entries", "payloads", "entry_order"):
            ground.write(f"DELETE FROM {table} WHERE case_id = ? AND seq = ?", case, seq)


def roll_back(ground: Ground) -> None:
    """Put back what the database held some batches ago: every byte of it is genuine."""
    notes = {row[0]: row[1] for row in ground.rows.rows("SELECT size, note FROM checkpoints")}
    older = sorted(notes)[-3]
    ground.rewrite(ground.leaves()[:older], sizes=notes.keys())
    for at in [at for at in notes if at <= older]:
        ground.write("UPDATE checkpoints SET note = ? WHERE size = ?", notes[at], at)


def replace_a_payload(ground: Ground) -> None:
    case, seq, _ = entry(ground, OLD)
    (other,) = ground.rows.rows(
        "SELECT sealed FROM payloads WHERE case_id = ? AND seq <> ? LIMIT 1", (case, seq)
    )
    statement = "UPDATE payloads SET sealed = ? WHERE case_id = ? AND seq = ?"
    ground.write(statement, other[0], case, seq)


def edit_a_column(ground: Ground) -> None:
    case, seq, _ = entry(ground, OLD)
    statement = "UPDATE entries SET event = ? WHERE case_id = ? AND seq = ?"
    ground.write(statement, "orchestration:case:closed", case, seq)


def forge_a_checkpoint(ground: Ground) -> None:
    other = Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))), origin=ORIGIN)
    (root,) = ground.rows.rows("SELECT root FROM ledger_head")
    note = other.sign(size=size(ground), root=bytes(root[0]))
    ground.write("UPDATE checkpoints SET note = ? WHERE size = ?", note, size(ground))


def change_an_old_entry(ground: Ground) -> None:
    leaves = ground.leaves()
    leaves[OLD]["body"]["name"] = "cancel_order"
    ground.rewrite(rechained(leaves))


def drop_an_old_entry(ground: Ground) -> None:
    leaves = ground.leaves()
    gone = leaves.pop(OLD)
    for leaf in leaves[OLD:]:
        if leaf["case"]["id"] == gone["case"]["id"]:
            leaf["case"]["seq"] -= 1
    ground.rewrite(rechained(leaves))


def drop_the_newest_entry(ground: Ground) -> None:
    ground.rewrite(ground.leaves()[:-1])


def delete_contents(ground: Ground) -> None:
    case, _, _ = entry(ground, OLD)
    ground.write("DELETE FROM payloads WHERE case_id = ?", case)


def nothing(ground: Ground) -> None:
    """Leave it as it is."""


ATTACKS: dict[str, Callable[[Ground], None]] = {
    "a": flip_a_byte, "b": delete_an_entry, "c": swap_two, "d": cut_the_tail, "e": roll_back,
    "f": replace_a_payload, "g": edit_a_column, "h": forge_a_checkpoint,
    "i": change_an_old_entry, "j": drop_an_old_entry, "k": drop_the_newest_entry,
    "l": delete_contents,
    "0": nothing,
}  # fmt: skip


def begin(ground: Ground) -> None:
    ground.rows.begin(write=True)


def size(ground: Ground) -> int:
    return int(ground.rows.value("SELECT size FROM ledger_head"))


def entry(ground: Ground, position: int) -> tuple[str, int, bytes]:
    (row,) = ground.rows.rows(
        "SELECT e.case_id, e.seq, e.leaf FROM entry_order o JOIN entries e"
        " ON e.case_id = o.case_id AND e.seq = o.seq WHERE o.position = ?",
        (position,),
    )
    return row[0], row[1], bytes(row[2])


def microseconds(leaf: dict[str, Any]) -> int:
    return clock.microseconds(datetime.fromisoformat(str(leaf["at"])))


def rechained(leaves: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write the chain of the writer anew, as whoever holds every key can."""
    chains: dict[str, tuple[int, str]] = {}
    for leaf in leaves:
        writer = leaf["writer"]
        writer["number"], writer["previous"] = chains.get(writer["id"], (0, "0" * 64))
        digest = leaf_hash(canonical.encode(leaf)).hex()
        chains[writer["id"]] = (writer["number"] + 1, digest)
    return leaves
