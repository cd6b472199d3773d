"""A desk with as many rules as asked, and the gate's parts measured on a case of it."""

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.gate import rules as spread
from bench.places import HOME

NAME = "refunds"
OWNER = "maria.k"
CASES = 150
ROUNDS_MIN, ROUNDS_MAX = 20, 2000
SECONDS = 2.5
FIELDS = (
    "customer", "status", "channel", "warehouse", "carrier", "parcel", "invoice", "region",
    "brand",
)  # fmt: skip
ARGUMENTS = FIELDS[:7]

SETTINGS = """
[people."maria.k"]
name = "Maria K."
roles = ["owner", "approver"]

[workflow]
name = "refunds"
module = "small:desk"
phase = "expand"

[workflow.owners]
workflow = "maria.k"
prompts = "maria.k"
knowledge = "maria.k"
incidents = "maria.k"
escalation = "maria.k"

[workflow.desk]
grace_seconds = 0

[workflow.connectors.shop]
kind = "recorder"
file = "shop.tape"
operations = ["refund", "cancel"]
"""
HEAD = '''
"""A desk for a benchmark."""

from typing import Annotated, Any

from pydantic import BaseModel

from remit import Case, Context, Money, Source, System, Workflow

desk = Workflow("refunds")
shop = desk.connector("shop")


class Wish(Case):
    order_id: str


class Order(BaseModel):
    id: Annotated[str, System]
    total: Annotated[Money, System]
    refunded: Annotated[Money, System]
{fields}


class Refund(BaseModel):
    id: str


@desk.tool
async def get_order(order_id: Annotated[str, Source.case("order_id")]) -> Order:
    return Order.model_validate(await shop.read("getOrder", order_id=order_id))


@desk.derive
def refundable(
    total: Annotated[Money, Source.tool("get_order", "total")],
    refunded: Annotated[Money, Source.tool("get_order", "refunded")],
) -> Money:
    return Money(total.amount - refunded.amount, total.currency)


@desk.derive
def state(status: Annotated[str, Source.tool("get_order", "status")]) -> str:
    return status
'''
ACTION = """

async def cancel_{place}(id: str) -> Any:
    return await shop.perform("cancel", id=id)


@desk.action(
    risk="money", undo=cancel_{place}, says="Refund {{amount}} for order {{order_id}}",
    facts=(refundable, state), times_max=10_000,
)
async def {name}(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
    note: Annotated[str, Source.any()],
{parameters}
) -> Refund:
    answer = await shop.perform("refund", order_id=order_id, amount=str(amount), note=note)
    return Refund(id=answer["id"])
"""
HANDLER = """

@desk.handle
async def handle(case: Wish, run: Context) -> str:
    order = await run.read(get_order, order_id=case.order_id)
    await run.derive(refundable, total=order.total, refunded=order.refunded)
    await run.derive(state, status=order.status)
    done = await run.act(
        {name}, order_id=order.id, amount=Money.of("19.00 EUR"), note="Sorry for the delay",
        {given}
    )
    return done.state
"""
RULE = """@id("{name}")
@says("Rule {name}")
@owner("maria.k")
@since("2026-11-01")
{effect} (
  principal,
  action == Action::"refunds.{action}",
  resource
)
when {{ context.args.amount > {above} }};
"""


def write(folder: Path, size: int, layout: str) -> None:
    """Write the project."""
    made = spread.rules(size, layout)
    actions = sorted({one.action for one in made}, key=lambda one: int(one.rpartition("_")[2]))
    parameters = "\n".join(
        f'    {name}: Annotated[str, Source.tool("get_order", "{name}")],' for name in ARGUMENTS
    )
    code = HEAD.format(fields="\n".join(f"    {one}: Annotated[str, System]" for one in FIELDS))
    for name in actions:
        code += ACTION.format(name=name, place=name.rpartition("_")[2], parameters=parameters)
    code += HANDLER.format(
        name=actions[0], given=", ".join(f"{one}=order.{one}" for one in ARGUMENTS)
    )
    (folder / "policies").mkdir(parents=True)
    (folder / "remit.toml").write_text(SETTINGS)
    (folder / "small.py").write_text(code)
    (folder / "policies" / "all.cedar").write_text(
        "\n".join(
            RULE.format(
                name=one.name,
                action=one.action,
                above=one.above,
                effect="permit" if one.permits else "forbid",
            )
            for one in made
        )
    )


