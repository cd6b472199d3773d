"""The fifty requirements on safety, with the tests that show them."""

from pages.markdown import page, table
from tests.security.checklist import CHECKLIST, SECTIONS, Requirement, numbered


def security_page() -> str:
    """Return each requirement with its tests, those that go deeper, and what is open."""
    shown = numbered()
    of = {one.number: one for one in CHECKLIST}
    parts = [
        f"## {title}\n\n"
        + table(
            ["", "requirement", "shown by", "in depth"],
            [_row(of[number], shown.get(number, [])) for number in numbers],
        )
        for title, numbers in SECTIONS.items()
    ]
    done = sum(1 for one in CHECKLIST if not one.lacks)
    return page(
        "Security checklist",
        "tests/security/checklist.py",
        f"{done} of {len(CHECKLIST)} requirements have a test that carries their number; the "
        "others say what is not built yet, here and in [what Remit is bad at](../critiques.md). "
        "A test shows the requirement through a public door; `in depth` names where the same "
        "thing is driven further: by properties, crashes, attacks or a real browser. Run them "
        "with:",
        "```text\n.venv/bin/python -m pytest tests/security -v\n```",
        *parts,
    )  # fmt: skip


def _row(one: Requirement, tests: list[tuple[str, str]]) -> list[object]:
    shown = "<br>".join(f"`{file}::{name}`" for file, name in tests)
    deeper = "<br>".join(f"`{name.removeprefix('tests/')}`" for name in one.also)
    return [one.number, one.title, shown or f"open: {one.lacks}", deeper]
