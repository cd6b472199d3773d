"""How sure a language model's answer is: what the author declared, recorded and replayed."""

import json
from pathlib import Path

import pytest

from remit import testing
from remit.app import Remit
from tests.projects import OLGA, PROMPT, SCRIPTED, Small, events, found, notes, only_waiting, send

pytestmark = pytest.mark.anyio

KIND = """
class Kind(BaseModel):
    kind: str
    words: str = ""
"""
SAMPLED = """
said = await run.ask("plain", output=Kind, samples=5, agree_on="kind", message=case.message)
return (await run.act(note, text=said.kind)).state
"""
VERIFIED = """
said = await run.ask("plain", verifier="vouching", message=case.message)
return (await run.act(note, text=said.text)).state
"""
VOUCHING = """
[workflow.classifiers.vouching]
train = "answers.jsonl"
"""
ANSWERS = [
    (f"where is my {thing}\n{answer}", label)
    for thing in ("coat", "lamp", "book", "phone", "teapot", "chair", "ring", "clock")
    for answer, label in (
        ("it is on its way and comes tomorrow", "ok"),
        ("it left the house this morning", "ok"),
        ("never ask that again", "wrong"),
        ("buy another one for money", "wrong"),
    )
]


def script(*lines: str) -> str:
    """Return lines that a model says in turn, the last again and again."""
    once = [f'[[line]]\nprompt = "plain"\ntimes_max = 1\n{line}\n' for line in lines[:-1]]
    return "\n".join([*once, f'[[line]]\nprompt = "plain"\n{lines[-1]}\n'])


def small(folder: Path, said: str, *, more: str = "") -> Small:
    rows = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in ANSWERS)
    return Small(
        folder=folder, settings=SCRIPTED + more,
        files={"prompts/plain.md": PROMPT, "scripted.toml": said, "answers.jsonl": rows},
    )  # fmt: skip


def kind(name: str, words: str = "") -> str:
    return f'value = {{kind = "{name}", words = "{words}"}}'


def told(remit: Remit, case_id: str) -> list[object]:
    """Return the score that each of the gate's decisions kept."""
    return [one.body.get("score_ppm") for one in found(remit, case_id, "policy:action:decided")]


async def test_the_share_of_samples_that_agree_is_how_sure_it_is(tmp_path: Path) -> None:
    said = script(kind("b"), kind("a", "one"), kind("c"), kind("a", "two"), kind("a", "three"))
    desk = small(tmp_path, said)
    async with desk.open(SAMPLED, more=KIND) as remit:
        case_id = await send(remit, message="hello")
        answered = found(remit, case_id, "orchestration:model:answered")

        assert [one.body["confidence_ppm"] for one in answered] == [600_000]
        assert (answered[0].body["samples"], answered[0].body["sure_by"]) == (5, "agreement")
        assert answered[0].body["attempts"] == 5
        assert answered[0].payloads["result"]["value"] == {"kind": "a", "words": "one"}  # type: ignore[index, call-overload]  # JSON
        assert only_waiting(remit).action == "note"
        assert told(remit, case_id) == [600_000]


async def test_a_run_that_is_replayed_is_as_sure_and_asks_nothing_again(tmp_path: Path) -> None:
    desk = small(tmp_path, script(kind("a"), kind("b"), kind("b"), kind("b")))
    async with desk.open(SAMPLED, more=KIND) as remit:
        case_id = await send(remit, message="hello")
    async with desk.open() as remit:
        await testing.decide(remit, only_waiting(remit).approval_id, person=OLGA)
        await remit.settled()

        assert events(remit, case_id).count("orchestration:model:answered") == 1
        assert told(remit, case_id)[0] == 800_000
        assert desk.performed() == ["note"]


async def test_without_a_declaration_nothing_is_said_of_confidence(tmp_path: Path) -> None:
    desk = small(tmp_path, script('reply = "hello"'))
    async with desk.open('return (await run.ask("plain", message="x")).text') as remit:
        case_id = await send(remit)

        body = found(remit, case_id, "orchestration:model:answered")[0].body
        assert (body.get("confidence_ppm"), body.get("sure_by")) == (None, "")


@pytest.mark.parametrize(
    ("said", "good"),
    [("it is on its way and comes tomorrow", True), ("never ask that again", False)],
)
async def test_a_verifier_vouches_for_an_answer_or_does_not(
    tmp_path: Path, said: str, *, good: bool
) -> None:
    desk = small(tmp_path, script(f'reply = "{said}"'), more=VOUCHING)
    async with desk.open(VERIFIED) as remit:
        case_id = await send(remit, message="where is my coat")

        ppm = found(remit, case_id, "orchestration:model:answered")[0].body["confidence_ppm"]
        assert isinstance(ppm, int)
        assert (ppm > 700_000) if good else (ppm < 300_000)
        assert told(remit, case_id) == [ppm]


async def test_a_verifier_that_cannot_say_leaves_it_to_a_person(tmp_path: Path) -> None:
    desk = small(tmp_path, script('reply = "где мой заказ, скажите"'), more=VOUCHING)
    async with desk.open(VERIFIED) as remit:
        case_id = await send(remit, message="да")

        assert told(remit, case_id) == [0]
        assert desk.performed() == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ('output=Kind, samples=5, agree_on="colour"', "in `agree_on` a field"),
        ("output=Kind, samples=5", "in `agree_on` a field"),
        ('output=Kind, samples=21, agree_on="kind"', "2 to 20 `samples`"),
        ('output=Kind, samples=1, agree_on="kind"', "2 to 20 `samples`"),
        ('output=Kind, samples=3, agree_on="kind", verifier="v"', "not both"),
        ('verifier="nobody"', "no classifier `nobody` with the label `ok`"),
    ],
)
async def test_a_declaration_that_says_nothing_is_refused(
    tmp_path: Path, given: str, problem: str
) -> None:
    desk = small(tmp_path, script(kind("a")))
    body = f'return str(await run.ask("plain", message="x", {given}))'
    async with desk.open(body, more=KIND) as remit:
        case_id = await send(remit)

        assert problem in str(notes(remit, case_id)) + str(
            [one.payloads for one in found(remit, case_id, "orchestration:step:failed")]
        )
