"""Sphinx: the pages in their four kinds, built by `make docs`."""

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Remit"
author = "The Remit authors"
copyright = "The Remit authors; Apache-2.0"  # noqa: A001 - Sphinx reads this name
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Remit"
nitpicky = True


def setup(app: Sphinx) -> None:
    """Show diagrams as they are written: a page loads nothing from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
