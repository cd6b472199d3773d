"""The same `03/04/2025`, read by what is known around it: accepted, assumed, or set aside."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from remit.cli import main as cli
from remit.domain.value import Json
from remit.errors import SettingsError
from remit.intake import senders
from tests.projects import NAME, OLGA, Small, found, only_waiting, result, send
from tests.stories.test_assumed import BILLS, SETTLE

pytestmark = pytest.mark.anyio

DAY = "03/04/2025"
DIRECTORY = "who,country\nana@example.com,GB\n@example.us,US\n@example.de,DE\n"
SENDERS = '\n[workflow.senders]\nfile = "senders.csv"\nowner = "olga"\n'


@pytest.fixture(params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Small:
    """A desk with a directory of senders, on each database."""
    database = request.getfixturevalue("postgres_url") if request.param == "postgresql" else None
    return made(tmp_path, database=database, settings=SENDERS)


def made(folder: Path, *, locale: str = "", more: str = BILLS, **given: object) -> Small:
    small = Small(folder=folder, granted=("settle",), permitted=("settle",), **given)  # type: ignore[arg-type]
    small.files = {"senders.csv": DIRECTORY}
    small.write(SETTLE, more=more)
    place = folder / "project" / "remit.toml"
    place.write_text(f'locale = "{locale}"\n{place.read_text()}' if locale else place.read_text())
    return small


def read(remit: Remit, case_id: str) -> tuple[Json, ...]:
    """Return how the day was read, on which ground, and the evidence that its entry keeps."""
    (entry,) = [one for one in remit.entries(case_id) if one.event.startswith("intake:case:rec")]
    kept = entry.payloads.get("grounds")
    evidence = kept.get("evidence") if isinstance(kept, dict) else None
    fields = entry.payloads["fields"]
    assert isinstance(fields, dict)
    return fields["due"], entry.body["assumptions"], evidence


def codes(remit: Remit, case_id: str) -> Json:
    """Return why a message waits."""
    (entry,) = found(remit, case_id, "intake:case:quarantined")
    return entry.body["codes"]


async def test_the_senders_country_comes_from_the_directory_and_is_recorded(desk: Small) -> None:
    """By the address, by its domain; who is in no directory is nowhere."""
    async with desk.open() as remit:
        ana = await send(remit, amount="12.00 EUR", due=DAY, sender="Ana <ANA@example.com>")
        day, assumed, evidence = read(remit, ana)
        assert (day, assumed) == (
            "2025-04-03", ["due:day_first_country", "sender:display_name_split"],
        )  # fmt: skip
        assert isinstance(evidence, dict)
        said = str(evidence["due:day_first_country"])
        assert said.startswith("GB, by the directory senders.csv (")
        assert said.endswith("), by the field sender")

        bob = await send(remit, amount="12.00 EUR", due=DAY, sender="bob@example.us")
        day, assumed, evidence = read(remit, bob)
        assert (day, assumed) == ("2025-03-04", ["due:month_first_country"])
        assert "by the domain in the field sender" in str(evidence)

        for sender in ("eve@example.org", "eve@sub.example.us", "eve@notexample.us"):
            unknown = await send(remit, amount="12.00 EUR", due=DAY, sender=sender)
            assert codes(remit, unknown) == ["date.order_ambiguous"]
        sure = await send(remit, amount="12.00 EUR", due="13/04/2025", sender="bob@example.us")
        assert read(remit, sure) == ("2025-04-13", [], None)
        assert remit.counts()["balance"] == 0
        assert remit.counts()["received"] == 6
        assert remit.counts()["quarantined"] == 3


async def test_the_evidence_stands_on_the_card_and_in_the_cases_timeline(desk: Small) -> None:
    async with desk.open() as remit:
        case_id = await send(remit, amount="12.00 EUR", due=DAY, sender="ana@example.com")
        card = remit.approval(only_waiting(remit).approval_id, person=OLGA).card
        (change,) = [one for one in card.changes if one.name == "due"]
        (said,) = change.assumptions
        assert said.startswith(
            "the order of day and month was taken from the sender's country (GB, by the directory"
        )
        told = [
            value for line in remit.case(case_id).timeline.lines
            for label, value in line.detail if label == "assumed"
        ]  # fmt: skip
        assert told == [f"due: {said}"]
        await testing.decide(remit, only_waiting(remit).approval_id, person=OLGA)
        await remit.settled()
        assert result(remit, case_id) == "settled"


async def test_two_grounds_that_disagree_are_a_conflict_not_a_vote(tmp_path: Path) -> None:
    """Country against locale; where they agree the stronger one is named."""
    small = made(tmp_path, locale="en_US", settings=SENDERS)
    async with small.open() as remit:
        torn = await send(remit, amount="12.00 EUR", due=DAY, sender="ana@example.com")
        assert codes(remit, torn) == ["field.conflict"]
        one = await send(remit, amount="12.00 EUR", due=DAY, sender="bob@example.us")
        assert read(remit, one)[1] == ["due:month_first_country"]
        other = await send(remit, amount="12.00 EUR", due=DAY, sender="cy@example.org")
        day, assumed, evidence = read(remit, other)
        assert (day, assumed) == ("2025-03-04", ["due:month_first_locale"])
        assert evidence == {"due:month_first_locale": "en_US"}


async def test_a_declared_format_is_no_assumption_whatever_else_is_known(tmp_path: Path) -> None:
    declared = BILLS.replace("due: Date\n", 'due: Annotated[Date, Format(date="day_first")]\n')
    small = made(tmp_path, locale="en_US", settings=SENDERS, more=declared)
    async with small.open() as remit:
        case_id = await send(remit, amount="12.00 EUR", due=DAY, sender="bob@example.us")
        assert read(remit, case_id) == ("2025-04-03", [], None)
        assert result(remit, case_id) == "settled"


# -- columns: real runs of `remit run` -----------------------------------------------------------


def rows(first: Sequence[str], *, filler: str = "13/04/2025", total: int = 24) -> list[str]:
    """Return the days of a column: these, then as many of the filler as are missing."""
    return [*first, *[filler] * (total - len(first))]


def ran(small: Small, days: Sequence[str], name: str, **same: str) -> Path:
    """Run a file of these days through the desk, by the command; return the file."""
    place = small.folder / name
    table = [{"id": str(n), "amount": "12.00 EUR", "due": day, **same}
             for n, day in enumerate(days)]  # fmt: skip
    if name.endswith(".csv"):
        with place.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, fieldnames=list(table[0]))
            writer.writeheader()
            writer.writerows(table)
    else:
        place.write_text("".join(f"{json.dumps(row)}\n" for row in table))
    project = str(small.folder / "project")
    assert cli.main(["--project", project, "run", NAME, "--input", str(place)]) == 0
    return place


def first_of(small: Small, capsys: pytest.CaptureFixture[str]) -> Mapping[str, Json]:
    """Return the case of the first row, as the command shows it."""
    project = str(small.folder / "project")
    capsys.readouterr()
    cli.main(["--project", project, "cases", "--limit", "1000", "--json"])
    case = json.loads(capsys.readouterr().out)[-1]
    cli.main(["--project", project, "cases", "show", case["case_id"], "--json"])
    shown = json.loads(capsys.readouterr().out)
    return {"status": case["status"], "reason": case["reason"], **shown}


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl"])
def test_a_column_of_twenty_values_proves_the_order_of_its_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The first row is read by what stands below it; the evidence is counted, and kept."""
    small = made(tmp_path)
    ran(small, rows([DAY]), name)
    case = first_of(small, capsys)
    assert case["fields"]["due"] == "2025-04-03"
    said = str(case["timeline"]["lines"][0]["detail"])
    assert "due: the order of day and month was taken from the other values of its column" in said
    assert "of 24 values in the column 23 read only as day first, and none the other way" in said


