"""The directory of senders: in which country they write, by a list that an owner answers for.

A CSV file beside `remit.toml` with the header `who,country`; `who` is a value of the field that
the directory goes by, such as an address, or the domain of addresses, as `@example.de`.
"""

import csv
import hashlib
import io
import re
from collections.abc import Collection, Mapping
from pathlib import Path

from remit.domain.frozen import dataclass
from remit.errors import SettingsError

HEADER = ["who", "country"]
ROWS_MAX = 100_000
BYTES_MAX = 16 * 1024 * 1024
BY = "sender"
DIGEST_SHOWN = 12

_COUNTRY = re.compile(r"[A-Z]{2}")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Senders:
    """A directory, ready to be asked."""

    by: str  # the field of the case that it goes by
    said: str  # what it is called in the record: its file, and the digest of what stood in it
    countries: Mapping[str, str]

    def country(self, value: object) -> tuple[str, str] | None:
        """Return the country of whoever this value names, and by what, or None."""
        if not isinstance(value, str) or not value:
            return None
        key = value.casefold()
        if (found := self.countries.get(key)) is not None:
            return found, f"the directory {self.said}, by the field {self.by}"
        _, at, domain = key.rpartition("@")
        if at and (found := self.countries.get(f"@{domain}")) is not None:
            return found, f"the directory {self.said}, by the domain in the field {self.by}"
        return None


def load(
    folder: Path,
    declared: Mapping[str, str],
    *,
    people: Collection[str],
    fields: Collection[str],
) -> Senders | None:
    """Return the directory that `[workflow.senders]` declares; None where it declares none.

    Raises `SettingsError` for one without a file or an owner, and for a line that is none; what
    stands in a line is not repeated.
    """
    if not declared:
        return None
    place = "`[workflow.senders]`"
    if strange := declared.keys() - {"file", "by", "owner"}:
        raise SettingsError(f"{place} knows no `{min(strange)}`; it has file, by and owner")
    if missing := {"file", "owner"} - declared.keys():
        raise SettingsError(f"{place} needs `{min(missing)}`; write it")
    if (owner := declared["owner"]) not in people:
        raise SettingsError(f"the owner of {place} is `{owner}`, who is nobody; add them")
    by = declared.get("by", BY)
    if by not in fields:
        raise SettingsError(f"{place} goes by `{by}`, which is no field of the case; name one")
    path = folder / declared["file"]
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"`{path}` of {place} cannot be read as UTF-8 text") from error
    if len(content) > BYTES_MAX:
        raise SettingsError(f"`{path}` of {place} has over {BYTES_MAX} bytes; split it")
    digest = hashlib.sha256(content).hexdigest()[:DIGEST_SHOWN]
    return Senders(by=by, said=f"{path.name} ({digest})", countries=_countries(text, path))


def _countries(text: str, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    rows = csv.reader(io.StringIO(text, newline=""))
    if next(rows, None) != HEADER:
        raise SettingsError(f"`{path}` does not begin with `who,country`; give it that header")
    for row in rows:
        if not row:
            continue
        where = f"`{path}`, line {rows.line_num}"
        if len(row) != len(HEADER) or not row[0].strip():
            raise SettingsError(f"{where}: write who and a country, two columns")
        key, country = row[0].strip().casefold(), row[1].strip().upper()
        if _COUNTRY.fullmatch(country) is None:
            raise SettingsError(f"{where}: the country is not two letters, such as `DE`")
        if found.setdefault(key, country) != country:
            raise SettingsError(f"{where}: the same sender stands there with another country")
        if len(found) > ROWS_MAX:
            raise SettingsError(f"`{path}` holds over {ROWS_MAX} senders; list domains")
    return found
