"""Rules are asked by slice, and whatever errs is told."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from remit.domain.action import Integrity
from remit.domain.approval import Requirement
from remit.domain.decision import FiredForbid, Obligation
from remit.domain.money import Money
from remit.domain.value import Canonical, canonical
from remit.errors import PolicyLoadError
from remit.policy import cedar
from remit.policy.book import ask as asked
from remit.policy.request import PolicyRequest, attributes
from tests.rulebook import (
    PERMIT,
    SCOPE,
    TWO,
    WORKFLOW,
    ask,
    forbid,
    load,
    request,
    rule,
)


def test_a_permit_that_applies_allows_with_what_it_asks(tmp_path: Path) -> None:
    asks = "grace(seconds=60), notify(role=team-lead); review"
    answer = ask(tmp_path, rule(f"permit {SCOPE};", "may", asks))

    assert (answer.decision, answer.permits, answer.diagnostics) == ("allow", ("may",), ())
    assert answer.obligations == (
        Obligation(kind="grace", value="60"),
        Obligation(kind="notify", value="team-lead"),
        Obligation(kind="review", value=""),
    )


@pytest.mark.parametrize("folder", ["empty", "missing"])
def test_an_empty_or_missing_folder_is_a_book_in_which_no_rule_permits(
    tmp_path: Path, folder: str
) -> None:
    (tmp_path / "empty").mkdir()
    answer = asked(load(tmp_path / folder), request())

    assert (answer.loaded, answer.decision, answer.permits) == (True, "deny", ())
    assert answer.diagnostics == ()


def test_the_same_question_is_put_once_whichever_case_asks_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    book = load(tmp_path, PERMIT)
    chosen = book.slices[request().name]
    first = asked(book, replace(request(), case_id="c1"))
    monkeypatch.setattr(cedar.cedarpy, "is_authorized", None)

    assert asked(book, replace(request(), case_id="c2")) == first
    assert len(chosen.answers) == 1


def test_a_rule_that_names_a_case_is_asked_about_each(tmp_path: Path) -> None:
    only = forbid('principal == Case::"c1"')
    book = load(tmp_path, PERMIT, only)

    answers = [asked(book, replace(request(), case_id=name)) for name in ("c1", "c2", "c1")]
    assert [answer.decision for answer in answers] == ["deny", "allow", "deny"]


def test_an_answer_with_a_diagnostic_is_not_remembered(tmp_path: Path) -> None:
    book = load(tmp_path, PERMIT, forbid("context.args.amount + 9223372036854775807 > 1"))
    answer = asked(book, request())

    assert answer.diagnostics
    assert not book.slices[request().name].answers


def test_a_forbid_wins_and_the_permit_beside_it_is_told_too(tmp_path: Path) -> None:
    answer = ask(tmp_path, PERMIT, forbid("context.args.amount > 1000"))

    assert (answer.decision, answer.permits) == ("deny", ("may-refund",))
    assert answer.forbids == (FiredForbid(rule="the-rule", says="Because"),)


def test_a_forbid_alone_tells_that_nothing_permits(tmp_path: Path) -> None:
    answer = ask(tmp_path, forbid("context.args.amount > 1000"))

    assert (answer.decision, answer.permits) == ("deny", ())


def test_an_action_that_no_policy_knows_gets_no_decision(tmp_path: Path) -> None:
    unknown = PolicyRequest(workflow=WORKFLOW, action="pay", case_id="c1", arguments={})

    answer = asked(load(tmp_path, PERMIT), unknown)

    assert answer.decision is None
    assert "refund-desk.pay" in answer.diagnostics[0]


@pytest.mark.parametrize(
    ("approvers", "decision"),
    [
        ({}, "deny"),
        ({"refund-approver": {"a"}}, "deny"),
        ({"refund-approver": {"a", "b"}}, "allow"),
        ({"refund-approver": {"a"}, "approver": {"b"}}, "deny"),
        ({"refund-approver": {"a"}, "approver": {"a"}}, "deny"),
        ({"approver": {"a", "b"}}, "deny"),
    ],
)
def test_an_approve_rule_counts_only_people_with_its_role(
    tmp_path: Path, approvers: dict[str, set[str]], decision: str
) -> None:
    people = {role: frozenset(names) for role, names in approvers.items()}
    answer = ask(tmp_path, PERMIT, TWO, amount="600.00 EUR", approvers=people)

    assert answer.decision == decision
    assert [fired.requirement for fired in answer.forbids] == (
        [Requirement(people=2, role="refund-approver")] if decision == "deny" else []
    )


def test_an_escalating_forbid_says_so(tmp_path: Path) -> None:
    answer = ask(tmp_path, PERMIT, forbid("context.args.amount > 0", obligation="escalate"))

    assert [fired.escalate for fired in answer.forbids] == [True]


def test_rules_of_a_group_reach_its_actions_and_no_others(tmp_path: Path) -> None:
    text = rule('forbid (principal, action in Action::"money", resource);')
    book = load(tmp_path, text, rule("forbid (principal, action, resource);", "all"))
    reply = PolicyRequest(workflow=WORKFLOW, action="send_reply", case_id="c1", arguments={})

    assert [one.rule for one in asked(book, request()).forbids] == ["all", "the-rule"]
    assert [one.rule for one in asked(book, reply).forbids] == ["all"]


def test_an_overflow_in_a_forbid_beside_a_permit_is_told_though_the_engine_allows(
    tmp_path: Path,
) -> None:
    overflow = forbid("context.args.amount * 9223372036854775807 > 5")
    answer = ask(tmp_path, PERMIT, overflow, amount="600.00 EUR")

    assert answer.decision == "allow"
    assert answer.forbids == ()
    assert len(answer.diagnostics) == 1
    assert "the-rule" in answer.diagnostics[0]
    assert "overflow" in answer.diagnostics[0]


def test_an_overflow_only_while_nobody_has_agreed_is_told_as_well(tmp_path: Path) -> None:
    text = forbid("(1 - context.facts.approvals) * context.args.amount * 4611686018427387904 > 5")
    people = {"approver": frozenset({"a"})}
    answer = ask(tmp_path, PERMIT, text, approvers=people)

    assert answer.diagnostics


def test_a_missing_required_argument_is_no_decision(tmp_path: Path) -> None:
    answer = ask(tmp_path, PERMIT, arguments={"order_id": canonical("1007")})

    assert answer.decision is None
    assert "amount" in answer.diagnostics[0]


def test_a_number_beyond_64_bits_is_no_decision(tmp_path: Path) -> None:
    answer = ask(tmp_path, PERMIT, amount="92233720368547758.08 EUR")

    assert answer.decision is None
    assert answer.diagnostics == (
        "amount cannot be told to the rules: it does not fit into 64 bits",
    )


def test_the_largest_number_of_64_bits_is_fine(tmp_path: Path) -> None:
    assert ask(tmp_path, PERMIT, amount="92233720368547758.07 EUR").decision == "allow"


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"days": canonical("31")}, "days is of type text; integer is declared"),
        ({"net": canonical(Decimal("0.00001"))}, "net cannot be told to the rules: it is finer"),
    ],
)
def test_a_fact_of_another_type_or_too_fine_is_no_decision(
    tmp_path: Path, facts: dict[str, Canonical], said: str
) -> None:
    answer = ask(tmp_path, PERMIT, facts=facts)

    assert answer.decision is None
    assert answer.diagnostics[0].startswith(said)


def test_what_is_not_known_is_absent_and_never_false(tmp_path: Path) -> None:
    late = forbid("context.facts has days && context.facts.days > 30")

    assert ask(tmp_path, PERMIT, late, facts={"days": canonical(None)}).decision == "allow"
    assert ask(tmp_path, PERMIT, late, facts={"days": canonical(31)}).decision == "deny"


def test_rules_read_labels_the_record_and_facts_but_never_content(tmp_path: Path) -> None:
    text = forbid(
        "resource has total && resource.total == 1900 "
        '&& resource has total_currency && resource.total_currency == "EUR" '
        '&& resource has customer.tier && resource.customer.tier == "gold" '
        '&& context.labels has amount && context.labels.amount == "vouched" '
        "&& context.facts has net && context.facts.net == 25000 "
        "&& context.facts has confidence_bp && context.facts.confidence_bp == 9700 "
        '&& context.facts.level == "approve-each" && context.facts.phase == "pilot" '
        '&& context.facts.approver_roles.contains("approver") && principal has channel '
        '&& principal in Workflow::"refund-desk"'
    )
    fields = {
        "total": canonical(Money.of("19.00 EUR")),
        "customer.tier": canonical("gold"),
        "customer.email": canonical("<EMAIL_1>"),
        "items.0.sku": canonical("A"),
    }
    answer = ask(
        tmp_path,
        PERMIT,
        text,
        fields=fields,
        labels={"amount": Integrity.VOUCHED, "stranger": Integrity.LITERAL},
        facts={"net": canonical(Decimal("2.5")), "unknown": canonical(1)},
        confidence_bp=9700,
        approvers={"approver": frozenset({"a"})},
        channel="mail",
    )

    assert (answer.decision, answer.diagnostics) == ("deny", ())


def test_a_rule_cannot_speak_of_content_or_of_private_fields(tmp_path: Path) -> None:
    for when in ('context.args.note == "x"', 'resource.customer.email == "x"'):
        with pytest.raises(PolicyLoadError, match="does not fit the declared actions"):
            load(tmp_path, forbid(when))


def test_times_are_seconds_and_lists_are_counted() -> None:
    noon = datetime(2026, 11, 23, 12, tzinfo=UTC)
    values: dict[str, object] = {
        "at": noon,
        "day": noon.date(),
        "yes": True,
        "few": [1, 2],
        "none": None,
        "shape": {"a": 1},
    }

    assert attributes({name: canonical(value) for name, value in values.items()}) == {
        "at": 1_795_435_200,
        "day": 1_795_392_000,
        "yes": True,
        "few_count": 2,
    }


def test_a_form_that_does_not_fit_its_type_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="does not fit its form"):
        attributes({"amount": Canonical(type="money", form="19")})


def test_a_request_that_the_engine_cannot_take_is_no_decision(tmp_path: Path) -> None:
    answer = ask(tmp_path, PERMIT, channel="\ud800")

    assert answer.decision is None
    assert answer.diagnostics


def test_rules_read_what_an_argument_and_anything_rests_on(tmp_path: Path) -> None:
    """Codes alone, without the field; nothing is an empty set."""
    book = load(
        tmp_path,
        PERMIT,
        forbid('context.assumptions.amount.contains("separators_by_locale")', "no-locale"),
        forbid('context.assumed.contains("year_window")', "no-window"),
        forbid("!context.assumptions.days.isEmpty()", "no-days"),
    )

    def fired(**assumptions: tuple[str, ...]) -> list[str]:
        answer = asked(book, request(assumptions=assumptions))
        assert answer.diagnostics == ()
        return [one.rule for one in answer.forbids]

    assert fired() == []
    assert fired(amount=("total:separators_by_country",)) == []
    assert fired(amount=("total:separators_by_locale",)) == ["no-locale"]
    assert fired(order_id=("order_id:year_window",)) == ["no-window"]
    assert fired(days=("due:year_window",)) == ["no-days", "no-window"]
    assert fired(note=("message:year_window",)) == []  # content carries no authority


def test_what_is_declared_must_be_told_though_no_rule_reads_it(tmp_path: Path) -> None:
    book = load(tmp_path, PERMIT)
    there = dict(request().arguments)
    del there["order_id"]

    answer = asked(book, replace(request(), arguments=there))
    assert (answer.decision, answer.diagnostics) == (None, ("`order_id` is missing",))
