"""scrubadub with the detectors of two English locales."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import finding
import scrubadub

LOCALES = ("en_US", "en_GB")
TYPES = {
    "email": "EMAIL", "phone": "PHONE", "credit_card": "CREDIT_CARD", "url": "URL",
    "social_security_number": "US_SSN", "national_insurance_number": "NATIONAL_ID",
    "tax_reference_number": "NATIONAL_ID", "date_of_birth": "DOB",
}  # fmt: skip


def main() -> None:
    """Run it."""
    asked = finding.options().parse_args()
    scrubbers = [scrubadub.Scrubber(locale=locale) for locale in LOCALES]

    def found(text: str) -> list[finding.Find]:
        finds = {
            (filth.beg, filth.end, kind)
            for scrubber in scrubbers
            for merged in scrubber.iter_filth(text)
            for filth in getattr(merged, "filths", [merged])
            if (kind := TYPES.get(filth.type, filth.type.upper()))
        }
        return [(start, end, kind, 1.0) for start, end, kind in finds]

    finding.run(asked, found)


if __name__ == "__main__":
    main()
