"""Sources as authors write them, and the nonsense that is refused."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from remit.authoring.source import Source, SourceBuilder
from remit.domain.action import (
    AnySource,
    CaseSource,
    DirectorySource,
    LiteralSource,
    OneOf,
    ToolSource,
)
from remit.domain.money import Money
from remit.errors import SourceDeclarationError


def test_each_source_builds_its_domain_value() -> None:
    by = ("last4", CaseSource(field="card"))

    assert [
        Source.case("order_id").tree,
        Source.tool("get_order", "total").at_most().tree,
        Source.tool("get_customer", "cards.id").by("last4", Source.case("card")).at_most().tree,
        Source.directory("warehouses").tree,
        Source.any().tree,
        Source.literal("a", 1, Money.of("19 EUR"), Decimal("1.50"), None).tree,
    ] == [
        CaseSource(field="order_id"),
        ToolSource(tool="get_order", path="total", at_most=True),
        ToolSource(tool="get_customer", path="cards.id", by=by, at_most=True),
        DirectorySource(name="warehouses"),
        AnySource(),
        LiteralSource(values=("a", 1, {"amount": "19.00", "currency": "EUR"}, "1.5", None)),
    ]


def test_alternatives_are_one_flat_list_as_written() -> None:
    a, b, c = Source.case("a"), Source.case("b"), Source.case("c")

    assert (a | (b | c)).tree == OneOf(sources=(a.tree, b.tree, c.tree))
    assert ((a | b) | c).tree == OneOf(sources=(a.tree, b.tree, c.tree))


@pytest.mark.parametrize(
    ("nonsense", "said"),
    [
        (lambda: Source.literal("a").at_most(), "Source.tool"),
        (lambda: Source.case("a").by("k", Source.case("b")), "Source.tool"),
        (lambda: Source.any().at_most(), "Source.tool"),
        ((Source.tool("t", "a") | Source.tool("t", "b")).at_most, "Source.tool"),
        (lambda: Source.any() | Source.case("a"), "stands alone"),
        (lambda: Source.case("a") | Source.any(), "stands alone"),
        (lambda: Source.tool("t", "a").by("k", Source.literal("b")), "Source.case"),
        (
            lambda: Source.tool("t", "a").by("k", Source.case("b")).by("l", Source.case("c")),
            "twice",
        ),
        (Source.literal, "at least one"),
        (lambda: Source.literal(1.5), "float"),  # type: ignore[arg-type]
        (lambda: Source.case(""), "does not name a field"),
        (lambda: Source.tool("get order", "id"), "does not name a tool"),
        (lambda: Source.tool("get_order", ""), "does not name a field"),
        (lambda: Source.directory(" "), "does not name a directory"),
        (
            lambda: [a := Source.case("x"), a | a | a | a | a | a | a | a | a][1],
            "at most 8",
        ),
    ],
)
def test_nonsense_is_refused_with_what_to_do(
    nonsense: Callable[[], SourceBuilder], said: str
) -> None:
    with pytest.raises(SourceDeclarationError, match=said):
        nonsense()
