"""Take values out of logs and errors, with no way back."""

from remit.intake.detect import Finding, find

ROUNDS_MAX = 3
TEXT_CHARACTERS_MAX = 262_144
DROPPED = "[content dropped]"
LOOPBACK = frozenset({"127.0.0.1", "0.0.0.0", "::1"})  # noqa: S104 - to be said, not bound


def scrub(text: str) -> str:
    """Return the text with each find as its kind in brackets, such as `[EMAIL]`.

    Holds no state. Whatever goes wrong, the content is dropped and nothing is raised.
    """
    if len(text) > TEXT_CHARACTERS_MAX:
        return DROPPED
    try:
        for _ in range(ROUNDS_MAX):
            if not (findings := _findings(text)):
                return text
            for finding in reversed(findings):
                text = f"{text[: finding.start]}[{finding.type}]{text[finding.end :]}"
        return DROPPED if _findings(text) else text
    except Exception:  # noqa: BLE001 - a log record keeps its envelope and loses its content
        return DROPPED


def _findings(text: str) -> list[Finding]:
    """Return what is to be taken out; the address of this machine alone is nobody's."""
    return [one for one in find(text) if text[one.start : one.end] not in LOOPBACK]
