"""The contract of each honest task, from its prompt and ground truth alone, frozen by digest.

`python -m bench.agentdojo.contract` writes `contracts.json` anew. Each call that acts is one
step. An argument that the prompt states, in that argument's type, is a constant of that step; what
a plan names is a field of a record or a derive; any other argument with authority cites the field
from outside that it is read from, which proves nothing, so that a person is asked.
"""

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any

from bench.agentdojo.derives import DERIVES
from bench.agentdojo.manifest import AUTHORITY, CHOICE, TOOLS, acts, marks_digest
from bench.agentdojo.plans import PLANS, Source
from bench.agentdojo.suites import suites

FILE = Path(__file__).with_name("contracts.json")
DIGEST = "7f370cb3ecd6e19c01671e03e65879d1a2261e1094c19b133a0aca98fb07ff74"
MARKS = "21789826c6c9d3506532c214ae146f05787e104bd175d8815ff0c75a2edf8bf3"
BARE_MAX = 3  # digits of a number that is stated only after `id` or `#`
STATED_BY = {("permission", "r"): "read", ("recurring", "True"): "recurring"}
MONTHS = [dt.date(2000, month, 1).strftime("%B") for month in range(1, 13)]
Contract = dict[str, Any]


def contracts() -> dict[str, Contract]:
    """Return the frozen contracts; they are what was committed before any attack ran.

    So are the marks of what is secret, but for the first run, which had none and lost one pair.
    """
    if marks_digest() != MARKS:
        raise ValueError(f"the marks of what is secret are not those frozen: {marks_digest()}")
    content = FILE.read_bytes()
    found = sha256(content).hexdigest()
    if found != DIGEST:
        raise ValueError(f"contracts.json is not what was frozen: {found}")
    return dict(json.loads(content))


def made() -> dict[str, Contract]:
    """Work the contracts out."""
    return {
        f"{suite_name}/{task_id}": _contract(suite, f"{suite_name}/{task_id}", task)
        for suite_name, suite in suites().items()
        for task_id, task in suite.user_tasks.items()
    }


def _contract(suite: Any, name: str, task: Any) -> Contract:
    plan = PLANS.get(name, {})
    world = task.init_environment(suite.load_and_inject_default_environment({}))
    reads: dict[str, dict[str, Source]] = {}
    steps: list[dict[str, Any]] = []
    seen: list[tuple[str, str]] = []  # (tool, output) of what was read before
    for call in task.ground_truth(world.model_copy(deep=True)):
        if acts(call.function):
            override = plan.get("steps", {}).get(len(steps), {})
            steps.append({
                "tool": call.function,
                "arguments": {
                    argument: override.get(argument)
                    or _source(call.function, argument, value, task.PROMPT, seen)
                    for argument, value in call.args.items()
                    if value is not None
                },
            })  # fmt: skip
        else:
            override = plan.get("reads", {}).get(call.function, {})
            params = reads.setdefault(call.function, {})
            for argument, value in call.args.items():
                if argument in override:
                    params[argument] = override[argument]
                elif not isinstance(value, list) and _fixed(value, task.PROMPT, seen):
                    before = params.get(argument, ["literal"])
                    params[argument] = [*before, *([] if value in before[1:] else [value])]
        seen.append((call.function, _output(suite, world, call)))
    cited = [one for step in steps for one in step["arguments"].values()]
    cited += [one for params in reads.values() for one in params.values()]
    derives = sorted({one[1] for one in cited if one[0] == "tool" and one[1] in DERIVES})
    return {
        "case": plan.get("case", {}), "derives": derives, "reads": reads, "steps": steps,
    }  # fmt: skip


def _source(
    tool: str, argument: str, value: Any, prompt: str, seen: list[tuple[str, str]]
) -> Source:
    values = _values(value)
    if all(is_stated(argument, one, prompt, tool) for one in values):
        return ["literal", *values]
    if TOOLS[tool].roles[argument] not in AUTHORITY:
        return ["any"]
    return ["outside", _read_from(values, seen)]


def _values(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [one["file_id"] if isinstance(one, dict) else one for one in value]


def is_stated(argument: str, value: Any, prompt: str, tool: str) -> bool:
    """Does the prompt state this value, in the type of that argument?"""
    role = TOOLS[tool].roles[argument]
    if (argument, str(value)) in STATED_BY:
        return STATED_BY[argument, str(value)] in prompt
    if role == CHOICE:
        return _is_dated(str(value), prompt)
    if isinstance(value, int) and argument == "id":
        return re.search(rf"(?i)\b(?:id|#)\W*{value}\b", prompt) is not None
    if isinstance(value, int | float):
        return Decimal(str(value)) in set(_numbers(prompt))
    return _stands(str(value), prompt)


def _stands(text: str, prompt: str) -> bool:
    """Does this text stand in the prompt, whole? A short bare number does after `id` or `#`."""
    if not text.strip():
        return False
    if text.isdigit() and len(text) <= BARE_MAX:
        return re.search(rf"(?i)\b(?:id|#)\W*{text}\b", prompt) is not None
    return re.search(rf"(?<![\w@-]){re.escape(text)}(?![\w@])", prompt) is not None


def _numbers(prompt: str) -> Iterator[Decimal]:
    for match in re.finditer(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w%])", prompt):
        yield Decimal(match.group())


def _is_dated(value: str, prompt: str) -> bool:
    """Does the prompt state the day? The hour beside it is the plan's reading."""
    day = dt.date.fromisoformat(value[:10])
    month = MONTHS[day.month - 1]
    words = rf"\b{month} {day.day}(?:st|nd|rd|th)?\b|\b{day.day}(?:st|nd|rd|th)? of {month}\b"
    return day.isoformat() in prompt or re.search(words, prompt) is not None


def _fixed(value: Any, prompt: str, seen: list[tuple[str, str]]) -> bool:
    """Is an argument of a read a constant of the plan: stated, or in nothing that was read?"""
    return _stands(str(value), prompt) or not any(str(value) in output for _, output in seen)


def _read_from(values: list[Any], seen: list[tuple[str, str]]) -> str:
    """Return the tool that brought the values, else the last that was read."""
    found = [tool for tool, output in seen if all(str(one) in output for one in values)]
    return (found or [tool for tool, _ in seen] or [""])[-1]


def _output(suite: Any, world: Any, call: Any) -> str:
    from agentdojo.functions_runtime import FunctionsRuntime

    output, _ = FunctionsRuntime(suite.tools).run_function(world, call.function, call.args)
    return str(output)


def counts(all_of: Mapping[str, Contract]) -> dict[str, int]:
    """Return how many sources there are of each kind."""
    kinds = [
        "derive" if one[0] == "tool" and one[1] in DERIVES else str(one[0])
        for contract in all_of.values()
        for step in contract["steps"]
        for one in step["arguments"].values()
    ]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


if __name__ == "__main__":
    written = json.dumps(made(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    FILE.write_text(written, encoding="utf-8")
    print(sha256(written.encode()).hexdigest())
    print(counts(json.loads(written)))
