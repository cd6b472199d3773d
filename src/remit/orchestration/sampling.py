"""Answers of a language model, and how sure one is by what the workflow's author declared.

A number that a model writes about itself is content, never a confidence. Either several samples
agree, or a classifier of the workflow, trained on answers that were right and wrong, vouches.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from remit.authoring.step_call import StepCall
from remit.domain.members import changed
from remit.domain.step import StepKey
from remit.domain.value import Json
from remit.errors import OutputInvalidError, SettingsError
from remit.models import routing
from remit.models.routing import Route
from remit.models.runtime import Attempt, Prompt, Reply
from remit.orchestration import last_look
from remit.orchestration.arguments import forms
from remit.orchestration.run import Run

AGREEMENT = "agreement"
OK = "ok"  # the label of a verifier that vouches
WHOLE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One answer: what was asked at last, the reply, and its masked form."""

    prompt: Prompt
    reply: Reply
    result: dict[str, Json]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sure:
    """Where a confidence comes from, and how much; empty where none was declared."""

    by: str = ""
    ppm: int | None = None


async def answered(run: Run, route: Route, prompt: Prompt, key: StepKey, sample: int) -> Said:
    """Return an answer without a token that stands for nothing.

    A model that alters or invents one is told its own tokens, once; then a person looks. Each
    sample has a key of its own, or a provider would hand out the first again.
    """
    before: tuple[Attempt, ...] = ()
    number = f":sample-{sample}" if sample else ""
    apart = f":{run.apart}" if run.apart else ""  # what is asked beside the case is asked anew
    for turn in ("", ":tokens"):
        reply = await routing.reply(
            route,
            prompt,
            key=f"{run.case_id}{apart}:{key.path}{number}{turn}",
            clock=run.now,
            fit=run.masker.surrogates.fitted,
        )
        before += reply.attempts
        value = run.masker.surrogates.settled(forms({"value": reply.value})["value"])
        said: Json = {"text": reply.text, "value": value}
        if not run.masker.contains_unknown_token(said):
            return _masked(run, prompt, changed(reply, attempts=before))
        again = last_look.asked_again(prompt, reply, known=run.masker.vault.tokens())
        prompt, _ = last_look.look(again, run.masker)  # what is recorded is what was sent
    raise OutputInvalidError(
        f"the answer to prompt `{key.name}` carries a token that was not in it, twice"
    )


def surest(
    run: Run, call: StepCall[Any], slots: Mapping[str, str], answers: Sequence[Said]
) -> tuple[Said, Sure]:
    """Return the answer that counts, and how sure it is by what was declared.

    Of samples it is the first of those that most agree on the declared field. Raises
    `SettingsError` for a verifier that is not set up.
    """
    if call.agree_on:
        fields = [_field(one, call.agree_on) for one in answers]
        most, times = Counter(fields).most_common(1)[0]  # of equals the first that was met
        sure = Sure(by=AGREEMENT, ppm=times * WHOLE // len(answers))
        return answers[fields.index(most)], sure
    if call.verifier:
        text = "\n".join((*slots.values(), str(answers[0].result["text"])))
        return answers[0], Sure(by=call.verifier, ppm=_vouched(run, call.verifier, text))
    return answers[0], Sure()


def spent(answers: Sequence[Said], what: str) -> int | None:
    """Return the tokens of all samples; None where a provider did not count one."""
    counted = [one.reply.usage for one in answers if one.reply.usage is not None]
    if len(counted) < len(answers):
        return None
    return sum(int(getattr(usage, what)) for usage in counted)


def _masked(run: Run, prompt: Prompt, reply: Reply) -> Said:
    text = run.masker.mask_text(reply.text, trusted_tokens=True).text
    value = (
        None
        if reply.value is None
        else run.masker.mask_json(forms({"value": reply.value})["value"], trusted_tokens=True)
    )
    return Said(prompt=prompt, reply=reply, result={"text": text, "value": value})


def _field(said: Said, name: str) -> str:
    value = said.result["value"]
    return json.dumps(value.get(name) if isinstance(value, dict) else value, sort_keys=True)


def _vouched(run: Run, name: str, text: str) -> int | None:
    """Return how sure the verifier is that the answer is right; None where it cannot say."""
    verifier = run.equipment.classifiers.get(name)
    if verifier is None or OK not in verifier.classes:
        raise SettingsError(
            f"workflow `{run.equipment.name}` has no classifier `{name}` with the label `{OK}`; "
            "train one with `remit train` and name it in `remit.toml`"
        )
    chosen = verifier.choose(text)
    if chosen.confidence is None:
        return None
    if chosen.choice == OK:
        return chosen.confidence.ppm
    return dict(chosen.runners_up).get(OK, 0)
