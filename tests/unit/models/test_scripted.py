"""The scripted model: which line answers, what it may quote, and how it fails."""

from pathlib import Path

import pytest

from remit.errors import ModelRejectedError, SettingsError
from remit.models import scripted
from remit.models.runtime import ModelSettings, Prompt, Reply
from remit.models.scripted import Line, ScriptedRuntime

pytestmark = pytest.mark.anyio


def prompt(name: str = "refund-reply", /, **slots: str) -> Prompt:
    return Prompt(
        name=name,
        digest="d",
        messages=(),
        route="reply",
        settings=ModelSettings(output_tokens_max=10),
        slots=slots,
    )


async def ask(runtime: ScriptedRuntime, of: Prompt) -> Reply:
    return await runtime.reply(of, key="k", deadline_seconds=1)


async def test_the_first_line_that_fits_answers() -> None:
    runtime = ScriptedRuntime(
        [
            Line(prompt="triage-*", reply="wrong prompt"),
            Line(prompt="refund-*", pattern="lost", reply="wrong pattern"),
            Line(prompt="refund-*", reply="this one"),
            Line(reply="too late"),
        ]
    )

    assert (await ask(runtime, prompt(message="late"))).text == "this one"
    assert runtime.unused == (1, 2, 4)


async def test_a_reply_quotes_what_the_pattern_found_and_what_the_prompt_was_given() -> None:
    line = Line(
        pattern=r"order (?P<order>[A-Z]-\d+)",
        reply="{order}: {slot:facts.total.amount} for {slot:name}, {slot:facts.lines.0}",
    )
    facts = '{"total": {"amount": "12.50"}, "lines": ["tea"]}'

    answer = await ask(
        ScriptedRuntime([line]), prompt(message="my order A-17", facts=facts, name="<1>")
    )

    assert answer.text == "A-17: 12.50 for <1>, tea"


async def test_a_value_is_sent_as_json_whatever_it_quotes() -> None:
    runtime = ScriptedRuntime([Line(value={"reply": "{slot:name}", "n": 1})])

    assert (await ask(runtime, prompt(name='"}'))).text == '{"reply": "\\"}", "n": 1}'


async def test_a_line_answers_only_so_often() -> None:
    runtime = ScriptedRuntime([Line(reply="once", times_max=1), Line(reply="then")])

    assert [(await ask(runtime, prompt())).text for _ in range(3)] == ["once", "then", "then"]


async def test_an_unmatched_prompt_names_the_nearest_line_and_no_value() -> None:
    runtime = ScriptedRuntime(
        [Line(prompt="triage", reply="x"), Line(prompt="refund-replies", reply="x")]
    )

    with pytest.raises(
        ModelRejectedError, match=r"nearest is line 2, for `refund-replies`"
    ) as got:
        await ask(runtime, prompt(message="secret"))

    assert "secret" not in str(got.value)


async def test_a_slot_that_the_prompt_does_not_have_is_named() -> None:
    with pytest.raises(ModelRejectedError, match=r"quotes `order\.total`"):
        await ask(ScriptedRuntime([Line(reply="{slot:order.total}")]), prompt(order="{}"))


async def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "scripted.toml"
    file.write_text('[[line]]\nprompt = "refund-*"\nreply = "Dear {slot:name}"\n', "utf-8")

    assert (await ask(scripted.load(file), prompt(name="Anna"))).text == "Dear Anna"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[[line]]", "line 1 .* exactly one of"),
        ('[[line]]\nreply = "a"\nerror = "cut"', "line 1 .* exactly one of"),
        ('[[line]]\nreply = "a"\n[[line]]\nrepli = "b"', "line 2 .*`repli`: extra forbidden"),
        ('[[line]]\nreply = "a"\npattern = "("', "`pattern` is not a regular expression"),
        ('[[line]]\nreply = "{order}"\npattern = "x"', "has no group for"),
        ("line = 3", "must hold up to"),
        ("[[line", "cannot be read"),
    ],
)
def test_a_wrong_script_names_its_line(tmp_path: Path, text: str, problem: str) -> None:
    file = tmp_path / "scripted.toml"
    file.write_text(text, "utf-8")

    with pytest.raises(SettingsError, match=problem):
        scripted.load(file)
