"""A small desk for each test of a requirement."""

from pathlib import Path

import pytest

from tests.projects import Small


@pytest.fixture
def small(tmp_path: Path) -> Small:
    """A small desk on SQLite with nothing written yet."""
    return Small(folder=tmp_path)
