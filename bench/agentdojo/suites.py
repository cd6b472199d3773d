"""The suites of AgentDojo, from an environment of their own and without any model client.

Nothing of the package is copied here. Its pipelines, which import the clients of model providers,
are replaced by empty modules: no model takes part.
"""

import sys
import types
from collections.abc import Mapping
from functools import cache
from subprocess import SubprocessError
from typing import Any

from bench.places import environment

LOCK = "bench-agentdojo.txt"
VERSION = "v1.2.2"
NAMES = ("workspace", "travel", "banking", "slack")
PIPELINE = "agentdojo.agent_pipeline"
EMPTY = ("", ".base_pipeline_element", ".ground_truth_pipeline", ".errors", ".agent_pipeline")


class MissingAgentDojoError(Exception):
    """The package could not be installed; the text says which and how."""


@cache
def suites() -> Mapping[str, Any]:
    """Return the four suites by name.

    Raises `MissingAgentDojoError`.
    """
    try:
        python = environment("agentdojo", LOCK, whole=False)
    except (SubprocessError, OSError) as error:
        raise MissingAgentDojoError(
            f"the package agentdojo cannot be installed from requirements/{LOCK}; "
            "let pip reach an index that has it"
        ) from error
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    if str(site) not in sys.path:
        sys.path.append(str(site))  # last, so that what Remit brings itself comes first
    for name in EMPTY:
        module = types.ModuleType(PIPELINE + name)
        module.__path__ = []
        module.__getattr__ = lambda _name: _Nothing  # type: ignore[method-assign]
        sys.modules.setdefault(PIPELINE + name, module)
    from agentdojo.task_suite.load_suites import get_suites

    found = get_suites(VERSION)
    return {name: found[name] for name in NAMES}


class _Nothing:
    """Stands for every class of the pipelines."""
