"""Steps that only look: classify, ask, retrieve, read, derive and the recorded small ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from remit.authoring.context import Answer, Classified
from remit.authoring.step_call import StepCall
from remit.authoring.workflow import Workflow
from remit.domain import clock
from remit.domain.event import (
    GapObserved,
    IntentClassified,
    ModelAnswered,
    PassagesRetrieved,
    ToolRead,
    ValueDerived,
)
from remit.domain.step import Confidence, StepKey, StepKind
from remit.domain.value import Json, canonical
from remit.errors import (
    ArgumentsInvalidError,
    KnowledgeUnavailableError,
    PromptInvalidError,
    RegistrationError,
    SettingsError,
)
from remit.intake.mask import Masker
from remit.intake.surrogates import Surrogates
from remit.models.runtime import Reply
from remit.orchestration import egress, last_look, sampling
from remit.orchestration.arguments import plain
from remit.orchestration.executor import Executor
from remit.orchestration.run import Run
from remit.retrieval.retriever import Passage

NAME_CHARACTERS_MAX = 200
_SAYING = ("title", "section", "text")  # what an owner wrote in a passage

_PASSAGES: TypeAdapter[tuple[Passage, ...]] = TypeAdapter(tuple[Passage, ...])


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Takes live steps of a run and records them."""

    executor: Executor
    late: Counter[str] = field(default_factory=Counter)  # values found in requests: counted

    async def take(
        self, run: Run, call: StepCall[Any], key: StepKey, given: dict[str, Json]
    ) -> Json:
        """Take one live step; return its result as it is recorded.

        Raises the step errors of `remit.errors`.
        """
        match call.kind:
            case StepKind.CLASSIFY:
                return self._classify(run, key, given)
            case StepKind.ASK:
                return await self._ask(run, call, key)
            case StepKind.RETRIEVE:
                return await self._retrieve(run, key, given)
            case StepKind.READ:
                return await self.read(
                    run, key.name, given, path=key.path, arguments=key.arguments
                )
            case StepKind.DERIVE:
                return self._derive(run, call, key, given)
            case _:
                return self._small(run, key)

    # -- models ----------------------------------------------------------------------------------

    def _classify(self, run: Run, key: StepKey, given: Mapping[str, Json]) -> Json:
        classifier = run.equipment.classifiers.get(key.name)
        if classifier is None:
            raise SettingsError(
                f"workflow `{run.equipment.name}` has no classifier `{key.name}`; "
                "train one with `remit train` and name it in `remit.toml`"
            )
        chosen = classifier.choose(
            run.masker.mask_text(str(given["text"]), trusted_tokens=True).text
        )
        ppm = None if chosen.confidence is None else chosen.confidence.ppm
        result: Json = {
            "choice": chosen.choice,
            "kind": "none" if chosen.confidence is None else chosen.confidence.kind,
            "ppm": ppm,
        }
        run.note(
            IntentClassified(
                name=key.name,
                arguments=key.arguments,
                model=classifier.fingerprint[:16],
                choice=chosen.choice,
                confidence_ppm=ppm,
                score_ppm=None if ppm is None else chosen.score_ppm,
            ),
            path=key.path,
            payloads={"result": result},
        )
        return result

    async def _ask(self, run: Run, call: StepCall[Any], key: StepKey) -> Json:
        artefact = run.equipment.prompts.get(key.name)
        if artefact is None:
            raise PromptInvalidError(
                f"workflow `{run.equipment.name}` has no prompt `{key.name}`; "
                f"add `prompts/{key.name}.md`"
            )
        route = run.equipment.routes.get(artefact.route)
        if route is None:
            raise SettingsError(
                f"prompt `{key.name}` asks for the route `{artefact.route}`, which is not set up; "
                f"add `[routes.{artefact.route}]` to `remit.toml`"
            )
        slots = {
            name: run.masker.mask_text(_slot(value), trusted_tokens=True).text
            for name, value in call.arguments.items()
        }
        prompt, finds = last_look.look(artefact.render(slots, output=call.output), run.masker)
        self.late["finds"] += finds
        prompt = last_look.noted(prompt, known=run.masker.vault.tokens())
        route = last_look.looked_at(route, run.masker)
        answers = [
            await sampling.answered(run, route, prompt, key, sample)
            for sample in range(call.samples)
        ]
        chosen, sure = sampling.surest(run, call, slots, answers)
        reply = chosen.reply
        run.note(
            ModelAnswered(
                name=key.name,
                arguments=key.arguments,
                prompt=artefact.digest[:32],
                model=_named(run, reply),
                finish=reply.finish.value,
                latency_ms=sum(one.reply.latency_ms for one in answers),
                input_tokens=sampling.spent(answers, "input_tokens"),
                output_tokens=sampling.spent(answers, "output_tokens"),
                attempts=sum(len(one.reply.attempts) for one in answers),
                samples=call.samples,
                sure_by=sure.by,
                confidence_ppm=sure.ppm,
            ),
            path=key.path,
            payloads={
                "prompt": [
                    {"kind": message.kind.value, "role": message.role.value, "text": message.text}
                    for message in chosen.prompt.messages
                ],
                "result": chosen.result,
            },
        )
        run.write_behind()
        return chosen.result

    # -- knowledge -------------------------------------------------------------------------------

    async def _retrieve(self, run: Run, key: StepKey, given: Mapping[str, Json]) -> Json:
        retriever = run.equipment.retriever
        if retriever is None:
            raise KnowledgeUnavailableError(
                f"workflow `{run.equipment.name}` has no knowledge; add a folder `knowledge/`"
            )
        query = run.masker.mask_text(str(given["query"]), trusted_tokens=True).text
        limit = given["limit"]
        found = await retriever.search(
            query,
            collections=(key.name,),
            as_of=clock.instant(run.history.opened_us),
            limit=limit if isinstance(limit, int) else 3,
        )
        result: Json = [_passage(passage, run.masker) for passage in found.passages]
        run.note(
            PassagesRetrieved(
                name=key.name,
                arguments=key.arguments,
                citations=tuple(
                    f"{passage.document}@{passage.version[:12]}#{passage.section}"
                    for passage in found.passages
                ),
                gap=found.gap,
            ),
            path=key.path,
            payloads={"query": query, "result": result},
        )
        if found.gap is not None:
            run.note(
                GapObserved(collection=key.name, code=found.gap),
                path=key.path,
                payloads={"question": query},
            )
        return result

    # -- other systems ---------------------------------------------------------------------------

    async def read(
        self, run: Run, name: str, given: Mapping[str, Json], *, path: str, arguments: str
    ) -> Json:
        """Read with a tool, mask what came back, record it."""
        tool = run.equipment.workflow.tools.get(name)
        if tool is None or tool.spec.derive:
            raise RegistrationError(f"`{name}` is no tool of workflow `{run.equipment.name}`")
        if tool.spec.egress:
            await egress.let_out(run, tool.spec, given)
        raw, connector, took = await self.executor.read(tool, given, run.masker.vault)
        private = {field.path: field.private for field in tool.spec.fields if field.private}
        result = run.masker.mask_json(canonical_json(raw), private=private)
        run.note(
            ToolRead(
                name=name,
                arguments=arguments,
                connector=connector,
                latency_ms=took,
                result=run.digest(result),
            ),
            path=path,
            payloads={"arguments": dict(given), "result": result},
        )
        return result

    def _derive(self, run: Run, call: StepCall[Any], key: StepKey, given: dict[str, Json]) -> Json:
        rule = run.equipment.workflow.tools.get(key.name)
        if rule is None or not rule.spec.derive:
            raise RegistrationError(f"`{key.name}` is no derive of `{run.equipment.name}`")
        surrogates = run.masker.surrogates
        try:  # from the recorded forms, so that live and replayed runs compute on the same values
            typed = {
                name: surrogates.fitted(rule.arguments[name].validate_python, one)
                for name, one in given.items()
            }
        except (KeyError, ValidationError):
            raise ArgumentsInvalidError(
                f"the arguments of `{key.name}` are not those it declares"
            ) from None
        value = rule.body(**typed)
        form = surrogates.settled(canonical(plain(value)).form)
        result: Json = {"arguments": given, "value": form}
        run.note(
            ValueDerived(kind=call.kind.value, name=key.name, arguments=key.arguments),
            path=key.path,
            payloads={"result": result},
        )
        return result

    def _small(self, run: Run, key: StepKey) -> Json:
        result: Json
        match key.kind:
            case StepKind.NOW:
                result = clock.text(run.now())
            case StepKind.RANDOM:
                result = run.random_number()
            case StepKind.NEW_ID:
                result = run.new_id()
            case _:
                result = True  # `changed`: this case came here first under the new code
        run.note(
            ValueDerived(kind=key.kind.value, name=key.name, arguments=key.arguments),
            path=key.path,
            payloads={"result": result},
        )
        return result


