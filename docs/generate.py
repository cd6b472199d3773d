"""Write the reference pages that follow from code; `--check` only says which are out of date."""

import sys
from collections.abc import Callable
from pathlib import Path

DOCS = Path(__file__).parent
# The pages show this checkout, installed or not.
sys.path[:0] = [str(DOCS.parent / "src"), str(DOCS), str(DOCS.parent)]

from pages import decisions, security, surface, vocabulary  # noqa: E402 - the path comes first

PAGES: dict[str, Callable[[], str]] = {
    "commands.md": surface.commands_page,
    "errors.md": vocabulary.errors_page,
    "events.md": vocabulary.events_page,
    "gate-reasons.md": decisions.gate_reasons_page,
    "lifecycles.md": vocabulary.lifecycles_page,
    "names.md": surface.names_page,
    "reasons.md": vocabulary.reasons_page,
    "rules.md": vocabulary.rules_page,
    "security.md": security.security_page,
    "settings.md": surface.settings_page,
}


def main() -> int:
    """Write the pages, or with `--check` return 1 and name those that differ."""
    pages = {DOCS / "reference" / name: page() for name, page in PAGES.items()}
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv[1:]:
        for path in stale:
            print(f"`{path.relative_to(DOCS.parent)}` is out of date: run `make docs`")
        return 1 if stale else 0
    for path in stale:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(pages[path])
        print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
