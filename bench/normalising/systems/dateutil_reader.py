"""python-dateutil: `parse`, with the day or the month first."""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from dateutil.parser import parse

from bench.normalising import reading

DEFAULT = datetime(2025, 3, 4)  # noqa: DTZ001 - as the library wants it


def main() -> None:
    parser = reading.options()
    parser.add_argument("--dayfirst", action="store_true")
    asked = parser.parse_args()

    def date(raw: str) -> str:
        return parse(raw, default=DEFAULT, dayfirst=asked.dayfirst).date().isoformat()

    def instant(raw: str) -> str | None:
        found = parse(raw, default=DEFAULT, dayfirst=asked.dayfirst)
        if found.tzinfo is None:
            return None  # no moment, and it says so
        return found.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    reading.run(asked, {"date": date, "instant": instant})


if __name__ == "__main__":
    main()
