"""What the entries of a case say, in few words, and what is proven from them."""

from dataclasses import replace

from remit.authoring.source import Source, SourceBuilder
from remit.domain.action import ActionSpec, ArgumentProof, Integrity, ParamSpec, Risk, Witness
from remit.domain.money import Money
from remit.domain.value import Canonical, canonical
from remit.policy import sources

STATED, VOUCHED, UNTRUSTED = Integrity.STATED, Integrity.VOUCHED, Integrity.UNTRUSTED


def action(**declared: tuple[str, SourceBuilder]) -> ActionSpec:
    return ActionSpec(
        workflow="refund-desk",
        name="issue_refund",
        risk=Risk.MONEY,
        params=tuple(
            ParamSpec(name=name, type=kind, source=source.tree, optional=name == "extra")
            for name, (kind, source) in declared.items()
        ),
        says="Refund",
        undo=None,
        irreversible=False,
        on="get_order",
    )


def case(
    field: str,
    value: object,
    *,
    seq: int = 1,
    integrity: Integrity = STATED,
    assumptions: tuple[str, ...] = (),
) -> Witness:
    made = said("case", "", field, value, seq=seq, integrity=integrity)
    return replace(made, assumptions=assumptions)


def said(
    tool: str,
    record: str,
    path: str,
    value: object,
    *,
    seq: int = 4,
    element: int = 0,
    integrity: Integrity = VOUCHED,
) -> Witness:
    made = value if isinstance(value, Canonical) else canonical(value)
    return Witness(
        seq=seq,
        tool=tool,
        record=record,
        path=path,
        element=element,
        type=made.type,
        form=made.form,
        integrity=integrity,
    )


def order(
    record: str, total: str, *, seq: int = 4, integrity: Integrity = VOUCHED
) -> tuple[Witness, ...]:
    return (
        said("get_order", record, "id", record, seq=seq, integrity=integrity),
        said("get_order", record, "total", Money.of(total), seq=seq, integrity=integrity),
    )


def prove(
    spec: ActionSpec, given: dict[str, object], *witnesses: Witness, **more: object
) -> dict[str, ArgumentProof]:
    arguments = {name: canonical(value) for name, value in given.items()}
    proofs = sources.prove(spec, arguments, witnesses, **more)  # type: ignore[arg-type]
    return {proof.parameter: proof for proof in proofs}


def one(
    source: SourceBuilder, value: object, *witnesses: Witness, **more: object
) -> ArgumentProof:
    return prove(action(it=("text", source)), {"it": value}, *witnesses, **more)["it"]


ORDER_ID = Source.case("order_id")
REFUND = action(
    order_id=("text", Source.case("order_id") | Source.tool("get_order", "id")),
    amount=("money", Source.tool("get_order", "total").at_most()),
)
EXACT = action(
    order_id=("text", Source.case("order_id") | Source.tool("get_order", "id")),
    amount=("money", Source.tool("get_order", "total")),
)
REFUND_ID = ("text", Source.case("order_id") | Source.tool("get_order", "id"))
