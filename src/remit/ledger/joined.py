"""The stand-alone verifier as one file: the modules that judge, joined in their order."""

import ast
from pathlib import Path
from typing import Final

MODULES: Final = (
    "merkle", "checkpoint", "cosignature", "timestamp", "inclusion", "leaf", "pruned",
    "recovered", "successions", "judge", "files", "outside", "exported", "verdict", "silence",
    "lent", "actions", "signed_rules", "semantics", "standalone",
)  # fmt: skip
GO: Final = "verifier.go"
_OURS: Final = "remit."
_FOLDER: Final = Path(__file__).parent


def python_source() -> str:
    """Return the whole verifier: it needs Python and `cryptography`, and nothing of Remit."""
    parts = [_docstring("standalone")]
    parts += [f"# -- {name} --\n\n{_body(name)}" for name in MODULES]
    return "\n\n".join(parts)


def go_source() -> str:
    """Return the verifier in Go, on the tree and notes of Go's own checksum database."""
    return (_FOLDER / GO).read_text()


def _text(name: str) -> str:
    return (_FOLDER / f"{name}.py").read_text()


def _docstring(name: str) -> str:
    return f'"""{ast.get_docstring(ast.parse(_text(name)))}\n"""'


def _body(name: str) -> str:
    """Return a module without its docstring and what it imports of ours."""
    text = _text(name)
    tree = ast.parse(text)
    lines = text.split("\n")
    gone = [tree.body[0]] + [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_OURS)
    ]
    for node in reversed(gone):
        del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip("\n") + "\n"
