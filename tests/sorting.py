"""A project whose one workflow sorts messages, for the tests of `remit run`."""

from pathlib import Path

import pytest

SETTINGS = """
[people.me]
name = "Me"
roles = ["owner", "approver"]

[workflow]
name = "sorting"
module = "sorting:sorting"

[workflow.owners]
workflow = "me"
prompts = "me"
knowledge = "me"
incidents = "me"
escalation = "me"
"""


def sorting(home: Path, workflow: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the project into a folder of its own, where no setting of the machine reaches it."""
    for name in ("DATABASE", "KEYS", "TRAINED", "PROJECT"):
        monkeypatch.delenv(f"REMIT_{name}", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(home / "state"))
    folder = home / "project"
    folder.mkdir()
    (folder / "remit.toml").write_text(SETTINGS, "utf-8")
    (folder / "sorting.py").write_text(workflow, "utf-8")
    return folder