def main() -> None:
    """Measure one size in one layout and print figures as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("size", type=int)
    parser.add_argument("layout", choices=spread.LAYOUTS)
    asked = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=HOME) as folder:
        write(Path(folder) / "project", asked.size, asked.layout)
        print(json.dumps(asyncio.run(work(Path(folder)))))


async def work(folder: Path) -> dict[str, Any]:
    """Run cases through the whole gate with the commit, then measure its parts on the last one."""
    from remit import testing
    from remit.domain.money import Money
    from remit.domain.value import canonical
    from remit.integrations.connector import Operation, OperationKind
    from remit.integrations.recorder import RecorderConnector
    from remit.opening import open_remit
    from remit.orchestration import facts, intending

    project = testing.project(folder / "project", data=folder / "data")
    (folder / "data").mkdir()
    remit = open_remit(project, owner="bench")
    order = {name: f"{name} of this" for name in FIELDS} | {
        "total": canonical(Money.of("1900000.00 EUR")).form,
        "refunded": canonical(Money.of("0.00 EUR")).form,
    }
    shop = RecorderConnector(
        "shop",
        {
            "getOrder": Operation(name="getOrder", kind=OperationKind.READ),
            "refund": Operation(
                name="refund", kind=OperationKind.WRITE, undo="cancel", keys_honoured=True
            ),
            "cancel": Operation(name="cancel", kind=OperationKind.WRITE, keys_honoured=True),
        },
        answers={"getOrder": lambda given: {**order, "id": str(given["order_id"])}},
    )
    remit._executor._connectors["shop"] = shop  # noqa: SLF001 - the shop is in this process
    committed: dict[str, list[float]] = {"cpu_us": [], "wall_us": []}
    seen: list[tuple[Any, Any]] = []
    begin, gather = intending.Intending.begin, facts.gather

    async def timed(self: Any, *given: Any, **more: Any) -> Any:
        cpu, wall = time.process_time_ns(), time.perf_counter_ns()
        try:
            return await begin(self, *given, **more)
        finally:
            committed["cpu_us"].append((time.process_time_ns() - cpu) / 1000)
            committed["wall_us"].append((time.perf_counter_ns() - wall) / 1000)

    def watched(run: Any, connection: Any, proposal: Any, **more: Any) -> Any:
        seen[:] = [(run, proposal)]
        return gather(run, connection, proposal, **more)

    await remit.start()
    try:
        for name in remit.equipment[NAME].workflow.actions:
            if name == spread.action(0):
                await testing.grant(remit, NAME, name, testing.Level.AUTONOMOUS, signer=OWNER)
        intending.Intending.begin, facts.gather = timed, watched
        for number in range(CASES):
            await remit.receive(
                NAME, {"order_id": f"order {number}"}, channel="bench", external_id=str(number)
            )
            await remit.settled()
        intending.Intending.begin, facts.gather = begin, gather
        effects = len(shop.effects())
        if effects != CASES:
            raise AssertionError(f"{effects} of {CASES} cases ran to their end")
        made = parts(remit, *seen[0])
    finally:
        await remit.stop()
    return {"committed": committed, **made}


def parts(remit: Any, run: Any, proposal: Any) -> dict[str, Any]:
    """Measure the whole gate without a commit, and each part of it alone."""
    from remit.orchestration import facts, provenance
    from remit.policy import gate, sources

    equipment = remit.equipment[NAME]
    taken: dict[str, tuple[tuple[Any, ...], dict[str, Any]]] = {}
    places = {
        "prove": (sources, "prove"),
        "bound": (facts, "bound"),
        "rows": (facts, "read_standing"),
        "ask": (facts, "ask"),
    }
    real = {name: getattr(*place) for name, place in places.items()}
    for name, (module, attribute) in places.items():
        setattr(module, attribute, _kept(taken, name, real[name]))
    gathered = remit.database.read(lambda c: facts.gather(run, c, proposal))
    for name, (module, attribute) in places.items():
        setattr(module, attribute, real[name])
    decision = gate.decide(gathered.facts)
    if str(decision.verdict) != "allow":
        raise AssertionError(f"the gate says {decision.verdict}: {decision.reasons}")
    chosen = equipment.book.slices[f"{NAME}.{proposal.action}"]

    def forget() -> None:
        run.witnessed = None
        chosen.answers.clear()

    def again(name: str) -> Callable[[], Any]:
        given, more = taken[name]
        return lambda: real[name](*given, **more)

    found: dict[str, Any] = {"witnesses": len(gathered.witnesses)}

    def measure(connection: Any) -> None:
        given, more = taken["rows"]
        rows = ((connection, *given[1:]), more)
        found["whole"] = times(
            lambda: gate.decide(facts.gather(run, connection, proposal).facts), forget
        )
        found["whole, answers remembered"] = times(
            lambda: gate.decide(facts.gather(run, connection, proposal).facts),
            lambda: setattr(run, "witnessed", None),
        )
        found["witnesses of the case"] = times(lambda: provenance.witnesses(run), forget)
        found["rows"] = times(lambda: real["rows"](*rows[0], **rows[1]), forget)

    remit.database.read(measure)
    found["proof and labels"] = times(again("prove"), forget)
    found["canonical form and digests"] = times(again("bound"), forget)
    found["Cedar"] = times(again("ask"), forget)
    found["Cedar, answer remembered"] = times(again("ask"), lambda: None)
    found["decide"] = times(lambda: gate.decide(gathered.facts), lambda: None)
    found["rules in the slice"] = len(
        [
            one
            for one in equipment.book.rules.values()
            if one.covers(f"{NAME}.{proposal.action}", ())
        ]
    )
    return found


def _kept(
    taken: dict[str, tuple[tuple[Any, ...], dict[str, Any]]], name: str, body: Callable[..., Any]
) -> Callable[..., Any]:
    def call(*given: Any, **more: Any) -> Any:
        taken[name] = (given, more)
        return body(*given, **more)

    return call


def times(body: Callable[[], Any], before: Callable[[], None]) -> dict[str, list[float]]:
    """Return thread CPU and wall clock of each of many calls, in microseconds."""
    cpu, wall = [], []
    end = time.perf_counter() + SECONDS
    while len(cpu) < ROUNDS_MAX and (time.perf_counter() < end or len(cpu) < ROUNDS_MIN):
        before()
        begun, at = time.thread_time_ns(), time.perf_counter_ns()
        body()
        cpu.append((time.thread_time_ns() - begun) / 1000)
        wall.append((time.perf_counter_ns() - at) / 1000)
    return {"cpu_us": cpu, "wall_us": wall}


if __name__ == "__main__":
    main()