def _named(run: Run, reply: Reply) -> str:
    """Return the model's name as its server gives it, which is another system's word."""
    name = reply.model.reported[:NAME_CHARACTERS_MAX] or reply.model.asked
    return run.masker.mask_text(name).text


# -- from what is recorded to what the author sees -----------------------------------------------


def answer(workflow: Workflow, call: StepCall[Any], result: Json, surrogates: Surrogates) -> Any:
    """Return a recorded result as the value that workflow code awaits."""
    fitted = surrogates.fitted
    match call.kind:
        case StepKind.CLASSIFY if isinstance(result, dict):
            ppm = result["ppm"]
            confidence = (
                Confidence(ppm=ppm, kind=str(result["kind"])) if isinstance(ppm, int) else None
            )
            return Classified(choice=str(result["choice"]), confidence=confidence)
        case StepKind.ASK if isinstance(result, dict):
            if call.output is not None and issubclass(call.output, BaseModel):
                return fitted(call.output.model_validate, result["value"])
            return Answer(text=str(result["text"]))
        case StepKind.RETRIEVE:
            return fitted(_PASSAGES.validate_python, result)
        case StepKind.READ:
            return fitted(workflow.tools[call.name].result.validate_python, result)
        case StepKind.DERIVE if isinstance(result, dict):
            return fitted(workflow.tools[call.name].result.validate_python, result["value"])
        case StepKind.NOW:
            return datetime.fromisoformat(str(result))
        case _:
            return result


