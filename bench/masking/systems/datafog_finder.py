"""datafog with its patterns."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import finding
from datafog.processing.text_processing.regex_annotator.regex_annotator import RegexAnnotator

TYPES = {"IP_ADDRESS": "IP", "SSN": "US_SSN", "PHONE": "PHONE"}


def main() -> None:
    """Run it."""
    asked = finding.options().parse_args()
    annotator = RegexAnnotator()

    def found(text: str) -> list[finding.Find]:
        _, result = annotator.annotate_with_spans(text)
        return [(one.start, one.end, TYPES.get(one.label, one.label), 1.0) for one in result.spans]

    finding.run(asked, found)


if __name__ == "__main__":
    main()
