"""Small projects that tests write: settings, code and rules in a folder, and a tape to act on."""

import textwrap
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from remit import testing
from remit.app import Remit
from remit.domain import actor
from remit.domain.autonomy import Level
from remit.domain.entry import Entry
from remit.domain.value import Json
from remit.governance import stops
from remit.governance.card import ApprovalRow
from remit.integrations.connector import Operation, OperationKind
from remit.integrations.recorder import RecorderConnector
from tests.sounding import sound

OLGA, PAUL, ROSA, OTTO, ODA = "olga", "paul", "rosa", "otto", "oda"
NAME = "small-desk"

SETTINGS = """
[people.olga]
name = "Olga"
roles = ["owner", "approver", "payer"]

[people.paul]
name = "Paul"
roles = ["approver"]

[people.rosa]
name = "Rosa"
roles = ["payer"]

[people.otto]
name = "Otto"
roles = ["operator"]

[people.oda]
name = "Oda"
roles = ["operator"]

[workflow]
name = "small-desk"
module = "small:desk"
phase = "expand"

[workflow.owners]
workflow = "olga"
prompts = "olga"
knowledge = "olga"
incidents = "olga"
escalation = "olga"

[workflow.desk]
grace_seconds = {grace}

[workflow.connectors.tape]
kind = "recorder"
file = "{tape}"
operations = ["getOrder", "pay", "undoPayment", "note", "mail"]
"""

# What a desk that asks a model needs beside them: a model that reads its answers from a file, or
# one that is served at a URL, and a prompt.
SCRIPTED = """
[workflow.models.house]
provider = "scripted"
file = "scripted.toml"

[workflow.routes.reply]
models = ["house"]
"""
SERVED = """
[workflow.models.house]
provider = "openai"
id = "says"
base_url = "{url}"

[workflow.routes.reply]
models = ["house"]
"""
PROMPT = """+++
owner = "olga"
route = "reply"
output_tokens_max = 100

[slots]
message = "data"

[[examples]]
message = "hello"
+++
Answer {message}
"""

PRELUDE = """
import asyncio
from typing import Annotated, Any

from pydantic import BaseModel
from remit import *
from remit import System

desk = Workflow("small-desk")
tape = desk.connector("tape")


class Wish(Case):
    order_id: Annotated[str, System] = "7"
    amount: Money | None = None
    sender: Email | None = None
    customer: PersonName | None = None
    message: str = ""


class Order(BaseModel):
    id: Annotated[str, System]
    total: Annotated[Money, System]
    note: str = ""


class Done(BaseModel):
    id: str


@desk.tool
async def get_order(order_id: str) -> Order:
    return Order.model_validate(await tape.read("getOrder", order_id=order_id))


@desk.derive
def twice(number: int) -> int:
    return 2 * number


async def take_back(id: str) -> Any:
    return await tape.perform("undoPayment", reference=id)


@desk.action(
    risk="money", undo=take_back, says="Pay {amount} on {order_id}", on=get_order, times_max=2
)
async def pay(
    order_id: Annotated[str, Source.tool("get_order", "id")],
    amount: Annotated[Money, Source.tool("get_order", "total").at_most()],
) -> Done:
    made = await tape.perform(
        "pay", order_id=order_id, amount={"amount": amount.written, "currency": amount.currency}
    )
    return Done.model_validate(made)


@desk.action(risk="low", undo=take_back, says="Note {text}", times_max=2)
async def note(text: Annotated[str, Source.any()]) -> Done:
    return Done.model_validate(await tape.perform("note", text=text))

"""

PERMIT = """
@id("{plain}")
@says("{name} is permitted")
@owner("olga")
@since("2026-11-01")
permit (principal, action == Action::"small-desk.{name}", resource);
"""

ORDER: dict[str, Json] = {
    "id": "7", "total": {"amount": "50.00", "currency": "EUR"}, "note": "nothing special",
}  # fmt: skip


def operations(*, keys: bool = True, settled: float = 0.0) -> dict[str, Operation]:
    """Return what the tape can do."""
    made = {"getOrder": Operation(name="getOrder", kind=OperationKind.READ)}
    for name in ("pay", "undoPayment", "note", "mail"):
        made[name] = Operation(
            name=name,
            kind=OperationKind.WRITE,
            undo="undoPayment" if name in {"pay", "note"} else None,
            keys_honoured=keys,
            settled_after_seconds=settled,
            timeout_seconds=1.0,
        )
    return made


