"""One peer in its own environment: decide the same request again and again, print times as JSON.

Run with the environment of `requirements/bench-gate.txt`; Remit is not imported here.
"""

import argparse
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROUNDS_MIN, ROUNDS_MAX = 20, 2000
SECONDS = 2.5


def main() -> None:
    """Measure one engine at one size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("size", type=int)
    parser.add_argument("layout")
    asked = parser.parse_args()
    spec = importlib.util.spec_from_file_location("rules", HERE / "rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["rules"] = module
    spec.loader.exec_module(module)
    decide = ENGINES[asked.engine](module.rules(asked.size, asked.layout), module.action(0))
    if not decide(module.AMOUNT):
        raise AssertionError("it refuses what the rules permit")
    if decide(0):
        raise AssertionError("it allows what no rule permits")
    cpu, wall = [], []
    end = time.perf_counter() + SECONDS
    while len(cpu) < ROUNDS_MAX and (time.perf_counter() < end or len(cpu) < ROUNDS_MIN):
        begun, at = time.thread_time_ns(), time.perf_counter_ns()
        decide(module.AMOUNT)
        cpu.append((time.thread_time_ns() - begun) / 1000)
        wall.append((time.perf_counter_ns() - at) / 1000)
    print(json.dumps({"cpu_us": cpu, "wall_us": wall}))


Decide = Callable[[int], bool]


def cedar_text(rules: list[Any], action: str) -> Decide:
    """Cedar, told the rules as text on each call, as its Python package shows it."""
    return asked(text_of(rules), action)


def cedar_parsed(rules: list[Any], action: str) -> Decide:
    """Cedar, the rules parsed once: all of them in one set."""
    import cedarpy

    return asked(cedarpy.PolicySet.from_str(text_of(rules)), action)


def text_of(rules: list[Any]) -> str:
    """Return the rules in Cedar's language."""
    return "\n".join(
        f'{"permit" if one.permits else "forbid"} (principal, action == Action::"{one.action}", '
        f"resource) when {{ context.amount > {one.above} }};"
        for one in rules
    )


def asked(policies: Any, action: str) -> Decide:
    """Return what asks Cedar with these policies."""
    import cedarpy

    def decide(amount: int) -> bool:
        request = {
            "principal": 'Case::"1"',
            "action": f'Action::"{action}"',
            "resource": 'Order::"1"',
            "context": {"amount": amount},
        }
        return bool(cedarpy.is_authorized(request, policies, []).allowed)

    return decide


CASBIN_MODEL = """
[request_definition]
r = act, amount
[policy_definition]
p = act, above, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = r.act == p.act && r.amount > float(p.above)
"""


def casbin(rules: list[Any], action: str) -> Decide:
    """Casbin: a deny wins over an allow; conditions are columns of the policy."""
    import logging

    import casbin
    from casbin.model import Model

    logging.disable(logging.CRITICAL)
    model = Model()
    model.load_model_from_text(CASBIN_MODEL)
    enforcer = casbin.Enforcer(model)
    enforcer.add_function("float", float)
    enforcer.add_policies(
        [[one.action, str(one.above), "allow" if one.permits else "deny"] for one in rules]
    )
    return lambda amount: bool(enforcer.enforce(action, amount))


def governance_toolkit(rules: list[Any], action: str) -> Decide:
    """The agent-governance-toolkit: one condition a rule, the first that matches decides.

    It has no conjunction, so the action is part of the field's name; denies come first.
    """
    from agent_os.policies import PolicyDocument, PolicyEvaluator

    document = PolicyDocument.model_validate(
        {
            "name": "bench",
            "defaults": {"action": "deny"},
            "rules": [
                {
                    "name": one.name,
                    "condition": {
                        "field": f"{one.action}.amount",
                        "operator": "gt",
                        "value": one.above,
                    },
                    "action": "allow" if one.permits else "deny",
                    "priority": 1 if one.permits else 2,
                }
                for one in rules
            ],
        }
    )
    evaluator = PolicyEvaluator([document])
    return lambda amount: bool(evaluator.evaluate({f"{action}.amount": amount}).allowed)


ENGINES = {
    "cedar-text": cedar_text,
    "cedar-parsed": cedar_parsed,
    "casbin": casbin,
    "governance-toolkit": governance_toolkit,
}

if __name__ == "__main__":
    main()
