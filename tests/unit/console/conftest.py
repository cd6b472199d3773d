"""A desk of the gallery for each test."""

from collections.abc import Iterator

import pytest

from tests.browser.desk import Desk, at_the_desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Yield a client at which A. Weber is signed in."""
    with at_the_desk() as made:
        yield made
