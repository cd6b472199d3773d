"""Markdown tables with columns of equal width."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table; rows may be shorter than the head."""

    title: str
    head: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def __str__(self) -> str:
        whole = [self.head, *(row + ("",) * (len(self.head) - len(row)) for row in self.rows)]
        widths = [
            max(len(row[column]) for row in whole if not row[column].startswith("not run"))
            for column in range(len(self.head))
        ]
        lines = ["| " + " | ".join(_cells(row, widths)) + " |" for row in whole]
        rule = [
            f"| {'-' * width} |" if column == 0 else f" {'-' * (width - 1)}: |"
            for column, width in enumerate(widths)
        ]
        return "\n".join([f"**{self.title}**", "", lines[0], "".join(rule), *lines[1:], ""])


def number(value: float, digits: int) -> str:
    """Return a figure as it is printed."""
    return f"{value:,.{digits}f}"


def _cells(row: tuple[str, ...], widths: list[int]) -> list[str]:
    return [
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
