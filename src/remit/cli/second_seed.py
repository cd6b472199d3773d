"""The test kit's second process: replays cases that are handed over, under another hash seed.

`python -m remit.cli.second_seed` reads one JSON line for each case and answers with one; it ends
when its input does. Tests start it, with `PYTHONHASHSEED` set; nobody types it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from remit.assembly import load_module
from remit.authoring.workflow import Workflow
from remit.orchestration import seeds

_LOADED: dict[tuple[str, str, int, str], Workflow] = {}
LOADED_MAX = 32


def main() -> None:
    """Answer until there is no more input."""
    for line in sys.stdin:
        case = json.loads(line)
        try:
            said = asyncio.run(seeds.compared(_workflow(case), case))
        except Exception as error:  # noqa: BLE001 - an answer is owed whatever happens
            said = f"the second process failed: {type(error).__name__}: {error}"
        sys.stdout.write(json.dumps({"said": said}) + "\n")
        sys.stdout.flush()


def _workflow(case: dict[str, Any]) -> Workflow:
    """Load a workflow's code, once for each state of its file."""
    folder, module = Path(case["folder"]), str(case["module"])
    name, _, attribute = module.partition(":")
    file = folder / f"{name}.py"
    key = (str(file), attribute, file.stat().st_mtime_ns, str(case["code"]))
    found = _LOADED.get(key)
    if found is None:
        if len(_LOADED) >= LOADED_MAX:
            _LOADED.clear()
        made: Workflow = getattr(load_module(folder, module), attribute)
        found = _LOADED[key] = made.finished()
    return found


if __name__ == "__main__":
    main()
