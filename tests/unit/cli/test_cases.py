"""`remit cases`: lists, one case as text, and what a person settles."""

from tests.helpdesk import Cli, folder, ran, remit  # noqa: F401 - fixtures


def of(remit: Cli, status: str) -> str:  # noqa: F811
    rows = remit.json("cases", "--status", status)
    return str(rows[0]["case_id"])


def json_of(remit: Cli, *arguments: str) -> list[dict[str, str]]:  # noqa: F811
    return list(remit.json("cases", *arguments))


def test_cases_are_listed_and_filtered(remit: Cli) -> None:  # noqa: F811
    assert len(json_of(remit)) == 5
    assert {row["status"] for row in json_of(remit, "--status", "parked")} == {"parked"}
    assert json_of(remit, "--workflow", "other") == []
    assert remit("cases", "--limit", "2") == 0
    assert len(remit.out.splitlines()) == 2
    assert "there are more" in remit.err


def test_a_case_is_told_from_message_to_what_it_waits_for(remit: Cli) -> None:  # noqa: F811
    case = of(remit, "parked")
    assert remit("cases", "show", case) == 0
    for said in ("received", "proposed", "Waits for a person", "remit approvals show"):
        assert said in remit.out
    plain = remit.out
    assert remit("cases", "show", case, "--technical") == 0
    assert len(remit.out) > len(plain)
    assert "entry: #1" in remit.out


def test_a_beginning_that_several_cases_share_is_refused(remit: Cli) -> None:  # noqa: F811
    assert remit("cases", "show", of(remit, "parked")[:6]) == 1
    assert "several cases begin with" in remit.err
    assert remit("cases", "show", "ffff") == 1
    assert "there is no case `ffff`" in remit.err


def test_an_escalated_case_is_closed_by_a_person(remit: Cli) -> None:  # noqa: F811
    case = of(remit, "escalated")
    assert remit("cases", "close", case, "--as", "me", "--note", "called the customer") == 0
    assert f"Case {case}: closed" in remit.out
    assert remit("cases", "close", case, "--as", "me", "--note", "again") == 1
    assert "\nerror: " in remit.err


def test_an_escalated_case_is_handed_back(remit: Cli) -> None:  # noqa: F811
    case = of(remit, "escalated")
    assert remit("cases", "hand-back", case, "--as", "me", "--note", "try again") == 0
    assert f"Case {case}: " in remit.out
    assert remit("ledger", "show", "--case", case) == 0
    assert "orchestration:case:reopened" in remit.out


def test_a_quarantined_message_is_discarded(remit: Cli) -> None:  # noqa: F811
    case = of(remit, "quarantined")
    assert remit("cases", "discard", case, "--as", "me", "--reason", "no message") == 0
    assert "closed (discarded)" in remit.out


def test_a_correction_is_written_as_field_and_value(remit: Cli) -> None:  # noqa: F811
    case = of(remit, "quarantined")
    assert remit("cases", "release", case, "--as", "me", "--set", "nothing") == 2
    assert "is not field=value" in remit.err


def test_nothing_is_settled_in_the_name_of_nobody(remit: Cli) -> None:  # noqa: F811
    assert remit("cases", "close", of(remit, "escalated"), "--as", "no", "--note", "x") == 1
    assert "`no` is nobody who may decide here" in remit.err
