"""Leaves that are not there: what is left of them must be what a prune's entry says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

Report = Callable[[str, int | None, str], None]  # check, position, text


class Running(Protocol):
    """A hash that grows."""

    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


@dataclass(slots=True)
class Gone:
    """Leaves of one month that are not there."""

    first: int
    count: int = 0
    running: Running = field(default_factory=sha256)


@dataclass(slots=True)
class Pruned:
    """What is missing, month by month, and what the entries say of it."""

    holes: int = 0
    months: dict[str, Gone] = field(default_factory=dict)
    told: dict[str, tuple[int, str]] = field(default_factory=dict)

    def leaf(self, position: int, case_id: str, digest: bytes) -> None:
        """Count a leaf whose hash is there and whose bytes are not."""
        one = self.months.setdefault(month_of(case_id), Gone(position))
        one.count += 1
        one.running.update(position.to_bytes(8, "big") + digest)
        self.holes += 1

    def tell(self, body: Mapping[str, object]) -> None:
        """Keep what an entry says of a month; the first one counts."""
        month, count, digest = body.get("month"), body.get("entries"), body.get("digest")
        if isinstance(month, str) and isinstance(count, int) and isinstance(digest, str):
            self.told.setdefault(month, (count, digest))

    def end(self, bad: Report) -> list[str]:
        """Compare the two; return the lines that a report shows."""
        lines = []
        for month, one in sorted(self.months.items()):
            count, digest = self.told.get(month, (0, ""))
            if one.count > count:
                missing = f"{one.count} leaves of {month or 'no month'} are missing"
                bad("structure", one.first, f"{missing}, {count or 'none'} were pruned")
            elif one.count < count:
                lines.append(f"pruned    {one.count} of {count} entries of {month}: unfinished")
            elif one.running.hexdigest() != digest:
                bad("structure", one.first, f"other leaves of {month} are missing than pruned")
            else:
                lines.append(f"pruned    {count} entries of {month}, as an entry says")
        return lines


def month_of(case_id: str) -> str:
    """Return the month of a time-ordered id, such as `2026-11`; empty for any other id."""
    try:
        made = datetime.fromtimestamp(int(case_id[:12], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    return f"{made:%Y-%m}"
