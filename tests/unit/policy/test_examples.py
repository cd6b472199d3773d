"""The examples beside the rules are run when they are loaded."""

from pathlib import Path

import pytest

from remit.domain.value import Json
from remit.errors import PolicyLoadError
from remit.policy.book import ask as asked
from tests.rulebook import PERMIT, TWO, WORKFLOW, forbid, load, request


def _example(rule: str, applies: Json, expect: str, amount: str, more: str = "") -> str:
    return (
        f'[[example]]\nrule = "{rule}"\naction = "{WORKFLOW}.issue_refund"\n'
        f'applies = {str(applies).lower()}\nexpect = "{expect}"\n'
        f'arguments = {{ order_id = "1007", amount = "{amount}" }}\n{more}\n'
    )


GOOD = (
    _example("two-above-500", True, "hold", "600.00 EUR")
    + _example("two-above-500", False, "allow", "500.00 EUR")
    + _example("may-refund", True, "allow", "19.00 EUR")
)


def test_what_has_no_example_and_what_is_idle_is_reported(tmp_path: Path) -> None:
    idle = forbid("context.args.amount > 70000", "idle-rule", "escalate")
    twin = idle.replace("idle-rule", "twin-rule")
    examples = GOOD + "".join(
        _example(name, True, "escalate", "800.00 EUR")
        + _example(name, False, "hold", "600.00 EUR")
        for name in ("idle-rule", "twin-rule")
    )

    book = load(tmp_path, PERMIT, TWO, idle, twin, examples=examples)

    assert book.findings == (
        "rule `may-refund` has no example in which it does not apply",
        "rule `idle-rule` is idle: without it every example turns out the same",
        "rule `twin-rule` is idle: without it every example turns out the same",
    )


def test_a_book_without_examples_says_so_of_each_rule(tmp_path: Path) -> None:
    assert len(load(tmp_path, PERMIT, TWO).findings) == 4


def test_an_example_says_what_an_argument_rests_on(tmp_path: Path) -> None:
    wary = forbid("!context.assumptions.amount.isEmpty()", "wary")
    resting = 'assumptions = { amount = ["separators_by_locale"] }'
    examples = _example("wary", True, "deny", "19.00 EUR", resting) + _example(
        "wary", False, "allow", "19.00 EUR"
    )

    findings = load(tmp_path, PERMIT, wary, examples=examples).findings
    assert not any("wary" in one for one in findings)


@pytest.mark.parametrize(
    ("example", "said"),
    [
        (_example("two-above-500", True, "hold", "400.00 EUR"), "`two-above-500` does not apply"),
        (_example("two-above-500", False, "hold", "600.00 EUR"), "`two-above-500` applies"),
        (_example("two-above-500", True, "deny", "600.00 EUR"), "the rules say hold, deny is"),
        (_example("no-rule", True, "hold", "600.00 EUR"), "there is no rule `no-rule`"),
        (GOOD.replace("issue_refund", "pay"), "there is no action `refund-desk.pay`"),
        (_example("two-above-500", 1, "hold", "600.00 EUR"), "`applies` is true or false"),
        (_example("two-above-500", True, "perhaps", "600.00 EUR"), "`expect` is allow"),
        (
            _example("two-above-500", True, "hold", "600.00 EUR", "assumptions = { note = [] }"),
            "`note` is nothing whose assumptions",
        ),
        (
            _example(
                "two-above-500", True, "hold", "600.00 EUR", 'assumptions = { amount = ["luck"] }'
            ),
            "`luck` is no assumption",
        ),
        (_example("two-above-500", True, "hold", "much"), "money is written as"),
        (_example("two-above-500", True, "hold", "600.00 EUR", "facts = { day = 1 }"), "`day`"),
        (_example("two-above-500", True, "hold", "600.00 EUR", "fact = 1"), "write only"),
        (_example("two-above-500", True, "hold", "600.00 EUR", "facts = { days = 'x' }"), "days"),
        ("[[example]", "cannot be read"),
        ("example = [1]", "write only"),
        ("example = 1", "is a list of tables"),
    ],
)
def test_an_example_that_turns_out_otherwise_or_makes_no_sense_is_refused(
    tmp_path: Path, example: str, said: str
) -> None:
    with pytest.raises(PolicyLoadError) as refused:
        load(tmp_path, PERMIT, TWO, examples=example)

    assert str(refused.value).startswith("desk.examples.toml")
    assert said in str(refused.value)


@pytest.mark.parametrize("unless", ["context.facts.approvals >= 3", "false"])
def test_an_approve_rule_is_lifted_by_exactly_the_people_it_asks_for(
    tmp_path: Path, unless: str
) -> None:
    text = TWO.replace("context.facts.approvals >= 2", unless)

    with pytest.raises(PolicyLoadError, match="still applies with 2"):
        load(tmp_path, PERMIT, text, examples=GOOD)


def test_a_rule_that_reads_fewer_approvals_than_it_asks_for_holds_until_all_agreed(
    tmp_path: Path,
) -> None:
    text = TWO.replace("context.facts.approvals >= 2", "context.facts.approvals >= 1")
    book = load(tmp_path, PERMIT, text, examples=GOOD)
    one = {"refund-approver": frozenset({"a"})}

    assert asked(book, request("600.00 EUR", approvers=one)).decision == "deny"
