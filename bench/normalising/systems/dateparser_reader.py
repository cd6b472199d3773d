"""dateparser: as it comes, or strict with languages named."""

import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

import dateparser

from bench.normalising import reading

BASE = datetime(2025, 3, 4, 12)  # noqa: DTZ001 - as the library wants it
NAMED = "en de fr pl es it nl pt sv da fi cs sk hu ro ru uk tr el bg hr".split()


def main() -> None:
    parser = reading.options()
    parser.add_argument("--strict", action="store_true")
    asked = parser.parse_args()
    settings = {"RELATIVE_BASE": BASE, "STRICT_PARSING": asked.strict}
    languages = NAMED if asked.strict else None

    def date(raw: str) -> str | None:
        found = dateparser.parse(raw, languages=languages, settings=settings)
        return None if found is None else found.date().isoformat()

    def instant(raw: str) -> str | None:
        found = dateparser.parse(raw, languages=languages, settings=settings)
        if found is None or found.tzinfo is None:
            return None
        return found.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

    reading.run(asked, {"date": date, "instant": instant})


if __name__ == "__main__":
    main()
