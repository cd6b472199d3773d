"""What cannot be governed is refused when it is declared, with what to write instead."""

import inspect
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel

from remit.authoring.case import Case
from remit.authoring.context import Context
from remit.authoring.schema import System
from remit.authoring.source import Source
from remit.authoring.workflow import Workflow
from remit.domain.action import AnySource, CaseSource
from remit.domain.money import Money
from remit.errors import RegistrationError
from remit.intake.fields import Email


class Order(BaseModel):
    id: Annotated[str, System]
    total: Annotated[Money, System]


class Address(BaseModel):
    street: str
    town: Annotated[str, Source.any()] = ""


class Plain(BaseModel):
    street: str


class Kind(Enum):
    REFUND = "refund"


class Wish(Case):
    order_id: str = ""
    number: int = 0


def desk() -> Workflow:
    """Return a workflow with a read, another one, and a derive."""
    made = Workflow("desk")

    @made.tool
    async def get_order(order_id: str) -> Order:
        raise NotImplementedError

    @made.tool
    async def get_ticket(order_id: str) -> Order:
        raise NotImplementedError

    @made.derive
    def twice(number: int) -> int:
        return 2 * number

    return made


async def undone(id: str) -> Any:
    """Take it back."""


def acting(**types: Any) -> Callable[[], Any]:
    """Return what declares an action whose parameters have these types."""

    def declare() -> Any:
        async def act(**_: Any) -> None: ...

        act.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=hint)
                for name, hint in types.items()
            ]
        )
        act.__annotations__ = dict(types)
        return desk().action(risk="low", undo=undone, says="Act")(act)

    return declare


ID = Annotated[str, Source.tool("get_order", "id")]


def _action(**given: Any) -> Callable[[], Any]:
    async def act(it: ID) -> None: ...

    return lambda: desk().action(**{"risk": "low", "undo": undone, "says": "Act"} | given)(act)


async def _untyped(it) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    ...


async def _starred(*it: str) -> None: ...


def _plain(it: ID) -> None: ...


async def _no_result(order_id: str):  # type: ignore[no-untyped-def]  # noqa: ANN202
    ...


async def _two(
    it: ID,
    other: Annotated[str, Source.tool("get_ticket", "id")],
) -> None: ...


def _finished(*, tool: str = "get_order", path: str = "id", case: str | None = None) -> Any:
    made = desk()
    source = Source.tool(tool, path) if case is None else Source.case(case)

    async def act(it: str) -> None: ...

    act.__annotations__ = {"it": Annotated[str, source], "return": None}
    made.action(risk="low", undo=undone, says="Act")(act)

    @made.handle
    async def handle(case: Wish, run: Context) -> None: ...

    return made.finished()


async def _async_derive(number: int) -> int:
    return number


def _handlers() -> None:
    made = desk()

    async def handle(case: Wish, run: Context) -> None: ...

    made.handle(handle)
    made.handle(handle)


def _no_case() -> None:
    async def handle(case: str, run: Context) -> None: ...

    desk().handle(handle)  # type: ignore[arg-type]


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no source": (acting(it=str), "says not where it comes from"),
    "no type": (lambda: desk().action(risk="low", undo=undone, says="x")(_untyped), "has no type"),
    "star": (lambda: desk().action(risk="low", undo=undone, says="x")(_starred), "takes `\\*it`"),
    "a float": (acting(it=Annotated[float, Source.case("number")]), "use `Decimal`"),
    "bytes": (acting(it=Annotated[bytes, Source.case("number")]), "has the type `bytes`"),
    "content of money": (acting(it=Annotated[Money, Source.any()]), "is a money; `Source.any"),
    "content of a number": (acting(it=Annotated[int, Source.any()]), "is an integer"),
    "content of a decimal": (acting(it=Annotated[Decimal, Source.any()]), "is a decimal"),
    "content of a list": (acting(it=Annotated[list[str], Source.any()]), "is a list"),
    "content of a map": (acting(it=Annotated[dict[str, str], Source.any()]), "is a record"),
    "content of a model": (acting(it=Annotated[Plain, Source.any()]), "is a record"),
    "content of an instant": (acting(it=Annotated[datetime, Source.any()]), "is an instant"),
    "content of an address": (acting(it=Annotated[Email, Source.any()]), "is an address"),
    "a bound of words": (
        acting(it=Annotated[str, Source.tool("get_order", "id").at_most()]), "is a text",
    ),
    "a bound of a list": (
        acting(it=Annotated[list[Money], Source.tool("get_order", "total").at_most()]),
        "is a list; `.at_most",
    ),
    "sources in a model": (
        acting(it=Annotated[Address, Source.case("order_id")]), "source on its field `town`",
    ),
    "no undo": (_action(undo=None), "says not how it is taken back"),
    "undo and none": (_action(irreversible=True), "keep one"),
    "unknown risk": (_action(risk="huge"), "use low, normal, money"),
    "slot": (_action(says="Act on {that}"), "no parameter"),
    "fact": (_action(facts=(undone,)), "is no derive"),
    "two records": (
        lambda: desk().action(risk="low", undo=undone, says="x")(_two), "say with `on=`",
    ),
    "not async": (lambda: desk().action(risk="low", undo=undone, says="x")(_plain), "not async"),  # type: ignore[arg-type]
    "tool without result": (lambda: desk().tool(_no_result), "declares no result"),
    "async derive": (lambda: desk().derive(_async_derive), "must only compute"),
    "workflow name": (lambda: Workflow("my desk"), "no workflow name"),
    "no such tool": (lambda: _finished(tool="get_parcel"), "which is no tool"),
    "no such field": (lambda: _finished(path="name"), "which is no field; there are id, total"),
    "no such case field": (lambda: _finished(case="colour"), "which is no field"),
    "no handler": (lambda: desk().finished(), "has no handler"),
    "two handlers": (_handlers, "two handlers"),
    "handler without a case": (_no_case, "must take a case"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_governed_is_refused(name: str) -> None:
    declare, says = REFUSED[name]

    with pytest.raises(RegistrationError, match=says):
        declare()


@pytest.mark.parametrize("hint", [str, bool, Literal["a", "b"], Kind, str | None, "date"], ids=str)
def test_words_may_come_from_anywhere(hint: Any) -> None:
    acting(it=Annotated[date if hint == "date" else hint, Source.any()])()


def test_a_name_is_declared_once() -> None:
    made = desk()

    async def get_order(order_id: str) -> Order:
        raise NotImplementedError

    with pytest.raises(RegistrationError, match="declared twice"):
        made.tool(get_order)


def test_a_parameter_named_and_typed_like_a_field_of_the_case_takes_it() -> None:
    """Only by name would a number choose a record that a text of the requester names."""
    made = desk()

    @made.tool
    async def by_number(number: str) -> Order:
        raise NotImplementedError

    @made.handle
    async def handle(case: Wish, run: Context) -> None: ...

    done = made.finished()

    assert done.tools["get_order"].filled_in == ("order_id",)
    assert done.tools["get_order"].spec.params[0].source == CaseSource(field="order_id")
    assert done.tools["by_number"].filled_in == ()
    assert done.tools["by_number"].spec.params[0].source == AnySource()
