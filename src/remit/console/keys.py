"""The one table of keys: handler, `aria-keyshortcuts` and the help page read it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, and what it does."""

    key: str  # as the browser names it; two keys one after the other have a space
    shown: str
    does: str
    where: str


_TABLE = {
    "next": Key(key="j", shown="J", does="next row or step", where="lists"),
    "previous": Key(key="k", shown="K", does="previous row or step", where="lists"),
    "open": Key(key="Enter", shown="Enter", does="open", where="lists"),
    "pick": Key(key="x", shown="X", does="pick it, to answer several together", where="inbox"),
    "pick_next": Key(
        key="Shift+j", shown="Shift+J", does="pick it and the next row", where="inbox"
    ),
    "pick_previous": Key(
        key="Shift+k", shown="Shift+K", does="pick it and the previous row", where="inbox"
    ),
    "approve": Key(key="a", shown="A", does="approve", where="inbox"),
    "reject": Key(key="r", shown="R", does="reject, with a reason", where="inbox"),
    "edit": Key(key="e", shown="E", does="edit, then decide", where="inbox"),
    "escalate": Key(key="s", shown="S", does="escalate to a person", where="inbox"),
    "endorse": Key(key="v", shown="V", does="vouch for a value", where="inbox"),
    "ask": Key(key="q", shown="Q", does="ask somebody about it", where="inbox"),
    "snooze": Key(key="h", shown="H", does="snooze it for yourself", where="inbox"),
    "assign": Key(key="m", shown="M", does="assign it to somebody", where="inbox"),
    "comment": Key(key="c", shown="C", does="comment on it", where="inbox"),
    "take_back": Key(key="z", shown="Z", does="take back, or undo", where="inbox, case"),
    "why": Key(key="w", shown="W", does="why it waits", where="inbox"),
    "diff": Key(key="d", shown="D", does="what will change", where="inbox"),
    "problem": Key(key="n", shown="N", does="next problem", where="case"),
    "technical": Key(key="t", shown="T", does="technical view", where="case"),
    "show": Key(key="u", shown="U", does="show what is new", where="everywhere"),
    "search": Key(key="/", shown="/", does="search cases", where="everywhere"),
    "help": Key(key="?", shown="?", does="this page", where="everywhere"),
    "go_inbox": Key(key="g i", shown="G I", does="go to the inbox", where="everywhere"),
    "go_audits": Key(key="g a", shown="G A", does="go to the audits", where="everywhere"),
    "go_reviewers": Key(key="g v", shown="G V", does="go to the reviewers", where="everywhere"),
    "go_cases": Key(key="g c", shown="G C", does="go to the cases", where="everywhere"),
    "go_quarantine": Key(key="g q", shown="G Q", does="go to the quarantine", where="everywhere"),
    "go_workflows": Key(key="g w", shown="G W", does="go to the workflows", where="everywhere"),
    "go_remit": Key(key="g r", shown="G R", does="go to the remit", where="everywhere"),
    "go_tasks": Key(key="g t", shown="G T", does="go to the tasks", where="everywhere"),
    "go_incidents": Key(key="g n", shown="G N", does="go to the incidents", where="everywhere"),
    "go_stops": Key(key="g s", shown="G S", does="go to the stops", where="everywhere"),
    "go_limits": Key(key="g m", shown="G M", does="go to the limits", where="everywhere"),
    "go_people": Key(key="g e", shown="G E", does="go to the people", where="everywhere"),
    "go_policies": Key(key="g p", shown="G P", does="go to the policies", where="everywhere"),
    "go_ledger": Key(key="g l", shown="G L", does="go to the ledger", where="everywhere"),
    "go_health": Key(key="g h", shown="G H", does="go to the health", where="everywhere"),
}

KEYS: Mapping[str, Key] = _TABLE