def canonical_json(value: object) -> Json:
    """Return a JSON answer with its numbers as exact text where they are no whole numbers."""
    if type(value) is str:
        return value
    match value:
        case float():
            return repr(value)
        case Enum():
            return canonical_json(value.value)
        case dict():
            return {str(key): canonical_json(item) for key, item in value.items()}
        case list() | tuple():
            return [canonical_json(item) for item in value]
        case None | bool() | int() | str():
            return value
        case _:
            return str(value)


def _slot(value: object) -> str:
    """Return what a prompt's slot shows: text as it is, passages as quotes, records as lines."""
    match value:
        case str():
            return value
        case None:
            return ""
        case tuple() | list():
            return "\n\n".join(_slot(item) for item in value)
        case Passage():
            return f"[{value.document}] {value.title}: {value.text}"
        case BaseModel():
            return "\n".join(
                f"{name}: {_slot(getattr(value, name))}" for name in type(value).model_fields
            )
        case _:
            return str(value)


def _passage(passage: Passage, masker: Masker) -> Json:
    """Return a passage as it is recorded and shown to the case: what it says is masked."""
    made = {name: canonical_json(item) for name, item in asdict(passage).items()}
    said = {name: masker.mask_text(str(made[name])).text for name in _SAYING}
    return {**made, **said}
