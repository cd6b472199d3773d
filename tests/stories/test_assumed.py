"""Money does not move by itself on a reading that something was taken for granted for."""

from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import Verdict
from remit.domain.value import Json
from tests.projects import OLGA, Small, found, only_waiting, result, send, states, waiting

pytestmark = pytest.mark.anyio

BILLS = """
class Wish(Case):
    amount: Money
    due: Date
    sender: Email | None = None


@desk.derive
def with_fee(amount: Annotated[Money, Source.case("amount")]) -> Money:
    return amount


@desk.derive
def late(due: Annotated[Date, Source.case("due")]) -> int:
    return due.toordinal()


@desk.action(risk="money", undo=take_back, says="Settle {amount}, due {due}", facts=[late])
async def settle(
    amount: Annotated[Money, Source.tool("with_fee", "value")],
    due: Annotated[Date, Source.case("due")],
) -> Done:
    made = await tape.perform("pay", amount=str(amount), due=str(due))
    return Done.model_validate(made)


@desk.action(risk="low", undo=take_back, says="Note {due}")
async def jot(due: Annotated[Date, Source.case("due")]) -> Done:
    return Done.model_validate(await tape.perform("note", due=str(due)))

"""
SETTLE = """
await run.derive(late, due=case.due)
amount = await run.derive(with_fee, amount=case.amount)
await run.act(settle, amount=amount, due=case.due)
return "settled"
"""
DUE = "the order of day and month was taken from the workflow's locale"
DECIMALS = "which mark separates the decimals was taken from the workflow's locale"


@pytest.fixture(params=["sqlite", "postgresql"])
def bills(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A desk that pays bills by itself, on each database."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return desk(tmp_path, database=database)


def desk(folder: Path, *, locale: str = "de_DE", body: str = SETTLE, **more: object) -> Small:
    made = Small(
        folder=folder, granted=("settle", "jot"), permitted=("settle", "jot"), **more  # type: ignore[arg-type]
    )  # fmt: skip
    made.write(body, more=BILLS)
    place = folder / "project" / "remit.toml"
    place.write_text(f'locale = "{locale}"\n{place.read_text()}' if locale else place.read_text())
    return made


def told(remit: Remit, case_id: str) -> Json:
    """Return the facts that the gate was told first, as its entry keeps them."""
    facts = found(remit, case_id, "policy:action:decided")[0].payloads["facts"]
    assert isinstance(facts, dict)
    return facts["facts"]


async def test_what_is_certain_runs_and_what_is_assumed_is_held_in_words(bills: Small) -> None:
    """The same action twice: `13/04` has one reading, `03/04` one only where we are."""
    async with bills.open() as remit:
        sure = await send(remit, amount="12.00 EUR", due="13/04/2026")
        assert result(remit, sure) == "settled"
        assert found(remit, sure, "intake:case:received")[0].body["assumptions"] == []

        assumed = await send(remit, amount="1.234 EUR", due="03/04/2026")
        row = only_waiting(remit)
        card = remit.approval(row.approval_id, person=OLGA).card
        assert [(one.code, one.sentence) for one in card.reasons] == [
            ("sources.assumed", f"amount rests on an assumption: {DECIMALS}"),
            ("sources.assumed", f"due rests on an assumption: {DUE}"),
            ("sources.assumed",
             f"late, which the rules weigh, rests on an assumption: {DUE} (in due)"),
        ]  # fmt: skip
        assert [change.assumptions for change in card.changes] == [
            (f"{DECIMALS} (de_DE)",), (f"{DUE} (de_DE)",),
        ]  # fmt: skip
        facts = told(remit, assumed)
        assert isinstance(facts, dict)
        assert facts["assumed_facts"] == {"late": ["due:day_first_locale"]}
        assert isinstance(facts["proofs"], list)
        assert [one["assumptions"] for one in facts["proofs"] if isinstance(one, dict)] == [
            ["amount:separators_by_locale"], ["due:day_first_locale"],
        ]  # fmt: skip

        await testing.decide(remit, row.approval_id, person=OLGA)
        await remit.settled()
        assert result(remit, assumed) == "settled"
        assert bills.performed() == ["pay", "pay"]


async def test_what_moves_no_money_runs_on_an_assumption(tmp_path: Path) -> None:
    small = desk(tmp_path, body="await run.act(jot, due=case.due)\nreturn 'noted'")
    async with small.open() as remit:
        case_id = await send(remit, amount="12.00 EUR", due="03/04/2026")
        assert result(remit, case_id) == "noted"
        assert small.performed() == ["note"]


async def test_a_reading_that_a_person_picked_is_no_assumption_any_more(bills: Small) -> None:
    """Only of the field that they settled: the other still rests on the locale."""
    home = bills.folder / "project" / "remit.toml"
    home.write_text(home.read_text().replace("de_DE", "de"))
    async with bills.open() as remit:
        case_id = await send(remit, amount="12.00 EUR", due="03/04/2026")
        assert remit.case(case_id).row.status == "quarantined"
        await remit.release(case_id, person=OLGA, corrections={}, choices={"due": "2026-04-03"})
        await remit.settled()
        assert result(remit, case_id) == "settled"

        typed = await send(remit, amount="12.00 EUR", due="04/03/2026")
        await remit.release(typed, person=OLGA, corrections={"due": "2026-03-04"})
        await remit.settled()
        assert result(remit, typed) == "settled"


async def test_a_value_that_an_approver_typed_rests_on_their_word(tmp_path: Path) -> None:
    """An edit confirms the reading of what it touches; what it leaves is still assumed."""
    small = desk(tmp_path)
    async with small.open() as remit:
        case_id = await send(remit, amount="12.00 EUR", due="03/04/2026")
        row = only_waiting(remit)
        await testing.decide(
            remit, row.approval_id, person=OLGA, verdict=Verdict.EDIT,
            edits={"due": "2026-03-04"},
        )  # fmt: skip
        await remit.settled()
        again = remit.approval(only_waiting(remit).approval_id, person=OLGA).card
        said = {one.code: one.sentence for one in again.reasons}
        assert "due rests" not in said.get("sources.assumed", "")
        assert ("settle", "held") in states(remit, case_id)


async def test_an_owners_rule_may_forbid_what_rests_on_one_ground(tmp_path: Path) -> None:
    rule = (
        '@id("no-locale") @says("Nothing is paid on our own habits") @owner("olga") '
        '@since("2026-11-01")\nforbid (principal, action == Action::"small-desk.settle", resource)'
        ' when { context.assumptions.due.contains("day_first_locale") };\n'
    )
    small = desk(tmp_path, policy=rule)
    async with small.open() as remit:
        case_id = await send(remit, amount="12.00 EUR", due="03/04/2026")
        assert waiting(remit) == ()
        assert states(remit, case_id) == [("settle", "denied")]
