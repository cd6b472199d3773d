"""Values planted by every entry of a real desk stand only with who may have them.

Here the desk runs in this process, with its time standing still; `test_canaries_live.py` does it
with commands and processes. What is searched is everything that was written, shown or sent.
"""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from remit import testing
from remit.api import server as api_server
from remit.app import Remit
from remit.assembly import training
from remit.console import error_pages, pages
from remit.domain.approval import RejectReason, Verdict
from remit.errors import RemitError
from remit.intake.mailboxes import RawMail
from remit.intake.mask import Masked, Masker
from remit.intake.scrub import scrub
from remit.ledger.export import export
from remit.observability import logging as lines
from tests import asked_pages, planting, searched
from tests.browser.test_real_desk import at_the_desk
from tests.canaries import TEXT_KINDS, Flock, Sighting, seen
from tests.loopback.models import LoopbackModels, serving
from tests.planting import COLUMNS, FAULTY, WAYS
from tests.projects import NAME, OLGA, Small, standing, waiting
from tests.watching import watching

pytestmark = pytest.mark.anyio


ROUNDS, MANY, EACH_MIN = 8, 9, 1_000  # of the long form
IDS = "id of a message"
BESIDE = {"caller", "httpx2"}  # what logs here beside Remit: who calls it, and the browser


@dataclass(slots=True, kw_only=True)
class Walk:
    """One desk that is told values everywhere, and what it wrote, showed and sent."""

    small: Small
    flock: Flock
    written: list[tuple[str, bytes]] = field(default_factory=list)
    cases: dict[str, str] = field(default_factory=dict)
    typed: tuple[str, ...] = TEXT_KINDS  # what people type into a changed argument

    @property
    def size(self) -> int:
        return sum(len(content) for _, content in self.written)

    def found(self) -> list[Sighting]:
        """Return where values stand that may not stand there."""
        return [one for one in seen(self.flock, self.written) if not planting.own_documents(one)]


async def sent(walk: Walk, remit: Remit, models: LoopbackModels, way: str) -> None:
    """Send a message full of canaries."""
    planting.excuses(walk.flock, models, way)
    given = planting.message(walk.flock, way)
    external = f"mail from {walk.flock.at(IDS).one('EMAIL')}"
    got = await remit.receive(NAME, given, channel="test", external_id=external)
    walk.cases[got.case_id] = way
    if way == "cancel":
        reason = walk.flock.at("person's reason").text(*TEXT_KINDS)
        await remit.cancel(got.case_id, person=OLGA, reason=reason)
    await remit.settled()


async def mailed(walk: Walk, remit: Remit, models: LoopbackModels, way: str) -> None:
    """Send a mail full of canaries."""
    planting.excuses(walk.flock, models, way)
    data = planting.mail(walk.flock, way, doubtful=way == "doubt")
    (admitted,) = await remit.admit_mails(
        NAME, [RawMail(data=data, size=len(data))], sources=COLUMNS, constants={"way": way}
    )
    admission = await asyncio.wrap_future(remit.submit(admitted))
    walk.cases[admission.value.case_id] = way
    await remit.settled()


async def handled(walk: Walk, remit: Remit) -> None:
    """Do what people do, with canaries in all that they write."""
    flock = walk.flock
    for number, row in enumerate(waiting(remit)):
        flock = flock.at("person's note")
        card = remit.approval(row.approval_id, person=OLGA).card
        if row.action == "tell":
            await edited(walk, remit, row.approval_id, card.digest)
            continue
        no = number % 3 == 2 and row.action != "mail" and "refuse" not in row.sentence
        await remit.decide(
            row.approval_id, person=OLGA, digest=card.digest,
            verdict=Verdict.REJECT if no else Verdict.APPROVE,
            reason=RejectReason.OTHER if no else None, note=flock.text(*TEXT_KINDS),
        )  # fmt: skip
    await remit.settled()
    for case_id, way in walk.cases.items():
        status = standing(remit, case_id)[0]
        flock = flock.at("person's settling")
        if way == "doubt" and status == "quarantined":
            with refusals():
                wrong = {"due": flock.one("EMAIL")}
                await remit.release(case_id, person=OLGA, corrections=wrong)
            with refusals():
                wrong = {flock.one("EMAIL"): "x"}
                await remit.release(case_id, person=OLGA, corrections=wrong)
            given = {"due": "2026-04-03", "customer": flock.one("PERSON")}
            with refusals():
                await remit.release(case_id, person=OLGA, corrections=given)
        elif way == "discard" and status == "quarantined":
            await remit.discard(case_id, person=OLGA, reason=flock.text("PHONE", "EMAIL"))
        elif status == "escalated":
            act = remit.close_case if len(flock.given) % 2 else remit.hand_back
            await act(case_id, person=OLGA, note=flock.text("IBAN", "EMAIL"))
    await remit.settled()


