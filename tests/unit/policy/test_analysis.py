"""What the solver proves, the engine never contradicts."""

from itertools import islice

import pytest

from remit.policy.book import ask, broken
from remit.policy.examples import verdict
from remit.policy.witnesses import ASKED_MAX, requests
from tests.rulebook import PERMIT, TWO, forbid
from tests.unit.policy.test_witnesses import NEVER, REFUND, book

analysis = pytest.importorskip("remit.policy.analysis", reason="the extra analysis is not there")

BOOKS = [
    (PERMIT, TWO),
    (PERMIT, forbid("resource has total && context.args.amount > resource.total")),
    (
        PERMIT,
        TWO,
        forbid('context.args.amount_currency != "EUR"', "euro", "escalate"),
        forbid("context.facts has days && context.facts.days > 30", "late", "escalate"),
    ),
    (
        PERMIT,
        forbid('context.facts.level == "shadow" || !(principal has channel)', "odd"),
        forbid(
            "resource has customer.tier && (if context.args has fee then context.args.fee >= 7 "
            'else ["gold", "silver"].contains(resource.customer.tier))',
            "fee",
        ),
    ),
    (
        PERMIT,
        forbid(
            "context.args.amount <= 0", "none", "approve(n=1, role=lead)",
            'context.facts.approver_roles.contains("lead") && context.facts.approvals >= 1',
        ),
        forbid('context.labels has note && context.labels.note == "untrusted"', "note"),
    ),
]  # fmt: skip


@pytest.mark.parametrize("texts", BOOKS)
def test_formula_and_engine_say_the_same_of_six_hundred_requests(texts: tuple[str, ...]) -> None:
    """Five books: three thousand requests."""
    rules = book(*texts)
    whole = list(islice(requests(REFUND, (rules,)), ASKED_MAX))
    asked = [whole[number * 7919 % len(whole)] for number in range(600)]  # from all over it
    engine = [verdict(ask(rules, one)).value == "allow" for one in asked]

    assert list(analysis.allowed(rules, REFUND, asked)) == engine
    assert {*engine} == {True, False}


def test_an_invariant_is_proved_or_shown_broken_by_a_request() -> None:
    kept = book(PERMIT, TWO, never=NEVER)
    assert analysis.keeps(kept, kept.invariants[0], REFUND).proved

    lost = book(PERMIT, TWO.replace("50000", "50001"), never=NEVER)
    found = analysis.keeps(lost, lost.invariants[0], REFUND)
    assert not found.proved
    assert broken(lost, found.request) == lost.invariants


def test_a_loosening_that_lies_beside_no_literal_is_found() -> None:
    """Two amounts are compared with each other: a search beside literals need not meet it."""
    old = book(PERMIT, forbid("resource has total && context.args.amount > resource.total"))
    new = book(PERMIT, forbid("resource has total && context.args.amount > resource.total "
                              "&& context.args.amount < 987654321"))  # fmt: skip

    found = analysis.newly_allowed(old, new, REFUND)
    assert verdict(ask(old, found.request)).value == "deny"
    assert verdict(ask(new, found.request)).value == "allow"
    assert analysis.newly_allowed(new, old, REFUND).proved


def test_one_more_person_is_proved_to_loosen_nothing() -> None:
    assert analysis.newly_allowed(
        book(PERMIT, TWO), book(PERMIT, TWO, forbid("context.args.amount > 7", "more")), REFUND
    ).proved
    found = analysis.newly_allowed(
        book(PERMIT, TWO), book(PERMIT, TWO.replace("n=2", "n=1").replace(">= 2", ">= 1")), REFUND
    )
    assert found.request.approvals == 1


@pytest.mark.parametrize(
    "when",
    [
        "context.args.amount * 2 > 100",
        "context.args.amount + 1 > 100",
        'context.args.order_id like "1*"',
        'resource == get_order::"1"',
        'context.assumed.contains("separators_by_locale")',
        'context.facts.approver_roles.containsAny(["lead"])',
    ],
)
def test_what_is_not_translated_is_never_called_proved(when: str) -> None:
    old, new = book(PERMIT, forbid(when)), book(PERMIT)
    with pytest.raises(analysis.NotAnalysed):
        analysis.newly_allowed(new, old, REFUND)
