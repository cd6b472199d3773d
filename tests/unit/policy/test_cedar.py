"""Rules are loaded strictly, asked by slice, and whatever errs is told."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from remit.authoring.source import Source
from remit.domain.action import ActionSpec, FieldSpec, Integrity, ParamSpec, Risk, ToolSpec
from remit.domain.approval import Requirement
from remit.domain.decision import FiredForbid, Obligation
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, canonical
from remit.errors import PolicyLoadError
from remit.policy import cedar
from remit.policy.cedar import PolicyAnswer, PolicyBook, PolicyRequest

WORKFLOW = "refund-desk"
OWNERS = {"maria.k"}


def _spec(name: str, risk: Risk, on: str | None, *params: ParamSpec) -> ActionSpec:
    return ActionSpec(
        workflow=WORKFLOW,
        name=name,
        risk=risk,
        params=params,
        says=name,
        undo=None,
        irreversible=False,
        on=on,
        facts=(("days", "integer"), ("net", "decimal")),
    )


def _param(name: str, kind: str, *, optional: bool = False, content: bool = False) -> ParamSpec:
    source = Source.any() if content else Source.case(name)
    return ParamSpec(name=name, type=kind, source=source.tree, optional=optional)


SPECS = [
    _spec(
        "issue_refund",
        Risk.MONEY,
        "get_order",
        _param("order_id", "text"),
        _param("amount", "money"),
        _param("fee", "money", optional=True),
        _param("note", "text", content=True),
    ),
    _spec("send_reply", Risk.LOW, None, _param("text", "text", content=True)),
]
TOOLS = [
    ToolSpec(
        workflow=WORKFLOW,
        name="get_order",
        params=(),
        fields=(
            FieldSpec(path="total", type="money", system=True),
            FieldSpec(path="customer.tier", type="text"),
            FieldSpec(path="customer.email", type="text", private="EMAIL"),
            FieldSpec(path="items.*.sku", type="text"),
        ),
    )
]
HEAD = '@says("Because") @owner("maria.k") @since("2026-11-01")'
SCOPE = f'(principal, action == Action::"{WORKFLOW}.issue_refund", resource)'
PERMIT = f'@id("may-refund") {HEAD}\npermit {SCOPE};\n'


def _rule(body: str, rule: str = "the-rule", obligation: str = "") -> str:
    asks = f' @obligation("{obligation}")' if obligation else ""
    return f'@id("{rule}") {HEAD}{asks}\n{body}\n'


def _forbid(when: str, rule: str = "the-rule", obligation: str = "", unless: str = "") -> str:
    end = f" unless {{ {unless} }}" if unless else ""
    return _rule(f"forbid {SCOPE} when {{ {when} }}{end};", rule, obligation)


def _load(folder: Path, *texts: str, examples: str = "") -> PolicyBook:
    for number, text in enumerate(texts):
        (folder / f"desk-{number}.cedar").write_text(text, encoding="utf-8")
    if examples:
        (folder / "desk.examples.toml").write_text(examples, encoding="utf-8")
    return cedar.load(folder, specs=SPECS, tools=TOOLS, owners=OWNERS)


def _request(amount: str = "19.00 EUR", **said: object) -> PolicyRequest:
    arguments = {
        "order_id": canonical("1007"),
        "amount": canonical(Money.of(amount)),
        "note": canonical("Sorry"),
    }
    more = {"record": "1007", "arguments": arguments} | said
    return PolicyRequest(workflow=WORKFLOW, action="issue_refund", case_id="c1", **more)  # type: ignore[arg-type]


def _ask(folder: Path, *texts: str, **said: object) -> PolicyAnswer:
    return cedar.ask(_load(folder, *texts), _request(**said))  # type: ignore[arg-type]


# -- answers -------------------------------------------------------------------------------------


def test_a_permit_that_applies_allows_with_what_it_asks(tmp_path: Path) -> None:
    asks = "grace(seconds=60), notify(role=team-lead); review"
    answer = _ask(tmp_path, _rule(f"permit {SCOPE};", "may", asks))

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
    answer = cedar.ask(_load(tmp_path / folder), _request())

    assert (answer.loaded, answer.decision, answer.permits) == (True, "deny", ())
    assert answer.diagnostics == ()


def test_a_forbid_wins_and_the_permit_beside_it_is_told_too(tmp_path: Path) -> None:
    answer = _ask(tmp_path, PERMIT, _forbid("context.args.amount > 1000"))

    assert (answer.decision, answer.permits) == ("deny", ("may-refund",))
    assert answer.forbids == (FiredForbid(rule="the-rule", says="Because"),)


def test_a_forbid_alone_tells_that_nothing_permits(tmp_path: Path) -> None:
    answer = _ask(tmp_path, _forbid("context.args.amount > 1000"))

    assert (answer.decision, answer.permits) == ("deny", ())


def test_an_action_that_no_policy_knows_gets_no_decision(tmp_path: Path) -> None:
    request = PolicyRequest(workflow=WORKFLOW, action="pay", case_id="c1", arguments={})

    answer = cedar.ask(_load(tmp_path, PERMIT), request)

    assert answer.decision is None
    assert "refund-desk.pay" in answer.diagnostics[0]


TWO = _forbid(
    "context.args.amount > 50000",
    "two-above-500",
    "approve(n=2, role=refund-approver)",
    "context.facts.approvals >= 2",
)


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
    answer = _ask(tmp_path, PERMIT, TWO, amount="600.00 EUR", approvers=people)

    assert answer.decision == decision
    assert [forbid.requirement for forbid in answer.forbids] == (
        [Requirement(people=2, role="refund-approver")] if decision == "deny" else []
    )


def test_an_escalating_forbid_says_so(tmp_path: Path) -> None:
    answer = _ask(tmp_path, PERMIT, _forbid("context.args.amount > 0", obligation="escalate"))

    assert [forbid.escalate for forbid in answer.forbids] == [True]


def test_rules_of_a_group_reach_its_actions_and_no_others(tmp_path: Path) -> None:
    text = _rule('forbid (principal, action in Action::"money", resource);')
    book = _load(tmp_path, text, _rule("forbid (principal, action, resource);", "all"))
    reply = PolicyRequest(workflow=WORKFLOW, action="send_reply", case_id="c1", arguments={})

    assert [one.rule for one in cedar.ask(book, _request()).forbids] == ["all", "the-rule"]
    assert [one.rule for one in cedar.ask(book, reply).forbids] == ["all"]


# -- what goes wrong while asking -----------------------------------------------------------------


def test_an_overflow_in_a_forbid_beside_a_permit_is_told_though_the_engine_allows(
    tmp_path: Path,
) -> None:
    overflow = _forbid("context.args.amount * 9223372036854775807 > 5")
    answer = _ask(tmp_path, PERMIT, overflow, amount="600.00 EUR")

    assert answer.decision == "allow"
    assert answer.forbids == ()
    assert len(answer.diagnostics) == 1
    assert "the-rule" in answer.diagnostics[0]
    assert "overflow" in answer.diagnostics[0]


def test_an_overflow_only_while_nobody_has_agreed_is_told_as_well(tmp_path: Path) -> None:
    text = _forbid("(1 - context.facts.approvals) * context.args.amount * 4611686018427387904 > 5")
    people = {"approver": frozenset({"a"})}
    answer = _ask(tmp_path, PERMIT, text, approvers=people)

    assert answer.diagnostics


def test_a_missing_required_argument_is_no_decision(tmp_path: Path) -> None:
    answer = _ask(tmp_path, PERMIT, arguments={"order_id": canonical("1007")})

    assert answer.decision is None
    assert "amount" in answer.diagnostics[0]


def test_a_number_beyond_64_bits_is_no_decision(tmp_path: Path) -> None:
    answer = _ask(tmp_path, PERMIT, amount="92233720368547758.08 EUR")

    assert answer.decision is None
    assert answer.diagnostics == (
        "amount cannot be told to the rules: it does not fit into 64 bits",
    )


def test_the_largest_number_of_64_bits_is_fine(tmp_path: Path) -> None:
    assert _ask(tmp_path, PERMIT, amount="92233720368547758.07 EUR").decision == "allow"


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
    answer = _ask(tmp_path, PERMIT, facts=facts)

    assert answer.decision is None
    assert answer.diagnostics[0].startswith(said)


def test_what_is_not_known_is_absent_and_never_false(tmp_path: Path) -> None:
    late = _forbid("context.facts has days && context.facts.days > 30")

    assert _ask(tmp_path, PERMIT, late, facts={"days": canonical(None)}).decision == "allow"
    assert _ask(tmp_path, PERMIT, late, facts={"days": canonical(31)}).decision == "deny"


def test_rules_read_labels_the_record_and_facts_but_never_content(tmp_path: Path) -> None:
    text = _forbid(
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
    answer = _ask(
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
            _load(tmp_path, _forbid(when))


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

    assert cedar.attributes({name: canonical(value) for name, value in values.items()}) == {
        "at": 1_795_435_200,
        "day": 1_795_392_000,
        "yes": True,
        "few_count": 2,
    }


def test_a_form_that_does_not_fit_its_type_cannot_be_told() -> None:
    with pytest.raises(ValueError, match="does not fit its form"):
        cedar.attributes({"amount": Canonical(type="money", form="19")})


# -- loading -------------------------------------------------------------------------------------

LINES = "// a comment; with a semicolon\n\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("permit (principal, action resource);", "not a rule that Cedar can read"),
        ("permit (principal, action, resource)", "not a rule that Cedar can read"),
        (f"{HEAD}\npermit {SCOPE};", "no `@id`"),
        (PERMIT.replace('@says("Because") ', ""), "no `@says`"),
        (PERMIT.replace('@owner("maria.k") ', ""), "no `@owner`"),
        (PERMIT.replace('@since("2026-11-01")', ""), "no `@since`"),
        (PERMIT.replace("2026-11-01", "soon"), "no date in `@since`"),
        (PERMIT.replace("maria.k", "nobody"), "`nobody`, who is not known"),
        (PERMIT.replace("may-refund", "May refund!"), "plain id"),
        (
            PERMIT.replace("@says", '@obligaton("review") @says'),
            "`@obligaton`, which means nothing",
        ),
        (PERMIT + PERMIT, "stands in desk-0.cedar, line 3 too"),
        (_rule("permit (principal, action, resource);"), "name its actions one by one"),
        (_rule('permit (principal, action in Action::"money", resource);'), "one by one"),
        (
            _rule('permit (principal, action == Action::"refund-desk.pay", resource);'),
            "one by one",
        ),
        (
            _rule('forbid (principal, action == Action::"refund-desk.pay", resource);'),
            "unrecognized",
        ),
        (_rule(f"permit (principal == ?principal{SCOPE[10:]};"), "?principal"),
        (_forbid("context.args.amonut > 5"), "amonut"),
        (_forbid("context.args.fee > 5"), "optional attribute"),
        (_forbid("context.facts.days > 5"), "optional attribute"),
        (_forbid('context.args.amount > "5"'), "does not fit the declared actions"),
        (_forbid("context.args.amount > 5.5"), "not a rule that Cedar can read"),
        (_forbid("true", obligation="approve(n=2)"), "write `approve(n=2, role=refund-approver)`"),
        (_forbid("true", obligation="approve(n=0, role=a)"), "n from 1 to 10"),
        (_forbid("true", obligation="approve(n=11, role=a)"), "n from 1 to 10"),
        (_forbid("true", obligation="approve(n=two, role=a)"), "n from 1 to 10"),
        (_forbid("true", obligation="approve(n=2, n=3, role=a)"), "not `name=value`"),
        (_forbid("true", obligation="approve(2)"), "not `name=value`"),
        (
            _forbid("true", obligation="approve(n=1, role=a), approve(n=2, role=b)"),
            "`approve` twice",
        ),
        (_forbid("true", obligation="aprove(n=2, role=a)"), "asks `aprove`"),
        (_forbid("true", obligation="approve(n=2, role=a"), "cannot be read at"),
        (_forbid("true", obligation="grace(seconds=5)"), "a forbid cannot ask"),
        (_forbid("true", obligation="escalate(now=1)"), "nothing in brackets"),
        (_rule(f"permit {SCOPE};", obligation="escalate"), "a permit cannot ask"),
        (_rule(f"permit {SCOPE};", obligation="grace(60)"), "not `name=value`"),
        (_rule(f"permit {SCOPE};", obligation="grace(seconds=99999999)"), "grace(seconds=60)"),
        (_rule(f"permit {SCOPE};", obligation="notify(who=a)"), "notify(role=team-lead)"),
        (_rule(f"permit {SCOPE};", obligation="review(x=1)"), "nothing in brackets"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PolicyLoadError) as refused:
        _load(tmp_path, LINES + text)

    assert str(refused.value).startswith("desk-0.cedar, line ")
    assert said in str(refused.value)


def test_the_line_is_where_the_rule_begins(tmp_path: Path) -> None:
    with pytest.raises(PolicyLoadError, match=r"^desk-0.cedar, line 6: rule `the-rule`"):
        _load(tmp_path, LINES + PERMIT + "\n" + _forbid("context.args.amonut > 5"))


def test_two_files_may_not_use_one_id(tmp_path: Path) -> None:
    with pytest.raises(PolicyLoadError, match=r"^desk-1.cedar, line 1: rule `may-refund` stands"):
        _load(tmp_path, PERMIT, PERMIT)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.cedar").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(PolicyLoadError, match=r"^desk.cedar cannot be read as UTF-8"):
        _load(tmp_path)


def test_semicolons_in_comments_and_texts_end_no_rule(tmp_path: Path) -> None:
    text = PERMIT.replace("Because", 'First; then \\"second\\" // not a comment')
    book = _load(tmp_path, "// one; two\n" + text + "// the end; really")

    assert [rule.says for rule in book.rules.values()] == ['First; then "second" // not a comment']


def test_an_edit_of_another_actions_rules_leaves_the_slice_as_it_was(tmp_path: Path) -> None:
    reply = _rule(
        f'permit (principal, action == Action::"{WORKFLOW}.send_reply", resource);', "may-reply"
    )
    digests = []
    for number, texts in enumerate(([PERMIT], [PERMIT, reply], [PERMIT, TWO])):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.append(cedar.ask(_load(folder, *texts), _request()).slice_digest)

    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_facts_of_every_action_may_be_declared_for_the_whole_book(tmp_path: Path) -> None:
    (tmp_path / "desk.cedar").write_text(
        PERMIT + _forbid("context.facts has region && context.facts.region == 2")
    )
    book = cedar.load(
        tmp_path, specs=SPECS, tools=TOOLS, owners=OWNERS, facts={"region": "integer"}
    )

    assert cedar.ask(book, _request(facts={"region": canonical(2)})).decision == "deny"


def test_names_that_make_no_schema_are_told(tmp_path: Path) -> None:
    odd = _spec("pay", Risk.MONEY, "get order")

    with pytest.raises(PolicyLoadError, match="make no policy schema"):
        cedar.load(tmp_path, specs=[odd], tools=[], owners=OWNERS)


# -- examples ------------------------------------------------------------------------------------


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
    idle = _forbid("context.args.amount > 70000", "idle-rule", "escalate")
    twin = idle.replace("idle-rule", "twin-rule")
    examples = GOOD + "".join(
        _example(rule, True, "escalate", "800.00 EUR")
        + _example(rule, False, "hold", "600.00 EUR")
        for rule in ("idle-rule", "twin-rule")
    )

    book = _load(tmp_path, PERMIT, TWO, idle, twin, examples=examples)

    assert book.findings == (
        "rule `may-refund` has no example in which it does not apply",
        "rule `idle-rule` is idle: without it every example turns out the same",
        "rule `twin-rule` is idle: without it every example turns out the same",
    )


def test_a_book_without_examples_says_so_of_each_rule(tmp_path: Path) -> None:
    assert len(_load(tmp_path, PERMIT, TWO).findings) == 4


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
        _load(tmp_path, PERMIT, TWO, examples=example)

    assert str(refused.value).startswith("desk.examples.toml")
    assert said in str(refused.value)


@pytest.mark.parametrize("unless", ["context.facts.approvals >= 3", "false"])
def test_an_approve_rule_is_lifted_by_exactly_the_people_it_asks_for(
    tmp_path: Path, unless: str
) -> None:
    text = TWO.replace("context.facts.approvals >= 2", unless)

    with pytest.raises(PolicyLoadError, match="still applies with 2"):
        _load(tmp_path, PERMIT, text, examples=GOOD)


def test_a_rule_that_reads_fewer_approvals_than_it_asks_for_holds_until_all_agreed(
    tmp_path: Path,
) -> None:
    text = TWO.replace("context.facts.approvals >= 2", "context.facts.approvals >= 1")
    book = _load(tmp_path, PERMIT, text, examples=GOOD)
    one = {"refund-approver": frozenset({"a"})}

    assert cedar.ask(book, _request("600.00 EUR", approvers=one)).decision == "deny"
