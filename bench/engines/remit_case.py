"""The durable case of seven steps in Remit: `full` as it ships, `bare` with masking and rules off.

Normalise and mask are the admission; retrieve is a read; model is a prompt; policy and action are
one `act` through the gate and the executor; audit is a last recorded step. Each gives 1 KB.
"""

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[2] / "src"), str(Path(__file__).parent)]

from load import drive, folder, options, result, tell  # noqa: E402 - found beside this file

from remit import testing  # noqa: E402
from remit.app import Remit  # noqa: E402
from remit.domain.approval import Verdict  # noqa: E402
from remit.domain.autonomy import Level  # noqa: E402
from remit.domain.case import CaseStatus  # noqa: E402
from remit.domain.decision import PolicyAnswer  # noqa: E402
from remit.intake.mask import Masked, Masker  # noqa: E402
from remit.integrations.connector import (  # noqa: E402
    Absent,
    Health,
    Manifest,
    Operation,
    OperationKind,
    Performed,
    Receipt,
    Record,
)
from remit.opening import open_remit, settle  # noqa: E402
from remit.orchestration.desk import Desk  # noqa: E402
from remit.orchestration.run import Run  # noqa: E402
from remit.policy import book as books  # noqa: E402
from remit.store import approvals  # noqa: E402

MESSAGE = (
    result("message")[:900]
    + " My order is 4711 and my address is anna.lindqvist@example.org, as before."
)
SYNCHRONOUS_FULL = 2
PAGE, ANSWER = result("retrieve"), result("action")
SETTINGS = """
[people.olga]
name = "Olga"
roles = ["owner", "approver"]

[workflow]
name = "seven"
module = "seven:seven"
phase = "expand"

[workflow.owners]
workflow = "olga"
prompts = "olga"
knowledge = "olga"
incidents = "olga"
escalation = "olga"

[workflow.models.house]
provider = "scripted"
file = "scripted.toml"

[workflow.routes.reply]
models = ["house"]

[workflow.connectors.memory]
kind = "recorder"
file = "tape"
operations = ["getPage", "send", "takeBack"]
"""
WORKFLOW = '''
"""Seven steps that do nothing."""

from typing import Annotated

from remit import Case, Context, Source, Workflow

seven = Workflow("seven")
memory = seven.connector("memory")


class Letter(Case):
    message: str


@seven.tool
async def get_page() -> str:
    """Retrieve."""
    return str(await memory.read("getPage"))


@seven.derive
def audit(state: Annotated[str, Source.any()]) -> str:
    """Audit."""
    return AUDIT


async def take_back(id: str) -> None:
    await memory.perform("takeBack", id=id)


@seven.action(risk="low", undo=take_back, says="Send an answer", grace_seconds=0)
async def send(body: Annotated[str, Source.any()]) -> str:
    """Act."""
    return str(await memory.perform("send", body=body))


@seven.handle
async def handle(case: Letter, run: Context) -> str:
    await run.read(get_page)
    draft = await run.ask("answer", message=case.message)
    done = await run.act(send, body=draft.text)
    await run.derive(audit, state=done.state)
    return done.state
'''
PROMPT = """+++
owner = "olga"
route = "reply"
output_tokens_max = 300

[slots]
message = "data"
+++
Answer the message {message}.
"""
RULE = """
@id("send")
@says("An answer may be sent")
@owner("olga")
@since("2026-11-01")
permit (principal, action == Action::"seven.send", resource);
"""
EXAMPLE = """
[[example]]
action = "seven.send"
"""


def main() -> None:
    """Run the case in one dress."""
    parser = options()
    parser.add_argument("--dress", choices=("full", "bare"), default="full")
    parser.add_argument("--profile", help="write a cProfile of the event loop's thread here")
    asked = parser.parse_args()
    with folder() as home:
        write(Path(home))
        if asked.dress == "bare":
            undress()
        if asked.profile:
            import cProfile

            with cProfile.Profile() as profile:
                figures = asyncio.run(measure(Path(home), asked))
            profile.dump_stats(asked.profile)
        else:
            figures = asyncio.run(measure(Path(home), asked))
        tell(figures)


def write(folder: Path, settings: str = SETTINGS) -> None:
    """Write the project."""
    for name, text in {
        "remit.toml": settings,
        "seven.py": WORKFLOW.replace("seven = W", f"AUDIT = {result('audit')!r}\nseven = W"),
        "prompts/answer.md": PROMPT,
        "policies/seven.cedar": RULE,
        "scripted.toml": f'[[line]]\nprompt = "answer"\nreply = """{result("model")}"""\n',
    }.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