async def edited(walk: Walk, remit: Remit, approval_id: str, digest: str) -> None:
    """Change what a proposal says, first to what does not read."""
    flock = walk.flock.at("person's edit")
    for edits in (
        {"due": flock.one("EMAIL")},
        {flock.one("EMAIL"): "x"},
        {"who": flock.one("PERSON"), "text": flock.text(*walk.typed)},
    ):
        with refusals():
            await remit.decide(
                approval_id, person=OLGA, digest=digest, verdict=Verdict.EDIT, edits=edits
            )


@contextmanager
def refusals() -> Iterator[None]:
    """Log a refusal as whoever calls Remit would."""
    try:
        yield
    except RemitError as error:
        logging.getLogger("caller").info("%s", error, exc_info=True)


async def shown(walk: Walk, remit: Remit) -> None:
    """Look at every view, page and answer."""
    views: list[tuple[str, Callable[[], object]]] = [
        ("view cases", remit.cases), ("view metrics", remit.metrics),
        ("view inbox", lambda: remit.inbox(person=OLGA)),
        ("view quarantine", remit.quarantine), ("view doctor", remit.health),
    ]  # fmt: skip
    for case_id in walk.cases:
        views += [
            ("view entries", lambda one=case_id: remit.entries(one)),  # type: ignore[misc]  # a default binds the loop's value
            ("view case", lambda one=case_id: remit.case(one)),  # type: ignore[misc]
            ("view masked", lambda one=case_id: remit.masked(one)),  # type: ignore[misc]
        ]
    walk.written += [(name, repr(view()).encode()) for name, view in views]
    approvals = remit.database.read(lambda c: c.rows("select approval_id from approvals"))
    filled = {
        "case_id": list(walk.cases), "approval_id": [str(row[0]) for row in approvals],
        "workflow": [NAME],
    }  # fmt: skip
    async with at_the_desk(remit, walk.small, OLGA) as olga:  # type: ignore[arg-type]  # it has a clock
        walk.written += await asked_pages.misled(olga, walk.flock, filled)
        await remit.settled()
        walk.written += await asked_pages.got(olga, filled)


def kept(walk: Walk) -> None:
    """Look at every byte of every file, and every row of every table."""
    small = walk.small
    walk.written += searched.files(small.folder)
    walk.written += searched.tables(small.folder / "data" / "remit.db", small.database)


