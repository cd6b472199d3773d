"""Closed lists: who may be in one, who answers for it, and what may take its values from it."""

from pathlib import Path

import pytest

from remit.errors import SettingsError
from tests.projects import Small, found, send, standing

SHIP = """
@desk.action(risk="{risk}", undo=take_back, says="Ship from {{where}}")
async def ship(where: Annotated[str, Source.directory("warehouses")]) -> Done:
    return Done.model_validate(await tape.perform("note", text=where))
"""
HANDLE = """
await run.read(get_order, order_id=case.order_id)
await run.act(ship, where=case.message)
"""
LISTED = """
[directories.warehouses]
owner = "olga"
values = ["north", "Ⅻ south"]
"""


@pytest.fixture
def small(tmp_path: Path) -> Small:
    small = Small(folder=tmp_path)
    small.granted = ("ship",)
    small.permitted = ("ship", "take_back")
    return small


@pytest.mark.anyio
async def test_a_member_runs_and_anything_else_is_held(small: Small) -> None:
    small.settings = LISTED
    async with small.open(HANDLE, more=SHIP.format(risk="money")) as remit:
        assert standing(remit, await send(remit, message="north"))[0] == "closed"
        assert standing(remit, await send(remit, message="North")) == ("parked", "approval")
        held = await send(remit, message="north pole")
        (decided,) = found(remit, held, "policy:action:decided")
        assert decided.body["codes"] == ["sources.not_a_member"]
    assert small.performed() == ["note"]


@pytest.mark.anyio
async def test_a_member_more_is_another_fingerprint(small: Small) -> None:
    """A grant that was earned with one list is not for another."""
    small.settings = LISTED
    async with small.open(HANDLE, more=SHIP.format(risk="money")) as remit:
        before = remit.equipment["small-desk"].fingerprint
    small.settings = LISTED.replace('"north"', '"north", "east"')
    small.granted = ()
    async with small.open(HANDLE, more=SHIP.format(risk="money")) as remit:
        assert remit.equipment["small-desk"].fingerprint != before
        assert standing(remit, await send(remit, message="east")) == ("parked", "approval")


@pytest.mark.anyio
async def test_a_file_holds_one_member_a_line(small: Small) -> None:
    small.settings = '[directories.warehouses]\nowner = "olga"\nfile = "lists/places.txt"\n'
    small.files = {"lists/places.txt": "# where we ship from\nnorth\n\n west end \n"}
    async with small.open(HANDLE, more=SHIP.format(risk="low")) as remit:
        assert standing(remit, await send(remit, message="west end"))[0] == "closed"
        assert standing(remit, await send(remit, message="# where we ship from"))[0] == "parked"


@pytest.mark.anyio
async def test_a_list_that_a_tool_fills_serves_an_action_of_risk_low(small: Small) -> None:
    small.settings = '[directories.warehouses]\nowner = "olga"\nfrom_tool = "get_order.note"\n'
    async with small.open(HANDLE, more=SHIP.format(risk="low")) as remit:
        assert standing(remit, await send(remit, message="nothing special"))[0] == "closed"
        assert standing(remit, await send(remit, message="else")) == ("parked", "approval")


@pytest.mark.parametrize(
    ("settings", "risk", "says"),
    [
        ("", "low", "which is not declared"),
        (LISTED.replace("olga", "nobody"), "low", "`nobody`, who is nobody"),
        (LISTED + 'file = "x"\n', "low", "exactly one"),
        ('[directories.warehouses]\nowner = "olga"\n', "low", "exactly one"),
        ('[directories.warehouses]\nowner = "olga"\nfile = "x.txt"\n', "low", "cannot be read"),
        ('[directories.warehouses]\nowner = "olga"\nvalues = [" "]\n', "low", "empty member"),
        (
            '[directories.warehouses]\nowner = "olga"\nfrom_tool = "get_order.name"\n', "low",
            "no field of a tool",
        ),
        (
            '[directories.warehouses]\nowner = "olga"\nfrom_tool = "get_order.note"\n', "normal",
            "only an action of risk low",
        ),
    ],
)  # fmt: skip
@pytest.mark.anyio
async def test_a_list_that_cannot_hold_anything_is_refused_before_it_runs(
    small: Small, settings: str, risk: str, says: str
) -> None:
    small.settings = settings
    with pytest.raises(SettingsError, match=says):
        async with small.open(HANDLE, more=SHIP.format(risk=risk)):
            pass
