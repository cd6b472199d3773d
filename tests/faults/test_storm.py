"""Several workers under one fault after the other, at random: no promise breaks."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import postgres
from tests.faults.lengths import Progress, times
from tests.faults.several import allow, desk
from tests.faults.storm import KINDS, Storm

pytestmark = [pytest.mark.anyio, pytest.mark.slow]
FAULTS = times(len(KINDS), long=49)
SEEDS = range(times(1, long=4))


@pytest.mark.parametrize("seed", SEEDS)
async def test_cases_close_by_themselves_after_a_storm_of_faults(
    tmp_path: Path, record_property: Callable[[str, object], None], seed: int
) -> None:
    if not postgres.available():
        postgres.url_for_tests(None)
    with postgres.server(durable=True) as server, desk(tmp_path, server.create()) as busy:
        async with busy.opened() as remit:
            await allow(remit, "note")
            storm = Storm(busy=busy, server=server, remit=remit, chance=random.Random(seed))
            found = await storm.blow(FAULTS, Progress(f"storm {seed}", FAULTS))
    assert found["faults"] == FAULTS
    for name, number in found.items():
        record_property(name, number)
