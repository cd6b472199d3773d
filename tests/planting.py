"""A small desk that is told values by every entry, and the texts that carry them."""

import json
from email.message import EmailMessage
from typing import Any

from remit.integrations.connector import Call, Refused
from tests.canaries import DECLARED_KINDS, TEXT_KINDS, Flock, Sighting
from tests.loopback.models import LoopbackModels
from tests.projects import Small, operations

# Models that answer with one fault each; each is asked by a way of its own.
FAULTY = ("500", "400", "filtered", "html", "half-json", "another-id", "unshaped")
WAYS = (
    "hold", "break", "odd", "fault", "escalate", "mail", "cancel", "doubt", "discard", "invent",
    "left", "edit", "refused", *FAULTY,
)  # fmt: skip
COLUMNS = {
    name: name
    for name in ("message", "subject", "from_name", "attachments", "attached_text", "quoted")
} | {"sender": "from"}

MODEL = """
[workflow.models.{name}]
provider = "openai"
id = "{id}"
base_url = "{{url}}"

[workflow.routes.{name}]
models = ["{name}"]
timeout_seconds = 20
"""
SETTINGS = (
    '\n[workflow.classifiers.intent]\ntrain = "labelled.jsonl"\n'
    + MODEL.format(name="reply", id="says")
    + MODEL.format(name="unshaped", id="says")
    + "".join(MODEL.format(name=one, id=one) for one in FAULTY if one != "unshaped")
)
PROMPT = """+++
owner = "olga"
route = "{route}"
output_tokens_max = 100

[slots]
message = "data"
note = "data"

[[examples]]
message = "hello"
note = "none"
+++
Answer the message: {{message}} The shop noted: {{note}}
"""
DOCUMENT = """+++
id = "d{number}"
title = "About {word}"
owner = "olga"
collection = "help"
valid_from = 2026-01-01
language = "en"
+++
The {word} jacket is washed by hand. {text}
"""
MORE = """
from pydantic import BaseModel
from remit import Address, Date, Iban, Private


class Attached(BaseModel):
    name: str
    text: str | None = None


class Shape(BaseModel):
    number: int


class Named(BaseModel):
    by_address: dict[str, int]


class Plea(Case):
    order_id: Annotated[str, System] = "7"
    sender: Email | None = None
    customer: PersonName | None = None
    from_name: PersonName | None = None
    phone: Phone | None = None
    iban: Iban | None = None
    home: Address | None = None
    member: Annotated[str, Private()] = ""
    born: Annotated[str, Private("DOB")] = ""
    due: Date | None = None
    message: str = ""
    subject: str = ""
    attached_text: str = ""
    quoted: str = ""
    attachments: list[Attached] = []
    way: str = "hold"


class Found(Order):
    owner: PersonName | None = None
    at: Address | None = None


@desk.tool
async def look_up(order_id: str) -> Found:
    return Found.model_validate(await tape.read("getOrder", order_id=order_id))


@desk.tool
async def broken(order_id: str) -> Order:
    return Order.model_validate(await tape.read("getBroken", order_id=order_id))


@desk.tool
async def odd(order_id: str) -> Named:
    return Named.model_construct(by_address=await tape.read("getOdd", order_id=order_id))


@desk.action(risk="low", undo=take_back, says="Mail {to}: {body}", times_max=2)
async def mail(
    to: Annotated[Email, Source.case("sender")], body: Annotated[str, Source.any()]
) -> Done:
    return Done.model_validate(await tape.perform("mail", to=to, body=body))


@desk.action(risk="low", undo=take_back, says="Tell {who}: {text}", times_max=2)
async def tell(
    who: Annotated[PersonName, Source.case("customer")], text: Annotated[str, Source.any()],
    due: Annotated[Date | None, Source.any()] = None,
) -> Done:
    return Done.model_validate(await tape.perform("tell", text=text))


async def plea(case: Plea, run: Context) -> Any:
    order = await run.read(look_up, order_id=case.order_id)
    await run.classify(case.message)
    passages = await run.retrieve("blue or green or grey?")
    prompt = "plain" if case.way not in FAULTY else "p" + case.way
    both = run.gather(
        run.ask(
            prompt, message=f"{case.customer}: {case.subject} {case.message} {case.attached_text}",
            note=f"{order.note} {passages}", output=Shape if case.way == "unshaped" else None,
        ),
        run.read(look_up, order_id="8"),
    )
    answer = (await both)[0]
    said = answer.text if isinstance(answer, Answer) else str(answer)
    if case.way == "break":
        await run.read(broken, order_id=case.order_id)
    if case.way == "odd":
        await run.read(odd, order_id=case.order_id)
    if case.way == "fault":
        try:
            raise KeyError(f"{case.sender} {case.member}")
        except KeyError as error:
            error.add_note(f"{case.message} {passages[0].text}")
            raise ValueError(f"{case.sender} {case.message} {said}") from error
    if case.way == "escalate":
        return await run.escalate(f"{case.sender}: {case.message} {passages[0].text}")
    if case.way == "mail":
        return (await run.act(mail, to=case.sender, body="hello")).state
    if case.way == "edit":
        return (await run.act(tell, who=case.customer, text=said)).state
    if case.way == "refused":
        return (await run.act(note, text="refuse this")).state
    return (await run.act(note, text=f"{said} {case.message} {order.owner} {order.at}")).state
"""


