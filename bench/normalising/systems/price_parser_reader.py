"""price-parser, as it comes; it says an amount and a sign, so only the amount is compared."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from price_parser import Price

from bench.normalising import reading


def money(raw: str) -> str | None:
    amount = Price.fromstring(raw).amount
    return None if amount is None else f"{amount:f}"


if __name__ == "__main__":
    reading.run(reading.options().parse_args(), {"money": money})
