"""What one case keeps and another reads keeps its label: a way through a record raises nothing."""

from pathlib import Path

import pytest

from tests.projects import Small, found, send, standing

pytestmark = pytest.mark.anyio

# The first case keeps what a stranger wrote in the record; the second takes it for an order's id.
KEEP_THEN_TAKE = """
order = await run.read(get_order, order_id=case.order_id)
if case.amount is None:
    await run.act(note, text=case.message)
    return "kept"
await run.act(pay, order_id=order.note, amount=case.amount)
"""


async def test_a_strangers_words_prove_nothing_after_a_way_through_our_own_record(
    tmp_path: Path,
) -> None:
    small = Small(folder=tmp_path)
    async with small.open(KEEP_THEN_TAKE) as remit:
        first = await send(remit, message="7")
        assert standing(remit, first)[0] == "closed"
        (kept,) = small.tape.effects()
        assert isinstance(kept.arguments, dict)
        small.order["note"] = kept.arguments[
            "text"
        ]  # the other system gives back what it was given
        small.order["id"] = "8"

        second = await send(remit, order_id="8", amount="5 EUR", message="pay")

        assert standing(remit, second) == ("parked", "approval")
        (decided,) = found(remit, second, "policy:action:decided")
        assert "sources.different" in decided.body["codes"]
    assert small.performed() == ["note"]


async def test_a_record_that_such_words_choose_proves_nothing_either(tmp_path: Path) -> None:
    """The value is right; that a stranger's words chose the record is what is remembered."""
    small = Small(folder=tmp_path)
    body = """
    order = await run.read(get_order, order_id="7")
    chosen = await run.read(get_order, order_id=order.note)
    await run.act(pay, order_id=chosen.id, amount=case.amount)
    """
    small.order["note"] = "8"
    async with small.open(body) as remit:
        case_id = await send(remit, order_id="7", amount="5 EUR")
        assert standing(remit, case_id) == ("parked", "approval")
        (decided,) = found(remit, case_id, "policy:action:decided")
        assert "sources.untrusted_selection" in decided.body["codes"]
    assert small.performed() == []