@dataclass(kw_only=True)
class Small:
    """A small desk in a folder; it can be opened again and again, with other code too."""

    folder: Path
    database: str | None = None
    grace: int = 0
    granted: tuple[str, ...] = ("pay", "note")
    permitted: tuple[str, ...] = ("pay", "note", "take_back")
    policy: str = ""  # more rules
    settings: str = ""  # more of `remit.toml`
    top: str = ""  # of it, what stands before every table
    signers: int = 0  # who must sign rules that let more pass
    files: Mapping[str, str] = field(default_factory=dict)
    clock: testing.FrozenClock = field(default_factory=testing.FrozenClock)
    order: dict[str, Json] = field(default_factory=lambda: dict(ORDER))
    tape: RecorderConnector = field(init=False)

    def __post_init__(self) -> None:
        self.plug(operations())

    def plug(self, offered: Mapping[str, Operation]) -> None:
        """Begin a new tape with these operations."""
        answers: dict[str, Callable[[Mapping[str, object]], Json]] = {
            "getOrder": lambda given: {**self.order, "id": str(given["order_id"])}
        }
        self.tape = RecorderConnector("tape", offered, answers=answers)

    def write(self, body: str, *, more: str = "") -> None:
        """Write the project; `body` is the handler's, `more` stands before it."""
        home = self.folder / "project"
        (home / "policies").mkdir(parents=True, exist_ok=True)
        toml = SETTINGS.format(grace=self.grace, tape=self.folder / "unused.tape")
        changes = f"\n[changes]\npeople = {self.signers}\n"
        (home / "remit.toml").write_text(self.top + toml + changes + self.settings)
        code = textwrap.indent(textwrap.dedent(body), "    ")
        handler = f"@desk.handle\nasync def handle(case: Wish, run: Context) -> Any:\n{code}\n"
        (home / "small.py").write_text(PRELUDE + textwrap.dedent(more) + "\n\n" + handler)
        rules = "".join(
            PERMIT.format(name=name, plain=name.replace("_", "-")) for name in self.permitted
        )
        (home / "policies" / "all.cedar").write_text(rules + self.policy)
        for name, text in self.files.items():
            place = home / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    @asynccontextmanager
    async def open(
        self,
        body: str | None = None,
        *,
        more: str = "",
        replays: bool = True,
        seeds: bool = False,
        attacked: bool = False,
    ) -> AsyncIterator[Remit]:
        """Run the desk, with this handler if one is given, until the block ends.

        Its record must be sound, unless it was attacked.
        """
        if body is not None:
            self.write(body, more=more)
        data = self.folder / "data"
        data.mkdir(exist_ok=True)
        project = testing.project(
            self.folder / "project", data=data, database=self.database,
            trained=self.folder / "trained",
        )  # fmt: skip
        async with testing.running(
            project,
            clock=self.clock,
            replays=replays,
            seeds=seeds,
            prepare=self._plug_in,
        ) as remit:
            for action in self.granted:
                await testing.grant(remit, NAME, action, Level.AUTONOMOUS, signer=OLGA)
            yield remit
            await remit.heart.tick()  # time stood still, and may have leapt
            if not attacked:
                sound(remit)

    def _plug_in(self, remit: Remit) -> None:
        remit._executor._connectors["tape"] = self.tape

    def performed(self) -> list[str]:
        """Return the operations that really happened, in order."""
        return [one.operation for one in self.tape.effects()]


async def send(remit: Remit, *, external_id: str | None = None, **fields: object) -> str:
    """Send a message and let the desk work; return the case."""
    given = {"order_id": "7", **fields}
    admission = await remit.receive(NAME, given, channel="test", external_id=external_id)
    await remit.settled()
    return admission.case_id


def events(remit: Remit, case_id: str) -> list[str]:
    """Return the names of a case's entries, in order."""
    return [entry.event for entry in remit.entries(case_id)]


def found(remit: Remit, case_id: str, event: str) -> list[Entry]:
    """Return the entries of a case with that name."""
    return [entry for entry in remit.entries(case_id) if entry.event == event]


def standing(remit: Remit, case_id: str) -> tuple[str, str | None]:
    """Return a case's status and reason."""
    row = remit.case(case_id).row
    return row.status, row.reason


def result(remit: Remit, case_id: str) -> Json:
    """Return what the handler returned."""
    closed = found(remit, case_id, "orchestration:case:closed")
    assert len(closed) == 1, (standing(remit, case_id), notes(remit, case_id))
    return closed[0].payloads["result"]


def notes(remit: Remit, case_id: str) -> list[str]:
    """Return what was said when the case was escalated."""
    return [
        str(one.payloads["note"]) for one in found(remit, case_id, "orchestration:case:escalated")
    ]


def waiting(remit: Remit) -> tuple[ApprovalRow, ...]:
    """Return what waits for people."""
    return remit.inbox(person=OLGA).rows


def states(remit: Remit, case_id: str) -> list[tuple[str, str]]:
    """Return (action, state) of a case's proposals."""
    return [(one.action, one.state) for one in remit.case(case_id).effects]


def only_waiting(remit: Remit) -> ApprovalRow:
    """Return the one thing that waits for people."""
    (row,) = waiting(remit)
    return row


async def set_stop(remit: Remit, *, hard: bool, scope: str = f"workflow:{NAME}") -> None:
    """Set a stop as the desk does."""
    await remit.write(
        lambda uow: stops.set_stop(
            uow, scope=scope, sentence="wait", by=actor.person(OLGA), hard=hard
        )
    )


async def lift_stop(remit: Remit, *, scope: str = f"workflow:{NAME}") -> None:
    """Lift a stop as two people do."""
    for person in (OLGA, PAUL):
        await remit.write(
            lambda uow, person=person: stops.lift_stop(
                uow, scope=scope, reason="go", person=person
            )
        )
