"""Pages and tables in Markdown."""

from collections.abc import Sequence

NOTE = "<!-- Written by `make docs` from {source}; change that. -->"


def page(title: str, source: str, *parts: str) -> str:
    """Return a page that says what it is written from."""
    return "\n\n".join([f"# {title}", NOTE.format(source=source), *parts]) + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; a cell may hold any text of one line."""
    lines: list[Sequence[object]] = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in row) + " |" for row in lines)


def _cell(cell: object) -> str:
    return str(cell).replace("|", "\\|")
