"""Remit, with or without what an extra brings."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import finding

TYPES = {"CARD": "CREDIT_CARD", "IPADDR": "IP", "MACADDR": "MAC", "WALLET": "CRYPTO"}
NATIONAL = "NATIONAL_ID"


def main() -> None:
    """Run it; a library that is named as missing cannot be imported, as if never installed."""
    parser = finding.options()
    parser.add_argument("--without", action="append", default=[])
    parser.add_argument("--recogniser", action="append", default=[])
    asked = parser.parse_args()
    for name in asked.without:
        sys.modules[name] = None  # type: ignore[assignment]
    from remit.intake.detect import Known, find
    from remit.intake.plugins import PLUGINS

    PLUGINS.use(asked.recogniser)

    def found(text: str) -> list[finding.Find]:
        return [(one.start, one.end, _type(one.type, one.label), one.score) for one in find(text)]

    def found_known(text: str, values: list[finding.Value]) -> list[finding.Find]:
        known = [Known.of(*value) for value in values]
        return [(one.start, one.end, one.type, one.score) for one in find(text, known=known)]

    finding.run(asked, found, found_known)


def _type(type: str, label: str) -> str:
    if type == "NATID":
        return label if label in ("US_SSN", "DOCUMENT") else NATIONAL
    if type == "HEALTHID":
        return label
    return TYPES.get(type, type)


if __name__ == "__main__":
    main()
