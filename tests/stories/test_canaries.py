"""A thousand values, planted in what a real desk is told, stand only with who may have them.

What is searched: every file and every table, every log record at DEBUG, every page and answer that
is got without a stream, the views of cases and of the inbox, the export with its sealed contents,
and what a model on loopback was sent.
"""

import asyncio
import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from remit import testing
from remit.app import Remit
from remit.domain.approval import RejectReason, Verdict
from remit.errors import RemitError
from remit.intake.mask import Masked, Masker
from remit.integrations.connector import Call
from remit.ledger.export import export
from tests.browser.test_real_desk import at_the_desk
from tests.canaries import TEXT_KINDS, Flock, seen
from tests.loopback.models import LoopbackModels, serving
from tests.projects import OLGA, SERVED, Small, operations, standing, waiting

pytestmark = pytest.mark.anyio

PROMPT = """+++
owner = "olga"
route = "reply"
output_tokens_max = 100

[slots]
message = "data"
note = "data"

[[examples]]
message = "hello"
note = "none"
+++
Answer the message: {message} The shop noted: {note}
"""
MORE = """
from remit import Date, Private


class Plea(Case):
    order_id: Annotated[str, System] = "7"
    sender: Email | None = None
    customer: PersonName | None = None
    phone: Phone | None = None
    member: Annotated[str, Private()] = ""
    due: Date | None = None
    message: str = ""
    way: str = "hold"


@desk.tool
async def broken(order_id: str) -> Order:
    return Order.model_validate(await tape.read("getBroken", order_id=order_id))


@desk.action(risk="low", undo=take_back, says="Mail {to}: {body}", times_max=2)
async def mail(
    to: Annotated[Email, Source.case("sender")], body: Annotated[str, Source.any()]
) -> Done:
    return Done.model_validate(await tape.perform("mail", to=to, body=body))


@desk.handle
async def plea(case: Plea, run: Context) -> Any:
    order = await run.read(get_order, order_id=case.order_id)
    both = run.gather(
        run.ask("plain", message=f"{case.customer}: {case.message}", note=order.note),
        run.read(get_order, order_id="8"),
    )
    answer = (await both)[0].text
    if case.way == "break":
        await run.read(broken, order_id=case.order_id)
    if case.way == "fault":
        raise ValueError(f"{case.sender} {case.message} {answer}")
    if case.way == "escalate":
        return await run.escalate(f"{case.sender}: {case.message}")
    if case.way == "mail":
        return (await run.act(mail, to=case.sender, body="hello")).state
    return (await run.act(note, text=f"{answer} {case.message}")).state
"""
WAYS = ("hold", "break", "fault", "escalate", "mail", "cancel", "doubt", "discard", "invent")


def plant(small: Small, flock: Flock) -> None:
    """Have the tape's answers and failures carry new canaries each time."""

    def order(given: Any) -> Any:
        said = flock.text("EMAIL", "PHONE", "CARD", "SECRET")
        return {**small.order, "id": str(given["order_id"]), "note": said}

    offered = operations()
    offered["getBroken"] = offered["getOrder"].__class__(
        name="getBroken", kind=offered["getOrder"].kind
    )
    small.plug(offered)
    small.tape._answers["getOrder"] = order
    read = small.tape.read

    async def failing(call: Call, **given: Any) -> Any:
        if call.operation == "getBroken":
            raise RuntimeError(flock.text("EMAIL", "IBAN"))
        return await read(call, **given)

    small.tape.read = failing  # type: ignore[method-assign]  # a tool whose errors hold values


