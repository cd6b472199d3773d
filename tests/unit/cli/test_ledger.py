"""`remit ledger`: a verdict with its exit code, entries, and how it stands."""

from pathlib import Path

from remit.settings import read
from remit.store.database import open_database
from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


def test_an_untouched_record_is_intact_and_vouched_for_here_only(remit: Cli) -> None:  # noqa: F811
    assert remit("ledger", "verify") == 2
    assert "result    intact, not anchored outside this host" in remit.out
    assert "only this host vouches for it" in remit.out
    assert remit.json("ledger", "verify")["result"] == "intact"


def test_a_changed_byte_is_tampered_and_exit_1(remit: Cli, folder: Path) -> None:  # noqa: F811
    change(folder, "UPDATE entries SET leaf = CAST(leaf || ' ' AS BLOB) WHERE seq = 2")
    assert remit("ledger", "verify") == 1
    assert "result    tampered" in remit.out


def test_a_foreign_key_does_not_verify(remit: Cli) -> None:  # noqa: F811
    key = remit.json("ledger", "status")["public_key"]
    assert remit("ledger", "verify", "--key", key) == 2
    assert remit("ledger", "verify", "--key", "not a key") == 3


def test_entries_are_listed_without_their_content(remit: Cli) -> None:  # noqa: F811
    assert remit("ledger", "show", "--limit", "3") == 0
    assert remit.out.count("case ") == 3
    entries = remit.json("ledger", "show", "--limit", "1000")
    assert [one["position"] for one in entries] == list(range(len(entries)))
    assert remit.json("ledger", "status")["entries"] == len(entries)


def test_the_entries_of_one_case_are_in_order(remit: Cli) -> None:  # noqa: F811
    case = remit.json("cases")[0]["case_id"]
    entries = remit.json("ledger", "show", "--case", case)
    assert [one["seq"] for one in entries] == list(range(1, len(entries) + 1))
    assert {one["case_id"] for one in entries} == {case}


def test_the_anchors_are_listed_with_a_warning_while_this_host_is_alone(remit: Cli) -> None:  # noqa: F811
    assert remit("ledger", "anchors") == 2
    assert "local            file" in remit.out
    assert "anchors are kept on this host only" in " ".join(remit.out.split())
    found = remit.json("ledger", "anchors", "--ask")
    assert found["anchored"] == found["entries"] == found["sinks"][0]["entries"] > 0
    assert (found["tail_entries"], found["alarm"], found["fork"]) == (0, False, "")
    remit("ledger", "status")
    assert "set `ledger.anchors`" in " ".join(remit.out.split())


def test_an_older_backup_is_found_by_the_anchor_on_this_host(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    data = folder / ".remit"
    older = {one: one.read_bytes() for one in data.glob("remit.db*")}
    case = remit.json("cases", "--status", "escalated")[0]["case_id"]
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 0
    for one in data.glob("remit.db*"):
        one.unlink()
    for one, content in older.items():
        one.write_bytes(content)
    assert remit("ledger", "anchors") == 1
    assert "FORK" in remit.out
    assert remit("cases", "close", case, "--as", "me", "--note", "called") == 1
    assert "put back the newest copy of the database" in remit.err
    assert remit("cases") == 0  # reading goes on
    assert remit("ledger", "verify") == 1


def test_a_project_that_never_ran_says_how_to_begin(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    (folder / ".remit-keys" / "keys.json").unlink()
    assert remit("ledger", "verify") == 3
    assert "nothing was received here yet" in remit.err


def change(folder: Path, statement: str) -> None:  # noqa: F811
    database = open_database(f"sqlite:///{read(folder, {}).path('.remit/remit.db')}")
    try:
        writer = database.writer()
        writer.begin(write=True)
        assert writer.execute(statement) > 0
        writer.commit()
        writer.close()
    finally:
        database.close()


def test_an_export_is_judged_by_the_key_that_was_given(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    key = remit.json("ledger", "status")["public_key"]
    target = tmp_path / "audit.tar"
    assert remit("ledger", "export", "--to", str(target)) == 0
    assert key in remit.out
    assert remit("ledger", "verify", str(target)) == 3
    assert "never taken from what it judges" in remit.err
    assert remit("ledger", "verify", str(target), "--key", key) == 2
    anchor = read(folder, {}).path(".remit/anchor")
    assert remit("ledger", "verify", str(target), "--key", key, "--anchor", f"us={anchor}") == 0
    target.write_bytes(target.read_bytes().replace(b"intake:case", b"intake:cAse", 1))
    assert remit("ledger", "verify", str(target), "--key", key) == 1


def test_meaning_and_rows_are_judged_when_asked(remit: Cli, folder: Path) -> None:  # noqa: F811
    assert remit("ledger", "verify", "--semantic", "--projections") == 2
    assert "semantic  " in remit.out
    assert "0 differences" in remit.out
    change(folder, "UPDATE cases SET status = 'closed' WHERE status <> 'closed'")
    assert remit("ledger", "verify") == 2
    assert remit("ledger", "verify", "--projections") == 1
    assert "is not as the entries say (projections)" in remit.out


def test_entries_are_only_hashed_when_asked(remit: Cli, folder: Path) -> None:  # noqa: F811
    assert remit("ledger", "verify", "--tree") == 2
    assert "incomplete; tree, signatures and anchors fit, entries were not read" in remit.out
    assert remit("ledger", "verify", "--tree", "--semantic") == 3
    change(folder, "UPDATE entries SET leaf = CAST(leaf || ' ' AS BLOB) WHERE seq = 2")
    assert remit("ledger", "verify", "--tree") == 1
    assert "(tree)" in remit.out


def test_a_wrong_argument_is_no_verdict(remit: Cli) -> None:  # noqa: F811
    assert remit("ledger", "verify", "--nonsense") == 3
    assert remit("ledger", "verify", "--anchor", "nowhere") == 3


def test_one_entry_is_proven_in_two_files(remit: Cli, tmp_path: Path) -> None:  # noqa: F811
    target = tmp_path / "proof"
    assert remit("ledger", "prove", "3", "--to", str(target)) == 0
    assert remit("ledger", "prove", "3", "--to", str(target)) == 0  # the same files again
    assert sorted(path.name for path in target.iterdir()) == ["3.leaf", "3.tlog-proof"]
    assert remit("ledger", "prove", "999999", "--to", str(target)) != 0


def test_rows_are_compared_with_the_entries_and_put_right_on_demand(
    remit: Cli,  # noqa: F811
    folder: Path,  # noqa: F811
) -> None:
    """`--check` names what differs and ends with 1; without it a person has it put right."""
    assert remit("ledger", "rebuild", "--check") == 0
    assert "as the entries say" in remit.out
    change(folder, "UPDATE cases SET result = 'planted'")
    assert remit("ledger", "rebuild", "--check") == 1
    assert "result is 'planted', and " in remit.out
    found = remit.json("ledger", "rebuild", "--check")
    assert found["result"] == "different"
    assert {one["column"] for one in found["differences"]} == {"result"}
    assert remit("ledger", "rebuild", "--as", "nobody") == 2
    assert remit("ledger", "rebuild", "--as", "me") == 0
    assert "the rows are now those of the entries" in remit.out
    assert remit("ledger", "rebuild", "--check") == 0
