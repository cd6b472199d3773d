"""The engine is told what rules read and no more, and answers as if it were told everything."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.domain.action import Integrity
from remit.domain.autonomy import Level, Phase
from remit.domain.money import Money
from remit.domain.value import canonical
from remit.errors import PolicyLoadError
from remit.policy import cedar
from remit.policy.book import ask, needed, question
from remit.policy.request import PolicyRequest
from tests.rulebook import PERMIT, WORKFLOW, forbid, load

LONGS = st.sampled_from([
    "context.args.amount",
    "context.facts.approvals",
    "(if context.args has fee then context.args.fee else 0)",
    "(if context.facts has days then context.facts.days else 9223372036854775807)",
    "(if resource has total then resource.total else 7)",
    "(if context.facts has confidence_bp then context.facts.confidence_bp else 0)",
    "(if resource has total then context else context).args.amount",
    "1", "50000", "9223372036854775807",
])  # fmt: skip
TEXTS = st.sampled_from([
    "context.args.order_id",
    "context.args.amount_currency",
    "context.facts.level",
    '(if context.labels has amount then context.labels.amount else "none")',
    '(if resource has customer.tier then resource.customer.tier else "none")',
    '(if principal has channel then principal.channel else "none")',
    '"EUR"', '"gold"', '"none"', '"order 1"',
])  # fmt: skip
WAYS = [
    "context.args has fee",
    "resource has customer.tier",
    "context has args",
    "resource has total",
    "principal has subject",
    'context.assumed.contains("day_first")',
    'context.assumptions.amount.contains("day_first")',
    'context.facts.approver_roles.contains("lead")',
    'action in Action::"money"',
    'principal in Workflow::"refund-desk"',
    "resource is get_order",
    'resource == get_order::"1007"',
    'context.labels has note && context.labels.note == "untrusted"',
    "(if context.args has fee then resource else resource) has total",
    '{"it": resource}.it has customer',
    "context.args == context.args",
    '{"a": context.args}.a.amount > 3',
    "context.facts == (if context.facts has net then context.facts else context.facts)",
]  # fmt: skip
TRUTHS = st.sampled_from(WAYS)
SIMPLE = st.one_of(
    TRUTHS,
    st.builds("{} {} {}".format, LONGS, st.sampled_from(["<", "<=", ">", "==", "!="]), LONGS),
    st.builds("{} + {} > {}".format, LONGS, LONGS, LONGS),
    st.builds("{} {} {}".format, TEXTS, st.sampled_from(["==", "!="]), TEXTS),
    st.builds('{} like "*o*"'.format, TEXTS),
)
CONDITIONS = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds("({}) && ({})".format, inner, inner),
        st.builds("({}) || ({})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("(if {} then {} else {})".format, inner, inner, inner),
    ),
    max_leaves=4,
)
AMOUNTS = st.sampled_from(["0.00", "0.07", "19.00", "500.00", "500.01"])
REQUESTS = st.builds(
    lambda amount, fee, facts, fields, roles, **more: PolicyRequest(
        workflow=WORKFLOW,
        action="issue_refund",
        arguments={
            "order_id": canonical("order 1"),
            "amount": canonical(Money(Decimal(amount), "EUR")),
            **({} if fee is None else {"fee": canonical(Money(Decimal(fee), "EUR"))}),
        },
        labels={"amount": Integrity.VOUCHED, "note": Integrity.UNTRUSTED},
        facts=facts,
        fields=fields,
        record="1007",
        approvers={"lead": frozenset(roles)},
        **more,
    ),
    AMOUNTS,
    st.none() | AMOUNTS,
    st.sampled_from([
        {}, {"days": canonical(31)}, {"days": canonical(3), "net": canonical(Decimal("1.5"))},
    ]),
    st.sampled_from([
        {},
        {"total": canonical(Money(Decimal(19), "EUR"))},
        {"total": canonical(Money(Decimal(500), "EUR")), "customer.tier": canonical("gold")},
        {"customer.tier": canonical("none")},
    ]),
    st.sets(st.sampled_from(["a", "b"])),
    case_id=st.sampled_from(["c1", "c2"]),
    level=st.sampled_from(Level),
    phase=st.sampled_from(Phase),
    confidence_bp=st.none() | st.sampled_from([0, 9_000]),
    channel=st.none() | st.sampled_from(["mail", "none"]),
    assumptions=st.sampled_from([{}, {"amount": ("amount:day_first",)}]),
)  # fmt: skip


SOME = [
    PolicyRequest(
        workflow=WORKFLOW,
        action="issue_refund",
        case_id="c1",
        arguments={"order_id": canonical("order 1"), "amount": canonical(Money.of("19.00 EUR"))},
        labels=labels,
        fields=fields,
        record="1007",
    )
    for labels in ({"amount": Integrity.VOUCHED, "note": Integrity.UNTRUSTED}, {})
    for fields in ({}, {"total": canonical(Money.of("1.00 EUR")), "customer.tier": canonical("a")})
]


@pytest.mark.parametrize("way", WAYS)
def test_each_way_to_read_is_seen_also_beside_one_that_reads_less(way: str) -> None:
    judge([way], SOME)
    judge([way, *WAYS], SOME)


@given(
    conditions=st.lists(CONDITIONS, min_size=1, max_size=3),
    several=st.lists(REQUESTS, min_size=1, max_size=8),
)
def test_what_no_rule_reads_changes_no_answer_and_no_diagnostic(
    conditions: list[str], several: list[PolicyRequest]
) -> None:
    try:
        judge(conditions, several)
    except PolicyLoadError:
        return  # a condition that does not fit the schema


def judge(conditions: Sequence[str], several: Sequence[PolicyRequest]) -> None:
    """Compare what the engine says of the whole question and of what rules read of it."""
    with TemporaryDirectory() as folder:
        rules = (forbid(when, f"rule-{number}") for number, when in enumerate(conditions))
        book = load(Path(folder), PERMIT, *rules)
    for request in several:
        chosen = book.slices[request.name]
        whole = question(chosen, request)
        told = cedar.answer(book.schema, chosen.everything, whole)

        assert cedar.answer(chosen.schema, chosen.everything, needed(chosen, whole)) == told
        assert {*told.diagnostics} <= {*ask(book, request).diagnostics}