async def sent(remit: Remit, flock: Flock, models: LoopbackModels, way: str) -> str:
    """Send a message full of canaries; return its case."""
    models.says += [flock.text("EMAIL", "IBAN")] * 2
    if way == "invent":  # a token that stands for nothing: the model is asked once more
        models.says.insert(0, f"EMAIL_7K3QX2MD {flock.text('EMAIL', 'IBAN')}")
    person = flock.one("PERSON")
    given = {
        "order_id": "7", "way": way, "sender": flock.one("EMAIL"), "customer": person,
        "phone": flock.one("PHONE"), "member": flock.one("PRIVATE"),
        "message": f"{flock.text(*TEXT_KINDS)} Regards, {person}",
    }  # fmt: skip
    if way in {"doubt", "discard"}:
        given["due"] = "03/04/2026"
    external = f"mail from {flock.one('EMAIL')}"
    got = await remit.receive("small-desk", given, channel="test", external_id=external)
    if way == "cancel":
        await remit.cancel(got.case_id, person=OLGA, reason=flock.text("EMAIL", "PHONE"))
    await remit.settled()
    return got.case_id


async def handled(remit: Remit, flock: Flock, cases: dict[str, str]) -> None:
    """Do what people do, with canaries in all that they write."""
    for number, row in enumerate(waiting(remit)):
        card = remit.approval(row.approval_id, person=OLGA).card
        await remit.decide(
            row.approval_id, person=OLGA, digest=card.digest,
            verdict=Verdict.REJECT if number % 2 else Verdict.APPROVE,
            reason=RejectReason.OTHER if number % 2 else None, note=flock.text("EMAIL", "CARD"),
        )  # fmt: skip
    await remit.settled()
    for case_id, way in cases.items():
        status = standing(remit, case_id)[0]
        if way == "doubt" and status == "quarantined":
            try:
                await remit.release(case_id, person=OLGA, corrections={"due": flock.one("EMAIL")})
            except RemitError as error:
                logging.getLogger("test").info("%s", error)
            await remit.release(case_id, person=OLGA, corrections={"due": "2026-04-03"})
        elif status == "quarantined":
            await remit.discard(case_id, person=OLGA, reason=flock.text("PHONE", "EMAIL"))
        elif status == "escalated":
            await remit.close_case(case_id, person=OLGA, note=flock.text("IBAN", "EMAIL"))
    await remit.settled()


async def shown(remit: Remit, small: Small, cases: dict[str, str]) -> list[tuple[str, bytes]]:
    """Return every view, page and answer."""
    views: list[tuple[str, Callable[[], object]]] = [
        ("cases", remit.cases), ("metrics", remit.metrics),
        ("inbox", lambda: remit.inbox(person=OLGA)),
    ]  # fmt: skip
    for case_id in cases:
        views += [
            ("entries", lambda one=case_id: remit.entries(one)),  # type: ignore[misc]  # a default binds the loop's value
            ("case", lambda one=case_id: remit.case(one)),  # type: ignore[misc]
        ]
    written = [(name, repr(view()).encode()) for name, view in views]
    approvals = remit.database.read(lambda c: c.rows("select approval_id from approvals"))
    async with at_the_desk(remit, small, OLGA) as olga:  # type: ignore[arg-type]  # it has a clock
        paths = {
            route.path for route in olga.client._transport.app.routes if "GET" in route.methods
        }
        paths -= {"/events", "/"}
        for path in sorted(paths):
            names = {"{case_id}": list(cases), "{approval_id}": [row[0] for row in approvals]}
            filled = next(
                ([path.replace(key, one) for one in given] for key, given in names.items()
                 if key in path),
                [path],
            )  # fmt: skip
            for one in filled:
                if "{" in one:
                    continue
                answer = await olga.client.get(one, follow_redirects=True)
                assert answer.status_code < 500, one
                written.append((path, answer.content + repr(answer.headers).encode()))
    return written


def kept(small: Small) -> list[tuple[str, bytes]]:
    """Return every byte of every file, and every row of every table."""
    written = [
        (str(path.relative_to(small.folder)), path.read_bytes())
        for path in sorted(small.folder.rglob("*"))
        if path.is_file() and "project" not in path.parts
    ]
    if small.database is not None:
        with psycopg.connect(small.database) as connection:
            tables = connection.execute(
                "select format('%I.%I', schemaname, tablename) from pg_tables"
                " where schemaname not in ('pg_catalog', 'information_schema')"
            ).fetchall()
            for (table,) in tables:
                rows = connection.execute(f"select * from {table}").fetchall()
                written.append((table, b"\n".join(_bytes(one) for row in rows for one in row)))
    return written