@contextmanager
def logged(walk: Walk, caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Log as `remit serve --log debug` does, and keep the records as they were before."""
    stream = io.StringIO()
    level = logging.getLogger().level
    handler = lines.configure(scrub, "debug", stream)
    handler.addFilter(lambda record: record.name != "httpx2")
    caplog.set_level(logging.DEBUG)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
        logging.getLogger().setLevel(level)
        logging.captureWarnings(capture=False)
    walk.written.append(("log", stream.getvalue().encode()))
    own = [repr(vars(one)) for one in caplog.records if one.name not in BESIDE]
    walk.written.append(("log records", "\n".join(own).encode()))


async def walked(
    walk: Walk, rounds: int, caplog: pytest.LogCaptureFixture, *, leaking: bool = False
) -> Walk:
    """Plant, work, decide, and look everywhere."""
    small = walk.small
    with serving() as models, logged(walk, caplog), watching() as watch:
        planting.plant(small, walk.flock, models)
        async with small.open() as remit:
            for _ in range(rounds):
                for way in WAYS:
                    await sent(walk, remit, models, way)
                for way in ("hold", "doubt"):
                    await mailed(walk, remit, models, way)
            await testing.pass_time(remit, small.clock, 90)  # retries
            await handled(walk, remit)
            if leaking:
                told = walk.flock.at("leak").text(*TEXT_KINDS)
                logging.getLogger("remit.leak").warning("%s", told)
            await testing.pass_time(remit, small.clock, 90)
            assert {standing(remit, one)[0] for one in walk.cases} >= {"closed", "escalated"}
            await shown(walk, remit)
            target = small.folder / "export.tar"
            await asyncio.to_thread(
                remit.database.read,
                lambda c: export(c, target, vkey=remit._journal.vkey, sealed=True),
            )
            kept(walk)
        kept(walk)
        walk.written.append(("prompts", str(models.log).encode()))
        assert "About blue" in str(models.log), "a passage came into a prompt"
        asked = set(models.asked())
        assert asked >= {one for one in FAULTY if one != "unshaped"} | {"says"}
    assert not watch.unknown(), watch.unknown()
    assert watch.places, "what opens files is seen"
    assert watch.hosts <= {"127.0.0.1", "a file"}
    calls = [
        (call.operation, {key: one for key, one in call.arguments.items() if key != "to"})
        for call, _ in small.tape.calls
    ]
    walk.written.append(("calls of tools", repr(calls).encode()))
    return walk


def mailed_to(walk: Walk) -> set[str]:
    """Return whom the entitled calls were addressed to."""
    taken = [one.arguments for one in walk.small.tape.effects() if one.operation == "mail"]
    return {str(one["to"]) for one in taken if isinstance(one, dict)}


async def test_planted_values_stand_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, record_property: Any
) -> None:
    walk = await walked(Walk(small=Small(folder=tmp_path), flock=Flock.of(1)), 1, caplog)
    nowhere(walk)
    assert len(mailed_to(walk)) == 1, "the entitled call got its value"
    assert mailed_to(walk) <= set(walk.flock.given)
    record_property("canaries", len(walk.flock.given))
    assert len(walk.flock.given) > 150
    assert walk.size > 500_000


def nowhere(walk: Walk) -> None:
    """Assert that no canary was seen."""
    places: dict[tuple[str, str, str], list[str]] = {}
    for one in walk.found():
        places.setdefault((one.planted, one.kind, one.where), []).append(str(one.number))
    said = [f"{' '.join(key)}: {' '.join(few[:3])}" for key, few in sorted(places.items())]
    assert not said, "\n".join(said)


PLACES = {
    "prompts", "calls of tools", "log", "log records",
    "view case", "view entries", "view inbox", "view masked", "view quarantine",
    "table entries", "file data/remit.db", "file export.tar", "file trained",
    "GET /api/approvals", "GET /api/approvals/{approval_id}", "GET /api/cases/{case_id}",
    "GET /api/cases/{case_id}/masked", "GET /api/cases/{case_id}/trace", "GET /api/quarantine",
    "GET /cases/{case_id}", "GET /inbox", "GET /inbox/{approval_id}", "GET /quarantine",
    "GET /quarantine/{case_id}",
}  # fmt: skip
# These repeat what a request asks for, where an error does.
ANSWERS = {
    "POST /api/cases/{workflow}", "POST /api/approvals/{approval_id}/verdict",
    "POST /api/quarantine/{case_id}/release", "POST /inbox/{approval_id}/verdict",
    "POST /quarantine/{case_id}/release", "POST /quarantine/{case_id}/discard",
}  # fmt: skip


async def test_a_masker_that_does_nothing_is_found_out_at_every_place(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this walk would not see is not shown by it: so each place is shown to be looked at."""
    monkeypatch.setattr(Masker, "mask_text", lambda _, text, **_more: Masked(text=text, tokens=()))
    monkeypatch.setattr(Masker, "mask_value", lambda _, _type, value: value)
    monkeypatch.setattr(Masker, "mask_json", lambda _, value, **_more: value)
    for module in (training, api_server, pages, error_pages, sys.modules[__name__]):
        monkeypatch.setattr(module, "scrub", lambda text: text)
    # A call is not made while what reads as a token stands in it, masked or not, and what reads
    # as a token of another case is denied: `IBAN DE43 3704…` does.
    for name in ("SAYABLE", "ANSWERED"):
        left = tuple(kind for kind in getattr(planting, name) if kind not in {"TEXT", "IBAN"})
        monkeypatch.setattr(planting, name, left)
    typed = tuple(kind for kind in TEXT_KINDS if kind != "TEXT")
    walk = Walk(small=Small(folder=tmp_path), flock=Flock.of(1), typed=typed)
    await walked(walk, 1, caplog, leaking=True)
    content: set[str] = set()
    repeated: set[str] = set()
    for one in walk.found():
        (repeated if one.planted == "hostile request" else content).add(one.where)
    unseen = {one for one in PLACES if not any(place.startswith(one) for place in content)}
    unseen |= ANSWERS - repeated
    assert not unseen, sorted(unseen)


@pytest.mark.slow
async def test_planted_values_stand_nowhere_on_a_server(
    tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture, record_property: Any
) -> None:
    walk = Walk(small=Small(folder=tmp_path, database=postgres_url), flock=Flock.of(2))
    nowhere(await walked(walk, 1, caplog))
    record_property("canaries", len(walk.flock.given))


@pytest.mark.torture
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
async def test_thousands_of_planted_values_stand_nowhere(
    tmp_path: Path, store: str, caplog: pytest.LogCaptureFixture, record_property: Any,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """A thousand values at least come in by every entry."""
    url = request.getfixturevalue("postgres_url") if store == "postgresql" else None
    walk = Walk(small=Small(folder=tmp_path, database=url), flock=Flock.of(3, many=MANY))
    nowhere(await walked(walk, ROUNDS, caplog))
    few = {name: len(some) for name, some in walk.flock.entries.items() if len(some) < EACH_MIN}
    assert few.pop(IDS) == len(walk.cases) - 2 * ROUNDS, "one a message: an id has its length"
    assert not few, few
    record_property("canaries", len(walk.flock.given))
    record_property("kilobytes", walk.size // 1_000)
