"""Import in a parent what its children import: most of the life of one that is killed soon."""

import contextlib
import gc
import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path


def preload(folder: Path, life: Callable[[], object]) -> None:
    """Live once in a child, then import here whatever that child had imported."""
    folder.mkdir(parents=True, exist_ok=True)
    names = folder / "modules"
    child = os.fork()
    if child == 0:
        try:
            life()
            names.write_text("\n".join(sorted(sys.modules)))
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    for name in names.read_text().split("\n"):
        with contextlib.suppress(ImportError):  # a project's own module is loaded by its path
            importlib.import_module(name)
    gc.freeze()