def plant(small: Small, flock: Flock, models: LoopbackModels) -> None:
    """Write the project and have everything that answers it carry new canaries each time."""
    small.grace, small.granted = 0, ("mail", "note")
    small.permitted = ("mail", "note", "tell", "take_back")
    small.settings = SETTINGS.replace("{url}", models.url)
    flock = flock.at("labelled text")
    twice = flock.text("SECRET")  # in two texts: a word that counts
    # What reads as a token is no value where no case is: it is masked for the way back only.
    kinds = [kind for kind in TEXT_KINDS if kind != "TEXT"]
    rows = [
        json.dumps({"text": f"{twice} {way} {flock.text(*kinds)}", "label": way})
        for way in ("now", "later") for _ in range(7)
    ]  # fmt: skip
    flock = flock.at("passage")
    documents = {
        f"knowledge/d{number}.md": DOCUMENT.format(
            number=number, word=word, text=" ".join(flock.text(*TEXT_KINDS) for _ in range(4))
        )
        for number, word in enumerate(("blue", "green", "grey"))
    }
    small.files = {
        "labelled.jsonl": "\n".join(rows),
        **documents,
        **{
            f"prompts/{name}.md": PROMPT.format(route=route)
            for name, route in [("plain", "reply"), *((f"p{one}", one) for one in FAULTY)]
        },
    }
    handler = MORE.replace("not in FAULTY", f"not in {FAULTY}")
    small.write("return await plea(case, run)", more=handler)
    settled(small)
    _answering(small, flock)


def settled(small: Small) -> None:
    """Have a project that was just written take pleas, and its settings name what they need."""
    home = small.folder / "project"
    code = home / "small.py"
    code.write_text(code.read_text().replace("case: Wish, run", "case: Plea, run"))
    settings = home / "remit.toml"
    settings.write_text(
        settings.read_text()
        .replace('phase = "expand"', 'phase = "expand"\nknowledge = "knowledge"')
        .replace('"mail"]', '"mail", "tell", "getBroken", "getOdd"]')
    )


def _answering(small: Small, flock: Flock) -> None:
    def order(given: Any) -> Any:
        told = flock.at("tool's record")
        said = told.text(*flock.random.sample(TEXT_KINDS, 5))
        owner, home = told.one("PERSON"), told.one("ADDRESS")
        return {**small.order, "id": str(given["order_id"]), "note": f"{said} {owner}",
                "owner": owner, "at": home}  # fmt: skip

    offered = operations()
    read = offered["getOrder"]
    for name in ("getBroken", "getOdd"):
        offered[name] = type(read)(name=name, kind=read.kind)
    offered["tell"] = type(offered["note"])(name="tell", kind=offered["note"].kind)
    small.plug(offered)
    small.tape._answers["getOrder"] = order
    small.tape._answers["getOdd"] = lambda _: {
        flock.at("tool's odd record").text(*TEXT_KINDS): "many"
    }
    real_read, real_perform = small.tape.read, small.tape.perform

    async def failing(call: Call, **given: Any) -> Any:
        if call.operation == "getBroken":
            told = flock.at("tool's error")
            error = RuntimeError(told.text(*TEXT_KINDS))
            error.add_note(told.text("PHONE", "CARD"))
            raise error
        return await real_read(call, **given)

    async def refusing(call: Call, **given: Any) -> Any:
        if "refuse this" in str(call.arguments):
            no = flock.at("tool's refusal")
            return Refused(code=f"no {no.one('EMAIL')}", sentence=no.text(*TEXT_KINDS))
        return await real_perform(call, **given)

    small.tape.read = failing  # type: ignore[method-assign]  # a tool whose errors hold values
    small.tape.perform = refusing  # type: ignore[method-assign]  # and its refusals


