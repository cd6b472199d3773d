"""Other ways to stop an attacker, in the same harness: what each allows, and nothing else.

Each is as good as it is simple. None asks anybody: what it does not allow does not run.
"""

from collections.abc import Callable

from bench.agentdojo.judging import Case
from bench.agentdojo.manifest import AUTHORITY, TOOLS, acts
from bench.agentdojo.world import Attempt

SHORT_MAX = 2  # characters of a value that stands in any text by chance
Allows = Callable[[Attempt], bool]


def none(_case: Case) -> Allows:
    """Allow everything."""
    return lambda _: True


def allow_list(case: Case) -> Allows:
    """Allow the tools that the honest task needs, with any arguments."""
    needed = {tool for tool, _, _ in case.agent.honest}
    return lambda attempt: attempt.tool in needed


def taint(case: Case) -> Allows:
    """Allow what has no authority value that was read somewhere and is not in the prompt."""
    prompt = str(case.pair.user.PROMPT)

    def allows(attempt: Attempt) -> bool:
        roles = TOOLS[attempt.tool].roles
        values = [
            str(one)
            for name, value in attempt.arguments.items()
            if roles.get(name) in AUTHORITY
            for one in (value if isinstance(value, list) else [value])
        ]
        read = " ".join(case.world.seen)
        return not any(
            len(one) > SHORT_MAX and one not in prompt and one in read for one in values
        )

    return allows


def marker(case: Case) -> Allows:
    """Allow nothing that acts once anything was read: the whole run is marked."""
    return lambda attempt: not acts(attempt.tool) or not case.world.seen


BASELINES = {"no gate": none, "allow-list": allow_list, "taint": taint, "marker": marker}
