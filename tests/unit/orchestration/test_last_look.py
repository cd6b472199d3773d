"""Nothing unmasked leaves in a model's request, whoever put it there."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Literal

import pytest
from pydantic import BaseModel, Field

from remit.errors import PromptInvalidError
from remit.intake.mask import Masker, open_scope
from remit.models import routing
from remit.models.routing import Route
from remit.models.runtime import (
    Finish,
    Message,
    MessageKind,
    ModelIdentity,
    ModelSettings,
    Piece,
    Prompt,
    Reply,
    Role,
)
from remit.orchestration.last_look import look, looked_at, noted
from tests.loopback.models import serving
from tests.projects import PROMPT, SCRIPTED, SERVED, Small, found, send, standing

pytestmark = pytest.mark.anyio

ADDRESS = "anna.lindqvist@example.org"
INVENTED = "write to EMAIL_7K3QX2MD and to carl.oster@example.org"
ASKED = 'return (await run.ask("plain", message=case.message)).text'


class Shape(BaseModel):
    word: Literal["yes", "no"]


class Telling(BaseModel):
    to: str = Field(description=f"an address such as {ADDRESS}")


@dataclass
class Heard:
    """A model that notes what it is sent, and says what it is told to."""

    says: list[str]
    prompts: list[Prompt] = field(default_factory=list)
    name: str = "heard"

    async def reply(self, prompt: Prompt, *, key: str, deadline_seconds: float) -> Reply:
        self.prompts.append(prompt)
        told = ModelIdentity(asked="heard", reported="heard", provider="test")
        return Reply(text=self.says.pop(0), finish=Finish.STOP, model=told)

    def stream(
        self, prompt: Prompt, *, key: str, deadline_seconds: float
    ) -> AsyncIterator[Piece | Reply]:
        raise NotImplementedError


@pytest.fixture
def masker() -> Masker:
    return open_scope(
        "case", root_key=b"k" * 32, check_key=b"k" * 32, rows=[], random_bytes=Random(1).randbytes
    )[0]


def prompt(*texts: str, output: type[BaseModel] | None = None) -> Prompt:
    return Prompt(
        name="plain", digest="d", route="reply", settings=ModelSettings(output_tokens_max=100),
        messages=tuple(Message(role=Role.USER, text=one, kind=MessageKind.DATA) for one in texts),
        output=output, slots={"message": texts[-1]},
    )  # fmt: skip


def test_a_clear_request_leaves_as_it_is(masker: Masker) -> None:
    token = masker.mask_value("EMAIL", ADDRESS)
    given = prompt(f"Write to {token}.", "thanks", output=Shape)
    assert look(given, masker) == (given, 0)


def test_a_value_is_masked_counted_and_is_nowhere_in_the_request(masker: Masker) -> None:
    seen, finds = look(prompt("system", f"write to {ADDRESS}", "or call +49 30 901820"), masker)
    assert finds == 2
    assert ADDRESS not in repr(seen)
    assert "901820" not in repr(seen)
    assert masker.restore(seen.messages[1].text) == f"write to {ADDRESS}"


def test_a_request_with_tokens_says_once_what_they_are(masker: Masker) -> None:
    token = masker.mask_value("EMAIL", ADDRESS)
    known = masker.vault.tokens()
    plain, asked = prompt("hello"), prompt("Answer.", f"I am {token}, not EMAIL_7K3QX2MD")
    assert noted(plain, known=known) == plain
    said = noted(asked, known=known)
    assert said.messages[0].text.startswith(f"Answer.\n\nA word such as `{token}` stands for a")
    assert said.messages[1:] == asked.messages[1:]
    assert look(said, masker)[0].messages[0] == said.messages[0]


def test_a_declared_shape_that_holds_a_value_is_refused_without_saying_it(masker: Masker) -> None:
    with pytest.raises(
        PromptInvalidError, match="prompt `plain` reads as a private value"
    ) as told:
        look(prompt("hello", output=Telling), masker)
    assert ADDRESS not in str(told.value)


async def test_what_a_model_made_up_is_masked_when_it_is_told_to_repair_it(masker: Masker) -> None:
    model = Heard(says=[f"ask {ADDRESS}", '{"word": "yes"}'])
    route = looked_at(Route(name="reply", models=(model,)), masker)
    asked = prompt("hello", output=Shape)

    reply = await routing.reply(route, asked, key="k", clock=lambda: datetime.now(UTC))

    assert reply.value == Shape(word="yes")
    assert len(model.prompts) == 2
    assert ADDRESS not in repr(model.prompts)
    assert "EMAIL_" in model.prompts[1].messages[1].text


async def test_an_address_that_an_owner_wrote_into_a_prompt_is_a_late_find(tmp_path: Path) -> None:
    script = '[[line]]\nprompt = "plain"\nreply = "good day"\n'
    for owner, finds in ((ADDRESS, 1), ("the desk", 0)):
        small = Small(
            folder=tmp_path / f"{finds}", settings=SCRIPTED,
            files={"prompts/plain.md": f"{PROMPT}and {owner}\n", "scripted.toml": script},
        )  # fmt: skip
        small.folder.mkdir()
        async with small.open(ASKED) as remit:
            case_id = await send(remit, message=f"I am {ADDRESS}")
            assert standing(remit, case_id)[0] == "closed"
            assert remit.metrics()["late_finds"] == finds
            (answered,) = found(remit, case_id, "orchestration:model:answered")
            assert ADDRESS not in str(answered.payloads)


@pytest.mark.parametrize(
    ("says", "ended"),
    [
        ([INVENTED, "write to the sender"], ("closed", "completed")),
        ([INVENTED, INVENTED], ("escalated", "model.output_invalid")),
    ],
)
async def test_a_model_that_invents_a_token_has_one_more_try(
    tmp_path: Path, says: list[str], ended: tuple[str, str]
) -> None:
    with serving() as models:
        models.says = list(says)
        small = Small(
            folder=tmp_path, settings=SERVED.format(url=models.url),
            files={"prompts/plain.md": PROMPT},
        )  # fmt: skip
        async with small.open(ASKED) as remit:
            case_id = await send(remit, message=f"I am {ADDRESS}")

            assert standing(remit, case_id) == ended
            first, second = (str(one["messages"]) for one in models.log)
            (token,) = set(re.findall(r"EMAIL_[0-9A-Z]{8}", first))
            assert f"Use these, letter by letter, or none: {token}." in second
            assert ADDRESS not in first + second
            assert "carl.oster" not in first + second
            assert remit.metrics()["late_finds"] == 0
            for answered in found(remit, case_id, "orchestration:model:answered"):
                assert answered.body["attempts"] == 2
                assert "carl.oster" not in str(answered.payloads)
