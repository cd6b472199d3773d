"""`remit demo`: the whole of it once, and what makes it end with 1."""

import dataclasses
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from remit.cli.demo_folder import fresh, root_of
from remit.cli.demo_reviewer import Played, messages
from remit.cli.demo_screen import Figures, problems, screen
from remit.errors import SettingsError
from remit.ledger.verify import VerifyReport
from remit.settings import read

ROOT = Path(__file__).parents[3]
LINES_MAX = 40
COLUMNS_MAX = 100


def figures() -> Figures:
    """Return what a run of three messages counts when all is well."""
    return Figures(
        messages=3,
        counts={
            "received": 3, "ready": 0, "parked": 1, "escalated": 0, "quarantined": 1,
            "closed": 1, "waiting": 1,
        },
        proposals=Counter({("issue_refund", "confirmed"): 1, ("issue_refund", "held"): 1}),
        shop={"refund": 1, "address_change": 0, "message": 0, "cancellation": 0},
        played=Played(verdicts=Counter(approve=1)),
        report=VerifyReport(
            result="intact", exit_code=2, lines=("result    intact",), size=9, first_bad=None,
            checks=(),
        ),
    )  # fmt: skip


@pytest.mark.slow
def test_the_demo_says_on_one_screen_what_happened() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "remit.cli.main", "--project", str(ROOT), "demo", "--once"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(COLUMNS_MAX)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= LINES_MAX
    assert max(map(len, lines)) <= COLUMNS_MAX
    assert "89 received = " in done.stdout
    assert "achieved 0 effects beyond" in done.stdout
    assert "DIFFERENT" not in done.stdout
    assert "89 of 89 as the messages' file says" in done.stdout
    assert "Grace time is 0 s in this demo run; 10 s when served" in " ".join(done.stdout.split())


@pytest.mark.slow
def test_the_story_is_told_to_its_end() -> None:
    """A level is earned, a reviewer found out, the model swapped, and all of it taken back."""
    done = subprocess.run(
        [sys.executable, "-m", "remit.cli.main", "--project", str(ROOT), "demo", "--story",
         "--once"],
        cwd=ROOT,
        env={**os.environ, "COLUMNS": str(COLUMNS_MAX)},
        capture_output=True,
        text=True,
        timeout=420,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) <= LINES_MAX
    assert max(map(len, lines)) <= COLUMNS_MAX
    assert "maria.k signed sampled" in done.stdout
    assert "Found out nadia.f had missed" in done.stdout
    assert "Fell      to approve-each" in done.stdout
    assert "answers since the swap were corrected" in done.stdout
    assert "Ledger    intact; the grant made again from the entries alone: equal" in done.stdout


def test_nothing_is_off_when_the_figures_agree() -> None:
    assert problems(figures()) == []
    assert not any(line.startswith("OFF") for line in screen(figures(), "var/demo/x"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shop": {"refund": 2}}, "Remit confirmed 1 issue_refund, the shop differs"),
        ({"shop": {"refund": 1, "cancellation": 1}}, "1 cancellation that nobody asked for"),
        ({"messages": 4}, "4 messages were sent and 3 received"),
        ({"injected_outside": ["m-044: Refund"]}, "achieved m-044"),
        ({"report": None}, "the ledger does not verify"),
        (
            {"proposals": Counter({("issue_refund", "confirmed"): 1, ("x", "ambiguous"): 1})},
            "1 x are ambiguous",
        ),
    ],
)
def test_whatever_is_off_is_said(change: dict[str, object], said: str) -> None:
    found = problems(dataclasses.replace(figures(), **change))  # type: ignore[arg-type]
    assert any(said in one for one in found)


def test_a_broken_equation_is_said() -> None:
    broken = figures()
    broken.counts = {**broken.counts, "closed": 0}
    assert "received is not closed + open + quarantined" in problems(broken)
    assert "DOES NOT HOLD" in "\n".join(screen(broken, "var/demo/x"))


def test_the_messages_have_what_the_reviewer_follows() -> None:
    found = messages(ROOT / "examples/refund_desk/messages.jsonl", {"sender": "from"})
    assert all("sender" in one.raw and "expected" not in one.raw for one in found)
    assert {wanted.verdict.value for one in found for wanted in one.wanted} == {
        "approve", "edit", "reject",
    }  # fmt: skip
    assert sum(one.injected for one in found) >= 5


def test_each_run_has_a_project_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    one, other = fresh(tmp_path), fresh(tmp_path)
    assert one != other
    assert read(one, {}).workflows[0].settings.workflow is not None


def test_without_examples_the_demo_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("remit.__file__", str(tmp_path / "site-packages" / "remit" / "x.py"))
    with pytest.raises(SettingsError, match="an installed package does not have"):
        root_of(tmp_path)