def _bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


async def walked(small: Small, flock: Flock, rounds: int, caplog: pytest.LogCaptureFixture) -> int:
    """Plant, work, decide, and look everywhere; return how many bytes were looked at."""
    caplog.set_level(logging.DEBUG)
    small.grace, small.granted, small.permitted = 0, ("mail",), ("mail", "note", "take_back")
    with serving() as models:
        small.settings = SERVED.format(url=models.url)
        small.files = {"prompts/plain.md": PROMPT}
        plant(small, flock)
        handler = MORE.replace("@desk.handle\nasync def plea", "async def plea")
        small.write("return await plea(case, run)", more=handler)
        place = small.folder / "project" / "small.py"
        place.write_text(place.read_text().replace("case: Wish, run", "case: Plea, run"))
        cases: dict[str, str] = {}
        async with small.open() as remit:
            for _ in range(rounds):
                for way in WAYS:
                    cases[await sent(remit, flock, models, way)] = way
            await testing.pass_time(remit, small.clock, 90)  # retries
            await handled(remit, flock, cases)
            await testing.pass_time(remit, small.clock, 90)
            assert {standing(remit, one)[0] for one in cases} >= {"closed"}
            written = await shown(remit, small, cases)
            target = small.folder / "export.tar"
            await asyncio.to_thread(
                remit.database.read,
                lambda c: export(c, target, vkey=remit._journal.vkey, sealed=True),
            )
            written += [("prompts", str(models.log).encode())]
            assert len(models.log) >= len(cases) - 2 * rounds
            written += kept(small)
        written += kept(small)
        written += [("log", caplog.text.encode())]
        said = "\n".join(repr(vars(record)) for record in caplog.records)
        written += [("log records", said.encode())]
    found = seen(flock, written)
    assert not found, f"{len(found)}: " + "; ".join(sorted({str(one) for one in found})[:12])
    to = {str(one.arguments["to"]) for one in small.tape.effects() if one.operation == "mail"}
    assert len(to) == rounds, "each entitled call got its value"
    assert to <= set(flock.given)
    return sum(len(content) for _, content in written)


async def test_planted_values_stand_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, record_property: Any
) -> None:
    flock = Flock.of(1)
    size = await walked(Small(folder=tmp_path), flock, 1, caplog)
    record_property("canaries", len(flock.given))
    assert len(flock.given) > 150
    assert size > 500_000


async def test_a_masker_that_does_nothing_is_found_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this walk would not see is not shown by it."""
    monkeypatch.setattr(Masker, "mask_text", lambda _, text, **_more: Masked(text=text, tokens=()))
    with pytest.raises(AssertionError, match=r"canary \d+ \(\w+\) in ") as told:
        await walked(Small(folder=tmp_path), Flock.of(1), 1, caplog)
    places = set(re.findall(r"in ([^;]+?)(?:;|$)", str(told.value).splitlines()[0]))
    assert {"prompts", "case", "entries"} & places


@pytest.mark.slow
async def test_planted_values_stand_nowhere_on_a_server(
    tmp_path: Path, postgres_url: str, caplog: pytest.LogCaptureFixture, record_property: Any
) -> None:
    flock = Flock.of(2)
    await walked(Small(folder=tmp_path, database=postgres_url), flock, 1, caplog)
    record_property("canaries", len(flock.given))


@pytest.mark.torture
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
async def test_a_thousand_planted_values_stand_nowhere(
    tmp_path: Path, store: str, caplog: pytest.LogCaptureFixture, record_property: Any,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    url = request.getfixturevalue("postgres_url") if store == "postgresql" else None
    flock = Flock.of(3)
    size = await walked(Small(folder=tmp_path, database=url), flock, 6, caplog)
    assert len(flock.given) >= 1_000
    record_property("canaries", len(flock.given))
    record_property("kilobytes", size // 1_000)
