"""The shipped examples are complete, consistent with each other, and made repeatably."""

import importlib.util
import json
import re
import tomllib
import unicodedata
from collections import Counter
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from remit import assembly
from remit.assembly.rules import declared_of
from remit.domain.action import ActionSpec, ParamSpec, Risk, ToolSource
from remit.models import prompt, scripted
from remit.policy import folder as folders
from remit.retrieval import documents

EXAMPLES = Path(__file__).parents[3] / "examples"
DESK = EXAMPLES / "refund_desk"
TRIAGE = EXAMPLES / "triage"
KINDS = frozenset({
    "above_total", "already_refunded", "ambiguous_amount", "ambiguous_date", "angry",
    "card_number", "foreign_format", "foreign_language", "iban", "injection_message",
    "injection_order_field", "look_alikes", "nearly_empty", "no_order_number",
    "out_of_scope", "phone", "plain",
    "quoted_reply", "strangers_order", "structured_address", "two_wishes", "unreadable_field",
    "window_over", "wrong_order_number",
})  # fmt: skip
OUTCOMES = frozenset({
    "refund_held", "address_held", "reply_held", "escalated", "quarantined", "closed_no_action",
})  # fmt: skip
ACTION_OF = {
    "refund_held": "issue_refund", "address_held": "change_address", "reply_held": "send_reply",
}  # fmt: skip


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _script(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"content_{path.parent.name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MESSAGES = _rows(DESK / "messages.jsonl")
ORDERS = {
    order["id"]: order
    for order in json.loads((EXAMPLES / "shop" / "fixtures.json").read_text("utf-8"))["orders"]
}


# -- knowledge -----------------------------------------------------------------------------------


def test_there_are_articles_enough_each_short_and_named_like_its_file() -> None:
    articles = documents.load(DESK / "knowledge")
    assert len(articles) >= 25
    assert {article.id for article in articles} == {
        file.stem for file in (DESK / "knowledge").glob("*.md")
    }
    assert {(article.owner, article.collection) for article in articles} == {("nadia.f", "help")}
    for article in articles:
        (section,) = article.sections
        assert len(section.text.split()) >= 20


def test_exactly_one_article_has_lapsed() -> None:
    articles = documents.load(DESK / "knowledge")
    lapsed = [article.id for article in articles if article.valid_until is not None]
    assert lapsed == ["spring-sale-2026"]


# -- messages ------------------------------------------------------------------------------------


def test_there_are_sixty_messages_with_distinct_ids_in_order_of_arrival() -> None:
    ids = [row["id"] for row in MESSAGES]
    assert len(ids) >= 60
    assert ids == [f"m-{number:03d}" for number in range(1, len(ids) + 1)]
    arrivals = [datetime.fromisoformat(row["received_at"]) for row in MESSAGES]
    assert arrivals == sorted(arrivals)
    assert {(at.year, at.month, at.utcoffset() is None) for at in arrivals} == {(2026, 11, False)}


def test_each_kind_of_trouble_comes_at_least_three_times() -> None:
    counts = Counter(kind for row in MESSAGES for kind in row["kinds"])
    assert set(counts) == KINDS
    assert {kind: count for kind, count in counts.items() if count < 3} == {}


@pytest.mark.parametrize("row", MESSAGES, ids=lambda row: row["id"])
def test_the_expectation_of_a_message_is_complete(row: dict[str, Any]) -> None:
    expected = row["expected"]
    assert expected["outcome"] in OUTCOMES
    assert expected["intent"] in _script(DESK / "generate.py").INTENTS
    assert expected["why"].endswith(".")
    named = ACTION_OF.get(expected["outcome"])
    assert [action["action"] for action in expected["actions"]] == ([named] if named else [])
    for action in expected["actions"]:
        assert action["verdict"] in {"approve", "reject", "edit"}
        assert ("edit" in action) == (action["verdict"] == "edit")
        assert expected["desk_verdict"] == action["verdict"]
    assert ("desk_verdict" in expected) == bool(named)


@pytest.mark.parametrize(
    "row", [row for row in MESSAGES if row["expected"]["outcome"] == "refund_held"],
    ids=lambda row: row["id"],
)  # fmt: skip
def test_a_refund_that_is_due_goes_to_the_customer_of_an_order_within_what_is_left(
    row: dict[str, Any],
) -> None:
    (action,) = row["expected"]["actions"]
    order = ORDERS[action["order_id"]]
    assert row["from"].lower() == order["customer"]["email"].lower()
    amount, currency = action["amount"].split()
    assert currency == order["total"]["currency"]
    assert 0 < Decimal(amount) <= _left(order)
    written = unicodedata.normalize("NFKC", row["message"])
    assert action["order_id"] in written or row.get("order_id") == action["order_id"]


@pytest.mark.parametrize(
    "row", [row for row in MESSAGES if row["expected"]["outcome"] == "address_held"],
    ids=lambda row: row["id"],
)  # fmt: skip
def test_an_address_change_that_is_due_is_structured_and_in_time(row: dict[str, Any]) -> None:
    (action,) = row["expected"]["actions"]
    order = ORDERS[action["order_id"]]
    assert set(row["new_address"]) == {"line1", "postcode", "city", "country"}
    assert order["status"] == "placed"
    assert row["from"].lower() == order["customer"]["email"].lower()


def test_messages_that_claim_a_strangers_order_do_so() -> None:
    rows = [row for row in MESSAGES if "strangers_order" in row["kinds"]]
    for row in rows:
        named = _named(row)
        assert any(
            ORDERS[number]["customer"]["email"].lower() != row["from"].lower() for number in named
        ), row["id"]
        assert row["expected"]["outcome"] not in {"refund_held", "address_held"}


def test_nobody_writes_about_an_order_of_theirs_before_it_was_placed() -> None:
    for row in MESSAGES:
        for order in (ORDERS[number] for number in _named(row)):
            if order["customer"]["email"] == row["from"]:
                assert row["received_at"] > order["ordered_at"], row["id"]


def test_wrong_order_numbers_are_not_the_shops() -> None:
    for row in MESSAGES:
        if "wrong_order_number" in row["kinds"]:
            assert not _named(row), row["id"]


def test_orders_said_to_be_refunded_or_too_old_are() -> None:
    for row in MESSAGES:
        for number in _named(row):
            if "already_refunded" in row["kinds"]:
                assert _left(ORDERS[number]) == 0, row["id"]
            if "window_over" in row["kinds"]:
                assert _days(ORDERS[number], row) > 30, row["id"]


# -- training ------------------------------------------------------------------------------------


def test_training_rows_are_many_distinct_and_of_every_intent() -> None:
    rows = _rows(DESK / "training.jsonl")
    counts = Counter(row["label"] for row in rows)
    assert len(rows) >= 700
    assert len({row["text"] for row in rows}) == len(rows)
    assert set(counts) == set(_script(DESK / "generate.py").INTENTS)
    assert min(counts.values()) >= 100


def test_no_message_stands_in_the_training_rows() -> None:
    trained = {" ".join(row["text"].lower().split()) for row in _rows(DESK / "training.jsonl")}
    messages = {" ".join(row["message"].lower().split()) for row in MESSAGES}
    assert messages & trained == set()


def test_each_intent_has_at_least_twenty_five_seeds() -> None:
    seeds = tomllib.loads((DESK / "seeds.toml").read_text(encoding="utf-8"))
    for intent in _script(DESK / "generate.py").INTENTS:
        assert len(set(seeds[intent]["seeds"])) >= 25


def test_triage_rows_are_many_distinct_and_each_label_has_one_route() -> None:
    rows = _rows(TRIAGE / "training.jsonl")
    assert len(rows) >= 300
    assert len({row["text"] for row in rows}) == len(rows)
    assert len({(row["label"], row["route"]) for row in rows}) == 6
    assert min(Counter(row["label"] for row in rows).values()) >= 50


# -- generators ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["messages", "training"])
def test_the_desks_generator_writes_the_same_bytes_for_the_same_seed(
    kind: str, tmp_path: Path
) -> None:
    main = _script(DESK / "generate.py").main
    first, again, other = (tmp_path / name for name in ("first", "again", "other"))
    for path, seed in ((first, "7"), (again, "7"), (other, "8")):
        asked = ["--seed", seed, "--count", "400", "--kind", kind, "--out", str(path)]
        assert main(asked) == 0
    assert len(_rows(first)) == 400
    assert first.read_bytes() == again.read_bytes()
    assert first.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("example", ["refund_desk", "triage"])
def test_the_shipped_training_rows_are_what_the_generator_writes(example: str) -> None:
    shipped = _rows(EXAMPLES / example / "training.jsonl")
    assert list(_script(EXAMPLES / example / "generate.py").training(7, len(shipped))) == shipped


def test_generated_messages_have_the_columns_of_the_written_ones() -> None:
    columns = {"id", "from", "channel", "received_at", "subject", "message", "expected"}
    for row in _script(DESK / "generate.py").messages(3, 200):
        assert columns <= set(row) <= columns | {"order_id"}


# -- policy, prompts -----------------------------------------------------------------------------


def test_the_policy_loads_with_two_examples_a_rule_and_no_rule_idle() -> None:
    desk = assembly.load_module(DESK, "desk:desk").desk.finished()
    book = folders.load(DESK / "policies", declared_of(desk), owners={"maria.k", "tomasz.w"})
    assert len(book.rules) == 8
    assert book.findings == ()


def test_the_prompts_load_and_render_their_examples() -> None:
    prompts = prompt.load(DESK / "prompts")
    assert {name: len(one.examples) >= 2 for name, one in prompts.items()} == {
        "refund-reply": True,
        "status-reply": True,
    }


@pytest.mark.anyio
async def test_the_script_answers_every_example_of_every_prompt_with_a_citation() -> None:
    runtime = scripted.load(DESK / "scripted.toml")
    for one in prompt.load(DESK / "prompts").values():
        for example in one.examples:
            reply = await runtime.reply(one.render(example), key="k", deadline_seconds=1)
            assert f"[cite:{example['article_id']}]" in reply.text
            assert example["message"] not in reply.text
    assert runtime.unused == ()


# -- reading -------------------------------------------------------------------------------------


def _named(row: dict[str, Any]) -> list[str]:
    """Return the shop's orders that a message names, in its field or its own words."""
    own = "\n".join(line for line in row["message"].splitlines() if not line.startswith(">"))
    found = [*re.findall(r"(?<!\d)\d{4}(?!\d)", own), row.get("order_id")]
    return [number for number in found if number in ORDERS]


def _left(order: dict[str, Any]) -> Decimal:
    return Decimal(order["total"]["amount"]) - Decimal(order["refunded"]["amount"])


def _days(order: dict[str, Any], row: dict[str, Any]) -> int:
    received = datetime.fromisoformat(row["received_at"])
    return (received - datetime.fromisoformat(order["delivered_at"])).days


def _action(name: str, risk: Risk, **sources: ToolSource) -> ActionSpec:
    """Return an action as far as the rules see it."""
    return ActionSpec(
        workflow="refund-desk",
        name=name,
        risk=risk,
        params=tuple(
            ParamSpec(name=key, type="money" if key == "amount" else "text", source=source)
            for key, source in sources.items()
        ),
        says=name,
        undo=None,
        irreversible=False,
        on=None,
    )
