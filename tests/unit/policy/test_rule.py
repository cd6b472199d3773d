"""Rules are loaded strictly: each mistake is named with file and line."""

from dataclasses import replace
from pathlib import Path

import pytest

from remit.domain.action import Risk
from remit.domain.value import canonical
from remit.errors import PolicyLoadError
from remit.policy import folder as folders
from remit.policy.book import ask as asked
from tests.rulebook import (
    DECLARED,
    HEAD,
    OWNERS,
    PERMIT,
    SCOPE,
    TWO,
    WORKFLOW,
    declare,
    forbid,
    load,
    request,
    rule,
)

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
        (rule("permit (principal, action, resource);"), "name its actions one by one"),
        (rule('permit (principal, action in Action::"money", resource);'), "one by one"),
        (
            rule('permit (principal, action == Action::"refund-desk.pay", resource);'),
            "one by one",
        ),
        (
            rule('forbid (principal, action == Action::"refund-desk.pay", resource);'),
            "unrecognized",
        ),
        (rule(f"permit (principal == ?principal{SCOPE[10:]};"), "?principal"),
        (forbid("context.args.amonut > 5"), "amonut"),
        (forbid("context.args.fee > 5"), "optional attribute"),
        (forbid("context.facts.days > 5"), "optional attribute"),
        (forbid('context.args.amount > "5"'), "does not fit the declared actions"),
        (forbid("context.args.amount > 5.5"), "not a rule that Cedar can read"),
        (forbid("true", obligation="approve(n=2)"), "write `approve(n=2, role=refund-approver)`"),
        (forbid("true", obligation="approve(n=0, role=a)"), "n from 1 to 10"),
        (forbid("true", obligation="approve(n=11, role=a)"), "n from 1 to 10"),
        (forbid("true", obligation="approve(n=two, role=a)"), "n from 1 to 10"),
        (forbid("true", obligation="approve(n=2, n=3, role=a)"), "not `name=value`"),
        (forbid("true", obligation="approve(2)"), "not `name=value`"),
        (
            forbid("true", obligation="approve(n=1, role=a), approve(n=2, role=b)"),
            "`approve` twice",
        ),
        (forbid("true", obligation="aprove(n=2, role=a)"), "asks `aprove`"),
        (forbid("true", obligation="approve(n=2, role=a"), "cannot be read at"),
        (forbid("true", obligation="grace(seconds=5)"), "a forbid cannot ask"),
        (forbid("true", obligation="escalate(now=1)"), "nothing in brackets"),
        (rule(f"permit {SCOPE};", obligation="escalate"), "a permit cannot ask"),
        (rule(f"permit {SCOPE};", obligation="grace(60)"), "not `name=value`"),
        (rule(f"permit {SCOPE};", obligation="grace(seconds=99999999)"), "grace(seconds=60)"),
        (rule(f"permit {SCOPE};", obligation="notify(who=a)"), "notify(role=team-lead)"),
        (rule(f"permit {SCOPE};", obligation="review(x=1)"), "nothing in brackets"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(PolicyLoadError) as refused:
        load(tmp_path, LINES + text)

    assert str(refused.value).startswith("desk-0.cedar, line ")
    assert said in str(refused.value)


def test_the_line_is_where_the_rule_begins(tmp_path: Path) -> None:
    with pytest.raises(PolicyLoadError, match=r"^desk-0.cedar, line 6: rule `the-rule`"):
        load(tmp_path, LINES + PERMIT + "\n" + forbid("context.args.amonut > 5"))


def test_two_files_may_not_use_one_id(tmp_path: Path) -> None:
    with pytest.raises(PolicyLoadError, match=r"^desk-1.cedar, line 1: rule `may-refund` stands"):
        load(tmp_path, PERMIT, PERMIT)


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "desk.cedar").write_bytes(b"\xff\xfe\x00")

    with pytest.raises(PolicyLoadError, match=r"^desk.cedar cannot be read as UTF-8"):
        load(tmp_path)


def test_semicolons_in_comments_and_texts_end_no_rule(tmp_path: Path) -> None:
    text = PERMIT.replace("Because", 'First; then \\"second\\" // not a comment')
    book = load(tmp_path, "// one; two\n" + text + "// the end; really")

    assert [one.says for one in book.rules.values()] == ['First; then "second" // not a comment']


def test_an_edit_of_another_actions_rules_leaves_the_slice_as_it_was(tmp_path: Path) -> None:
    reply = rule(
        f'permit (principal, action == Action::"{WORKFLOW}.send_reply", resource);', "may-reply"
    )
    digests = []
    for number, texts in enumerate(([PERMIT], [PERMIT, reply], [PERMIT, TWO])):
        folder = tmp_path / str(number)
        folder.mkdir()
        digests.append(asked(load(folder, *texts), request()).slice_digest)

    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_facts_of_every_action_may_be_declared_for_the_whole_book(tmp_path: Path) -> None:
    (tmp_path / "desk.cedar").write_text(
        PERMIT + forbid("context.facts has region && context.facts.region == 2")
    )
    declared = replace(DECLARED, facts={"region": "integer"})
    book = folders.load(tmp_path, declared, owners=OWNERS)

    assert asked(book, request(facts={"region": canonical(2)})).decision == "deny"


def test_names_that_make_no_schema_are_told(tmp_path: Path) -> None:
    odd = declare("pay", Risk.MONEY, "get order")

    with pytest.raises(PolicyLoadError, match="make no policy schema"):
        folders.load(tmp_path, replace(DECLARED, specs=(odd,), tools=()), owners=OWNERS)


def test_a_file_that_is_too_large_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyLoadError, match=r"^desk-0.cedar is larger than"):
        load(tmp_path, "// " + "x" * 1_000_000)