# Whose message goes into no action: an action that carried a secret would be denied, not held.
QUIET = {"escalate", "fault", "break", "odd", "left", "edit", "mail", "refused"}
ANSWERED = ("EMAIL", "IBAN", "PHONE")  # what the model says of itself
SAYABLE = tuple(kind for kind in TEXT_KINDS if kind != "SECRET")


def message(flock: Flock, way: str) -> dict[str, Any]:
    """Return the fields of a message with a canary of every kind in it; see `QUIET`."""
    flock = flock.at("message")
    kinds = TEXT_KINDS if way in QUIET else SAYABLE
    person, home, member = (flock.one(kind) for kind in DECLARED_KINDS)
    given = {
        "order_id": "7", "way": way, "sender": flock.one("EMAIL"), "customer": person,
        "phone": flock.one("PHONE"), "iban": flock.one("IBAN"), "home": home, "member": member,
        "born": flock.one("DOB"), "subject": flock.text("EMAIL", "ACCOUNT"),
        "message": f"{flock.text(*kinds)} Regards, {person}, {home}, {member}",
    }  # fmt: skip
    if way in {"doubt", "discard"}:
        given["due"] = "03/04/2026"
    if way == "left":  # in quarantine, with its values beside the doubtful date
        given["due"] = f"03/04/2026 or {flock.text('PHONE', 'EMAIL')}"
    return given


def excuses(flock: Flock, models: LoopbackModels, way: str) -> None:
    """Give the model what it shall say next: answers, or what stands in its faults."""
    flock = flock.at("model's answer")
    if way in FAULTY and way != "unshaped":
        flock = flock.at("model's fault")
        models.excuses += [flock.text(*TEXT_KINDS) for _ in range(4)]
        return
    models.says += [flock.text(*ANSWERED)] * 2
    if way == "invent":  # a token that stands for nothing: the model is asked once more
        models.says.insert(0, f"EMAIL_7K3QX2MD {flock.text('EMAIL', 'IBAN')}")


def mail(flock: Flock, way: str, *, doubtful: bool = False) -> bytes:
    """Return a mail with canaries in its headers, bodies, file names, attachments and quotes."""
    flock = flock.at("mail")
    person = flock.one("PERSON")
    made = EmailMessage()
    made["From"] = f"{person} <{flock.one('EMAIL')}>"
    made["To"] = f"Desk <{flock.one('EMAIL')}>"
    made["Reply-To"] = flock.one("EMAIL")
    made["Message-ID"] = f"<{flock.one('EMAIL')}>"
    made["Received"] = "from x by y; Mon, 23 Nov 2026 08:00:00 +0000"
    made["Subject"] = flock.text("EMAIL", "PHONE", "ACCOUNT")
    quoted = f"On Mon, 23 Nov 2026, Desk <{flock.one('EMAIL')}> wrote:\n> {flock.text('CARD')}"
    kinds = TEXT_KINDS if way in QUIET else SAYABLE
    body = f"Hello, {flock.text(*kinds)}\nRegards, {person}\n\n{quoted}\n"
    made.set_content(body)
    hidden = f'<div style="display:none">{flock.text("EMAIL", "PHONE")}</div>'
    link = f'<a href="https://example.org/{flock.one("URL")}">here</a>'
    made.add_alternative(f"<p>{body}</p>{hidden}{link}", subtype="html")
    made.add_attachment(
        flock.text("IBAN", "EMAIL", "DOB"), filename=f"letter of {flock.one('EMAIL')}.txt"
    )
    if doubtful:
        made.add_attachment(
            flock.text("EMAIL").encode(), maintype="application", subtype="pdf",
            filename=f"scan {flock.one('PHONE')}.pdf",
        )  # fmt: skip
    del way
    return made.as_bytes()


def own_documents(one: Sighting) -> bool:
    """Tell whether it is what an owner wrote into the workflow's knowledge, where that is kept."""
    at_rest = one.where.startswith(("table passage", "file data/remit.db"))
    return one.planted == "passage" and at_rest