async def measure(folder: Path, asked: argparse.Namespace) -> dict[str, float]:
    """Run cases, then judge the whole record."""
    project = testing.project(folder, data=folder, database=asked.url)
    remit = open_remit(project, owner="bench")
    memory = Memory()
    remit._executor._connectors["memory"] = memory  # noqa: SLF001 - settings name no dictionary
    waiting: dict[str, asyncio.Future[CaseStatus | None]] = {}
    loop = asyncio.get_running_loop()

    async def told(case_id: str) -> CaseStatus | None:
        status = await remit.engine.run(case_id)
        waiting.setdefault(case_id, loop.create_future()).set_result(status)
        return status

    remit.drive = told
    await remit.start()
    settle()  # as `remit serve` and `remit work` do
    if not asked.approval:
        await testing.grant(remit, "seven", "send", Level.AUTONOMOUS, signer="olga")

    async def approved(number: int) -> float:
        admission = await remit.receive(
            "seven", {"message": MESSAGE}, channel="bench", external_id=f"case-{number}"
        )
        case_id = admission.case_id
        assert await waiting.setdefault(case_id, loop.create_future()) is CaseStatus.PARKED
        waiting[case_id] = loop.create_future()
        (row,) = remit.database.read(lambda c: approvals.of_case(c, case_id))
        held = row.approval_id
        shown = remit.approval(held, person="olga")
        began = time.perf_counter()
        await remit.decide(
            held, person="olga", verdict=Verdict.APPROVE, digest=shown.card.digest, channel="bench"
        )
        status = await waiting[case_id]
        took = time.perf_counter() - began
        assert status is CaseStatus.CLOSED, remit.case(case_id).timeline
        return took

    async def plain(number: int) -> None:
        admission = await remit.receive(
            "seven", {"message": MESSAGE}, channel="bench", external_id=f"case-{number}"
        )
        case_id = admission.case_id
        status = await waiting.setdefault(case_id, loop.create_future())
        del waiting[case_id]
        assert status is CaseStatus.CLOSED, remit.case(case_id).timeline

    commits = Commits(remit)
    one = approved if asked.approval else plain
    figures = await drive(one, at_a_time=asked.at_a_time, seconds=asked.seconds)
    report = remit.verify()
    assert report.result == "intact", report
    closed = remit.counts()["closed"]
    assert closed == len(memory.performed) >= figures["cases"]
    if asked.url is None:
        synchronous = remit.database.writer().value("pragma synchronous")
        assert synchronous == SYNCHRONOUS_FULL
    entries = remit.database.read(lambda c: c.value("select count(*) from entries"))
    await remit.stop()
    return figures | {
        "entries_per_case": entries / closed,
        "commits": commits.made / closed,
        "waits": commits.waits / closed,
    }


class Commits:
    """Counts commits, and the writes that somebody waited for."""

    def __init__(self, remit: Remit) -> None:
        self.made = self.waits = 0
        remit.writer.before_commit.append(self._point)
        Run.write, Desk.write = self._counted(Run.write), self._counted(Desk.write)  # type: ignore[method-assign]

    def _counted(self, write: Any) -> Any:
        def counted(*args: Any, **kwargs: Any) -> Any:
            self.waits += 1
            return write(*args, **kwargs)

        return counted

    def _point(self, name: str) -> None:
        self.made += name == "after-commit"


class Memory:
    """Another system that is a dictionary."""

    def __init__(self) -> None:
        writes = ("send", "takeBack")
        self.manifest = Manifest(
            connector="memory",
            operations={
                "getPage": Operation(name="getPage", kind=OperationKind.READ),
                **{
                    name: Operation(name=name, kind=OperationKind.WRITE, keys_honoured=True)
                    for name in writes
                },
            },
        )
        self.performed: dict[str, str] = {}

    async def read(self, *_: object, **__: object) -> Record:
        return Record(value=PAGE)

    async def perform(self, *_: object, key: str, **__: object) -> Performed:
        reference = self.performed.setdefault(key, f"done-{len(self.performed)}")
        return Performed(receipt=Receipt(reference=reference, body=ANSWER))

    async def find(self, *_: object, **__: object) -> Absent:
        return Absent()

    async def health(self) -> Health:
        return Health(ok=True, sentence="a dictionary")

    async def close(self) -> None:
        return None


def undress() -> None:
    """Take free-text masking and the rule engine out; everything else stays."""

    def text(_self: Masker, text: str, **_: object) -> Masked:
        return Masked(text=text, tokens=())

    def json(_self: Masker, value: object, **_: object) -> object:
        return value

    def ask(_book: books.PolicyBook, _request: object) -> PolicyAnswer:
        return PolicyAnswer(loaded=True, decision="allow", permits=("send",))

    Masker.mask_text, Masker.mask_json, books.ask = text, json, ask
    Masker.contains_unknown_token = lambda *_: ()


if __name__ == "__main__":
    main()