@pytest.mark.parametrize(
    ("days", "why"),
    [
        (rows([DAY], total=19), "one too few"),
        (rows([DAY, "04/13/2025"]), "one against it"),
        (rows([DAY], filler="04/05/2025"), "none that reads one way only"),
        (rows([DAY], filler="next week"), "no dates in digits"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_column_that_proves_nothing_leaves_the_doubt(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], days: list[str], why: str
) -> None:
    small = made(tmp_path)
    ran(small, days, "rows.csv")
    case = first_of(small, capsys)
    assert (case["status"], case["reason"]) == ("quarantined", "date.order_ambiguous"), why


def test_a_column_and_a_country_that_disagree_set_the_message_aside(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = made(tmp_path, settings=SENDERS)
    ran(small, rows([DAY]), "rows.csv", sender="bob@example.us")
    case = first_of(small, capsys)
    assert (case["status"], case["reason"]) == ("quarantined", "field.conflict")


async def test_a_released_message_is_read_by_the_column_that_it_came_in(tmp_path: Path) -> None:
    """One field is picked; the other stays read as its column proved it, and still assumed."""
    small = made(tmp_path)
    days = rows([DAY])
    place = small.folder / "rows.jsonl"
    table = [{"id": str(n), "amount": "1.234 EUR" if n == 0 else "12 EUR", "due": day}
             for n, day in enumerate(days)]  # fmt: skip
    place.write_text("".join(f"{json.dumps(row)}\n" for row in table))
    async with small.open() as remit:
        from remit.intake.columns import Column
        from remit.intake.evidence import Around
        from remit.intake.outcome import Kind

        column = Column()
        for day in days:
            column.add(Kind.DATE, day)
        around = Around(columns={"due": column.proven()}, said={"due": column.evidence()})
        admitted = remit.admit(NAME, table[0], channel="file", around=around)
        case_id = remit.submit(admitted).result().value.case_id
        assert codes(remit, case_id) == ["amount.separator_ambiguous"]
        (doubt,) = remit.quarantined(case_id).reasons
        pick = next(one.shown for one in doubt.offers if not one.blocked)
        await remit.release(case_id, person=OLGA, corrections={}, choices={"amount": pick})
        await remit.settled()
        (entry,) = found(remit, case_id, "intake:case:released")
        assert entry.body["assumptions"] == ["due:day_first_column"]
        assert "23 read only as day first" in str(entry.payloads["grounds"])
        reasons = remit.approval(only_waiting(remit).approval_id, person=OLGA).card.reasons
        assert {one.code for one in reasons} == {"sources.assumed"}
        assert all("amount rests" not in one.sentence for one in reasons)


@pytest.mark.parametrize(
    ("declared", "content", "said"),
    [
        ({"file": "s.csv"}, DIRECTORY, "needs `owner`"),
        ({"owner": "olga"}, DIRECTORY, "needs `file`"),
        ({"file": "s.csv", "owner": "nobody"}, DIRECTORY, "who is nobody"),
        ({"file": "s.csv", "owner": "olga", "by": "x"}, DIRECTORY, "which is no field"),
        ({"file": "s.csv", "owner": "olga", "at": "x"}, DIRECTORY, "knows no `at`"),
        ({"file": "none.csv", "owner": "olga"}, DIRECTORY, "cannot be read"),
        ({"file": "s.csv", "owner": "olga"}, "a,b\n", "does not begin with"),
        ({"file": "s.csv", "owner": "olga"}, "who,country\na@b.example,Germany\n", "line 2"),
        ({"file": "s.csv", "owner": "olga"}, "who,country\na,DE\nA,FR\n", "another country"),
        ({"file": "s.csv", "owner": "olga"}, "who,country\n,DE\n", "two columns"),
    ],
    ids=range(10),
)
def test_a_directory_that_is_none_is_refused_by_name_and_repeats_nobody(
    tmp_path: Path, declared: dict[str, str], content: str, said: str
) -> None:
    (tmp_path / "s.csv").write_text(content)
    with pytest.raises(SettingsError, match=said) as caught:
        senders.load(tmp_path, declared, people={"olga"}, fields={"sender"})
    assert "a@b.example" not in str(caught.value)
