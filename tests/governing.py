"""Every command by which people govern, each with canaries in whatever a person says."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import click

from tests.canaries import Flock
from tests.projects import NAME


class Desk(Protocol):
    """A project whose commands are asked, and what they print is kept."""

    flock: Flock

    @property
    def project(self) -> Path: ...
    def __call__(self, *arguments: str) -> str: ...
    def cases(self, status: str) -> list[str]: ...


def commands(group: click.Group, *before: str) -> Iterator[str]:
    """Yield every command of `remit`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield " ".join((*before, name))


def governed(desk: Desk) -> None:
    """Stop, limit, vouch, take back and ask the rules, with values in everything a person says."""
    said = desk.flock.at("person's words at a command")

    def words() -> str:
        return said.text("EMAIL", "PHONE")

    scope, person = f"workflow:{NAME}", ("--as", "olga")
    case = next(iter([*desk.cases("escalated"), *desk.cases("closed"), "none"]))
    listed = ("stop", "limits", "tasks", "rollback", "drill", "denials", "endorsements", "people")
    desk("cases", "freeze", case, *person, "--because", words())
    desk("stop", "set", scope, *person, "--sentence", words())
    for group in listed:
        desk(group, "list")
        desk(group, "list", "--json")
    desk("stop", "lift", scope, *person, "--reason", words())
    desk("stop", "drill", "connector:tape", *person)
    desk("limits", "raise", words(), *person, "--max", "9", "--reason", words())
    desk("denials", "widen", case, *person, "--days", "7", "--reason", words())
    desk("denials", "lift", case, *person, "--reason", words())
    desk("endorsements", "give", case, *person, "--parameter", "text", "--sentence", words())
    desk("endorsements", "values", case, *person, "--action", "tell", "--set",
         f"who={said.one('PERSON')}", "--sentence", words())  # fmt: skip
    for act, more in (("second", ()), ("revoke", ("--reason", words()))):
        desk("endorsements", act, "none", *person, *more)
    for act, more in (("show", ()), ("settle", (*person, "--absent", "--evidence", words())),
                      ("close", (*person, "--note", words()))):  # fmt: skip
        desk("tasks", act, words(), *more)
    desk("rollback", "plan", "--workflow", NAME)
    desk("rollback", "start", "--workflow", NAME, *person, "--reason", words(), "--yes")
    desk("rollback", "show", words())
    desk("drill", "undo", "--workflow", NAME, "--action", "note", *person)
    other = str(desk.project / "policies")
    for asked in (("why", case), ("test",), ("diff", NAME, other), ("backtest", NAME, other),
                  ("shadow", NAME), ("matrix",), ("replay",)):  # fmt: skip
        desk("policy", *asked)
    _signed(desk, words, person)
    _stood_in(desk, words, person)
    _earned(desk, words, person)
    _gone_wrong(desk, words, person)
    desk("inventory")
    desk("approvals", "batch", words(), *person)
    desk("people", "sign-out", "olga")
    desk("people", "deactivate", "olga")


def _signed(desk: Desk, words: Callable[[], str], person: tuple[str, str]) -> None:
    """Propose rules, sign and refuse what waits, and take the folder's rules in."""
    desk("policy", "propose", NAME, str(desk.project / "policies"), *person)
    desk("policy", "changes", "--json")
    desk("policy", "sign", NAME, words(), *person)
    desk("policy", "refuse", NAME, words(), *person, "--reason", words())
    desk("policy", "reload", "--url", "http://127.0.0.1:1")


def _stood_in(desk: Desk, words: Callable[[], str], person: tuple[str, str]) -> None:
    """Remark on what waits without deciding it, lend roles, and let a program in."""
    rows = json.loads(desk("approvals", "list", "--json") or "[]")
    waits = str(rows[0]["approval_id"]) if rows else words()
    desk("approvals", "claim", waits, *person)
    desk("approvals", "comment", waits, *person, "--text", words())
    desk("approvals", "comment", waits, *person, "--text", words(), "--ask", "paul")
    desk("approvals", "assign", waits, *person, "--to", words())
    desk("approvals", "snooze", waits, *person, "--minutes", "5")
    desk("approvals", "show", waits)
    desk("delegate", "give", "paul", *person, "--until", "2036-12-24", "--cap", words())
    desk("delegate", "list", "--json")
    desk("delegate", "end", words(), *person)
    desk("services", "issue", words(), "--may", "read", "--workflow", NAME, "--owner", "olga")
    desk("services", "rotate", words())
    desk("services", "list", "--json")
    desk("services", "revoke", words())


def _earned(desk: Desk, words: Callable[[], str], person: tuple[str, str]) -> None:
    """Lower a cell, ask for it to be raised, judge what ran, and correct what was judged."""
    cell = f"{NAME}.note"
    for asked in (("grants", "list"), ("grants", "explain", cell), ("evidence", "verify"),
                  ("audit", "list", *person), ("reviewers", *person)):  # fmt: skip
        desk(*asked)
        desk(*asked, "--json")
    desk("grants", "explain", words())
    desk("grants", "sign", cell, *person, "--to", "sampled", "--digest", words())
    desk("grants", "lower", cell, *person, "--to", "draft", "--reason", words())
    desk("audit", "show", words(), *person)
    desk("audit", "answer", words(), "wrong", *person, "--cause", "amount", "--note", words())
    desk("audit", "own", words(), *person, "--set", f"text={words()}")
    desk("audit", "own", words(), *person, "--nothing")
    denied = json.loads(desk("denials", "list", "--json") or "[]")
    named = str(denied[0]["action_id"]) if denied else words()
    desk("audit", "contest", named, *person, "--reason", words())
    for name in (cell, f"{NAME}.tell"):
        desk("grants", "explain", name, "--json")
    # What it tells where there is something to compare: tests/stories/test_compared.py.
    desk("grants", "compare", cell, *person)
    desk("grants", "compare", words(), *person)


def _gone_wrong(desk: Desk, words: Callable[[], str], person: tuple[str, str]) -> None:
    """Declare incidents with values in their sentences, and close them in each way."""
    desk("incidents", "declare", words(), *person, "--severity", "sev1", "--sentence", words())
    ends = (("review", "--found"), ("dismiss", "--reason"))
    for scope, (end, said) in zip((f"workflow:{NAME}", f"action:{NAME}.note"), ends, strict=True):
        desk("incidents", "declare", scope, *person, "--severity", "sev2", "--sentence", words())
        (one, *_) = json.loads(desk("incidents", "list", "--json"))
        named = str(one["incident_id"])[:12]
        desk("incidents", "show", named)
        desk("incidents", "show", named, "--json")
        desk("incidents", "contain", named, *person)
        desk("rollback", "plan", "--workflow", NAME, "--incident", named)
        desk("incidents", "find", named, *person, "--finding", "no_harm", "--effect", words())
        desk("incidents", "find", named, *person, "--finding", "no_harm", "--all")
        if end == "review":
            desk("incidents", "resolve", named, *person)
        desk("incidents", end, named, *person, said, words())
        desk("stop", "lift", scope, *person, "--reason", words())
    desk("incidents", "list")
    desk("incidents", "list", "--closed")
