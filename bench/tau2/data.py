"""Where the tau2 data is, and how it is read; it is MIT and never copied into the project."""

import gzip
import json
import os
import tomllib
from pathlib import Path
from typing import Any

from bench.places import ROOT

HOME = Path(os.environ.get("TAU2_DATA") or ROOT.parent / "shared" / "data" / "cases" / "tau2")


class NoDataError(Exception):
    """The data is not here; the text names the folder."""


def folder() -> Path:
    """Return the folder of the data; raises `NoDataError` naming it."""
    if not (HOME / "LICENSE").is_file():
        raise NoDataError(
            f"the tau2 data is not here: `{HOME}` is missing; set `TAU2_DATA` to where it is"
        )
    return HOME


def read(name: str) -> Any:
    """Return one file of the data: JSON, gzip or not, or TOML."""
    path = folder() / name
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if path.suffix == ".toml":
        return tomllib.loads(content.decode())
    return json.loads(content)
