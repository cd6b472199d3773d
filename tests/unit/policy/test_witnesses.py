"""A rule that was loosened is found by a concrete request, and an invariant that does not hold."""

from pathlib import Path

import pytest

from remit.errors import PolicyLoadError
from remit.policy import folder as folders
from remit.policy import witnesses
from remit.policy.book import PolicyBook, ask, broken
from remit.policy.difference import change_digest, changes
from remit.policy.examples import verdict
from tests.rulebook import DECLARED, PERMIT, TWO, WORKFLOW, forbid, load, request

REFUND = f"{WORKFLOW}.issue_refund"
NEVER = f"""
[[invariant]]
says = "Nobody refunds above 500 euro alone"
never = "context.args.amount > 50000 && context.facts.approvals < 2"
actions = ["{REFUND}"]
"""


EURO = forbid('context.args.amount_currency != "EUR"')
DAYS = forbid("context.facts has days && context.facts.days > 30")


def book(*texts: str, never: str = "") -> PolicyBook:
    named = {f"desk-{number}.cedar": text for number, text in enumerate(texts)}
    return folders.book_of(
        named | ({"invariants.toml": never} if never else {}), DECLARED, owners=None
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TWO, ""),
        (TWO, TWO.replace("50000", "50001")),
        (TWO, TWO.replace("n=2", "n=1")),
        (forbid('context.labels has note && context.labels.note == "untrusted"'), ""),
        (forbid("resource has total && context.args.amount > resource.total"), ""),
        (EURO, EURO.replace("!=", "==").replace("EUR", "USD")),
        (DAYS, DAYS.replace("30", "31")),
        (forbid('principal has channel && principal.channel == "email"'), ""),
        (forbid("!(principal has channel)"), ""),
    ],
)  # fmt: skip
def test_a_looser_book_has_a_witness_that_both_books_confirm(before: str, after: str) -> None:
    old, new = book(PERMIT, before), book(PERMIT, after)

    (found,) = witnesses.search(old, new)

    assert found.witnesses
    for one in found.witnesses:
        assert verdict(ask(old, one.request)).value == one.before
        assert verdict(ask(new, one.request)).value == one.after
        assert (one.after, one.before) != (one.before, one.after) or one.before == "hold"
    (back,) = witnesses.search(new, old)
    assert not back.witnesses or "USD" in after, "tightening has none"


def test_the_same_rules_in_other_files_are_no_change() -> None:
    old, new = book(PERMIT, TWO), book(f"// moved\n{TWO}{PERMIT}")

    assert changes(old, new) == ()
    assert witnesses.search(old, new) == []
    assert change_digest(old.texts, new) != change_digest(old.texts, book(TWO))


def test_a_change_is_shown_rule_by_rule() -> None:
    old = book(PERMIT, TWO)
    new = book(PERMIT, TWO.replace("50000", "60000"), forbid("context.args.amount < 0"))

    first, second = changes(old, new)

    assert (first.rule, first.kind) == ("the-rule", "added")
    assert (second.rule, second.kind) == ("two-above-500", "changed")
    assert any(line.startswith("-") and "50000" in line for line in second.lines)
    assert any(line.startswith("+") and "60000" in line for line in second.lines)


def test_an_invariant_holds_whatever_is_asked_or_shows_what_breaks_it() -> None:
    kept = book(PERMIT, TWO, never=NEVER)
    assert witnesses.breaches(kept) == []
    assert broken(kept, request("500.01 EUR")) == ()

    lost = book(PERMIT, TWO.replace("50000", "50001"), never=NEVER)
    (found,) = witnesses.breaches(lost)
    assert found.request.arguments["amount"].form == {"amount": "500.01", "currency": "EUR"}
    assert [one.says for one in broken(lost, request("500.01 EUR"))] == [found.says]


def test_an_example_that_breaks_an_invariant_does_not_load(tmp_path: Path) -> None:
    (tmp_path / "invariants.toml").write_text(NEVER, "utf-8")
    example = (
        f'[[example]]\nrule = "may-refund"\naction = "{REFUND}"\napplies = true\n'
        'expect = "allow"\narguments = { order_id = "1", amount = "600.00 EUR" }\n'
    )
    with pytest.raises(
        PolicyLoadError, match=r"example 1: the rules allow it, and invariants.toml"
    ):
        load(tmp_path, PERMIT, examples=example)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[invariant]]\nnever = 'true'", "`says` is a sentence"),
        ("[[invariant]]\nsays = 'x'\nnever = 'true'\nwhen = 1", "write only"),
        (
            "[[invariant]]\nsays = 'x'\nnever = 'true'\nactions = ['no.such']",
            "no action `no.such`",
        ),
        ("[[invariant]]\nsays = 'x'\nnever = 'context.args.amount > '", "not a rule that Cedar"),
        ("[[invariant]]\nsays = 'x'\nnever = 'true } unless { false'", "`never` is one condition"),
        ("[[invariant]]\nsays = 'x'\nnever = 'context.args.amout > 1'", "does not fit"),
        ("[[invariant]", "cannot be read"),
        ("[invariant]", "list of tables"),
        ("x = 1", "list of tables"),
    ],
)
def test_an_invariant_that_cannot_be_judged_is_named(text: str, said: str) -> None:
    with pytest.raises(PolicyLoadError, match=f"^invariants.toml.*{said}"):
        book(PERMIT, never=text)


def test_a_product_that_is_too_large_is_sampled_and_says_so() -> None:
    many = "".join(
        forbid(f"context.args.amount > {number * 1000} && context.facts has days "
               f"&& context.facts.days > {number}", f"rule-{number}")
        for number in range(1, 30)
    )  # fmt: skip
    asks = ("context.args has fee && context.args.fee > 3", "resource has total",
            "resource.total > 9", "context.facts has net && context.facts.net > 5")  # fmt: skip
    wide = forbid(" && ".join(asks), "wide")
    (found,) = witnesses.search(book(PERMIT, many, wide), book(PERMIT, many), asked_max=500)

    assert found.asked == 500 < found.possible
