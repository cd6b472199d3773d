"""A small desk with two actions, and rules for it that are written in one line."""

from pathlib import Path

from remit.authoring.source import Source
from remit.domain.action import ActionSpec, FieldSpec, ParamSpec, Risk, ToolSpec
from remit.domain.decision import PolicyAnswer
from remit.domain.money import Money
from remit.domain.value import canonical
from remit.policy import book as books
from remit.policy import folder as folders
from remit.policy.book import Declared, PolicyBook
from remit.policy.request import PolicyRequest

WORKFLOW = "refund-desk"
OWNERS = {"maria.k"}


def declare(name: str, risk: Risk, on: str | None, *params: ParamSpec) -> ActionSpec:
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
    declare(
        "issue_refund",
        Risk.MONEY,
        "get_order",
        _param("order_id", "text"),
        _param("amount", "money"),
        _param("fee", "money", optional=True),
        _param("note", "text", content=True),
    ),
    declare("send_reply", Risk.LOW, None, _param("text", "text", content=True)),
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
DECLARED = Declared(specs=tuple(SPECS), tools=tuple(TOOLS))
HEAD = '@says("Because") @owner("maria.k") @since("2026-11-01")'
SCOPE = f'(principal, action == Action::"{WORKFLOW}.issue_refund", resource)'
PERMIT = f'@id("may-refund") {HEAD}\npermit {SCOPE};\n'


def rule(body: str, name: str = "the-rule", obligation: str = "") -> str:
    asks = f' @obligation("{obligation}")' if obligation else ""
    return f'@id("{name}") {HEAD}{asks}\n{body}\n'


def forbid(when: str, name: str = "the-rule", obligation: str = "", unless: str = "") -> str:
    end = f" unless {{ {unless} }}" if unless else ""
    return rule(f"forbid {SCOPE} when {{ {when} }}{end};", name, obligation)


def load(folder: Path, *texts: str, examples: str = "") -> PolicyBook:
    for number, text in enumerate(texts):
        (folder / f"desk-{number}.cedar").write_text(text, encoding="utf-8")
    if examples:
        (folder / "desk.examples.toml").write_text(examples, encoding="utf-8")
    return folders.load(folder, DECLARED, owners=OWNERS)


def request(amount: str = "19.00 EUR", **said: object) -> PolicyRequest:
    arguments = {
        "order_id": canonical("1007"),
        "amount": canonical(Money.of(amount)),
        "note": canonical("Sorry"),
    }
    more = {"record": "1007", "arguments": arguments} | said
    return PolicyRequest(workflow=WORKFLOW, action="issue_refund", case_id="c1", **more)  # type: ignore[arg-type]


def ask(folder: Path, *texts: str, **said: object) -> PolicyAnswer:
    return books.ask(load(folder, *texts), request(**said))  # type: ignore[arg-type]


TWO = forbid(
    "context.args.amount > 50000",
    "two-above-500",
    "approve(n=2, role=refund-approver)",
    "context.facts.approvals >= 2",
)
