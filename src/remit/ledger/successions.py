"""What a judge makes of log keys that follow each other: which of them may sign which size.

A key that nobody gave is trusted where a tree that a trusted one signed says that it follows or
went before, and both have signed a checkpoint that holds that entry.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from remit.ledger.checkpoint import NoteError, family, parse_vkey, renamed, signers_of
from remit.ledger.leaf import Leaf

ROTATED: Final = "ledger:log_key:rotated"
_Bad = Callable[[str, int | None, str], None]  # check, position, text


@dataclass(slots=True)
class _Rotation:
    position: int
    before: bytes
    key: bytes
    until: str
    begun: bool = False  # both have signed a tree that holds it


@dataclass(slots=True)
class Successions:
    """The keys of one record: those that were given, and those that it names itself."""

    trusted: set[bytes] = field(default_factory=set)
    rotations: list[_Rotation] = field(default_factory=list)
    sizes: dict[bytes, list[int]] = field(default_factory=dict)  # key: first and last it signed
    _public: dict[str, bytes] = field(default_factory=dict)  # id in a note -> key
    _claimed: bool = False

    def begin(self, given: Iterable[str], claimed: Iterable[str], *, origin: str) -> list[str]:
        """Take up the keys; return all under whose origin a checkpoint may be."""
        found: list[str] = []
        for vkey in given:
            found += family(vkey)
            self.trusted.add(_bytes(vkey))
        for vkey in claimed:
            try:
                ours = [one for one in family(renamed(vkey, origin)) if one not in found]
            except NoteError:
                continue  # then what it signs is signed by nobody
            self._claimed |= bool(ours)
            found += ours
        self._public = {vkey.split("+")[1]: _bytes(vkey) for vkey in found}
        return found

    @property
    def active(self) -> bool:
        """Whether there is more to ask than that every signature is of a key that was given."""
        return self._claimed or bool(self.rotations) or len(self.trusted) > 1

    def see(self, position: int, leaf: Leaf) -> None:
        """Take up an entry that names a new key; one that is malformed names none."""
        body = leaf.body
        before, key, until = body.get("before"), body.get("key"), body.get("until_us")
        if not (isinstance(before, str) and isinstance(key, str) and isinstance(until, int)):
            return
        try:
            parsed = _bytes(before), _bytes(key)
            end = datetime.fromtimestamp(0, UTC) + timedelta(microseconds=until)
        except (NoteError, OverflowError):
            return
        self.rotations.append(_Rotation(position, *parsed, f"{end:%Y-%m-%dT%H:%M:%S.%f}Z"))

    def signed(self, note: bytes, size: int, at: str) -> Iterable[str]:
        """Yield what is wrong with who signed a checkpoint whose last entry is of that instant."""
        ids = {one: self._public.get(one) for one in signers_of(note)}
        signers = {one for one in ids.values() if one is not None}
        for key in signers:
            self.sizes.setdefault(key, [size, size])[1] = size
        if not at:  # the last entry was pruned: its instant is not known any more
            return
        ended = {one.before for one in self.rotations if one.position < size and at > one.until}
        for one in self.rotations:
            if one.position >= size:
                if one.key in signers:
                    yield f"checkpoint {size} is signed by a key that follows only later"
                continue
            both = one.before in signers and one.key in signers
            one.begun = one.begun or both
            late = one.before in ended
            if late and one.before in signers:
                yield f"checkpoint {size} is signed by a key that was retired"
            if one.key not in signers and one.key not in ended and (late or one.begun):
                yield f"checkpoint {size} is not signed by the key that follows"
            if one.begun and not late and not both:
                yield f"checkpoint {size} is not signed by both keys"

    def end(self, bad: _Bad) -> None:
        """Say which keys signed that nothing vouches for."""
        linked = [one for one in self.rotations if one.begun]
        more = True
        while more:
            more = False
            for one in linked:
                pair = {one.before, one.key}
                if pair & self.trusted and not pair <= self.trusted:
                    self.trusted |= pair
                    more = True
        for key_id, key in self._public.items():
            if key in self.sizes and key not in self.trusted:
                self.sizes.pop(key)
                text = f"key {key_id} signs, and no key that was given vouches for it"
                bad("signatures", None, text)

    def line(self) -> str:
        """Return the ids of the keys that signed, with their sizes."""
        ids: dict[bytes, str] = {}
        for key_id, key in self._public.items():
            ids.setdefault(key, key_id)
        spans = sorted((first, last, ids[key]) for key, (first, last) in self.sizes.items())
        return ", ".join(f"{key_id} (sizes {first:,}..{last:,})" for first, last, key_id in spans)


class Sizes:
    """The first and the last size that each key signed, by the key's id in notes."""

    def __init__(self) -> None:
        self.by_id: dict[str, tuple[int, int]] = {}

    def see(self, note: bytes) -> None:
        """Take up a checkpoint; one that is malformed names no key."""
        try:
            size, ids = int(note.split(b"\n")[1]), signers_of(note)
        except (IndexError, ValueError):
            return
        for key_id in ids:
            self.by_id[key_id] = (self.by_id.get(key_id, (size, 0))[0], size)


def policy(vkeys: Iterable[str], sizes: dict[str, tuple[int, int]]) -> bytes:
    """Return the file that names a log's keys, as C2SP tlog-policy has it, each with its sizes."""
    lines = []
    for vkey in vkeys:
        span = sizes.get(vkey.partition("+")[2].partition("+")[0])
        if span is not None:
            lines += [f"# signs sizes {span[0]} to {span[1]}", f"log {vkey}"]
    return "".join(f"{line}\n" for line in [*lines, "quorum none"]).encode()


def _bytes(vkey: str) -> bytes:
    return parse_vkey(vkey).public.public_bytes_raw()
