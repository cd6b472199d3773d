"""What a case has already done, folded from its entries; pure."""

from collections.abc import Iterable
from dataclasses import field, replace

from remit.domain import assumption
from remit.domain.effect import EffectState
from remit.domain.entry import Entry
from remit.domain.frozen import dataclass
from remit.domain.step import RecordedStep, StepKey, StepKind
from remit.domain.value import Json
from remit.orchestration.acts import ACT_EVENTS, ActRecord, moved

STEP_EVENTS = {
    "orchestration:intent:classified": StepKind.CLASSIFY,
    "orchestration:model:answered": StepKind.ASK,
    "orchestration:passages:retrieved": StepKind.RETRIEVE,
    "orchestration:tool:read": StepKind.READ,
}

LIFTED = "lift"  # the kind of wait after which the gate is asked again
SLEPT = "time"  # the kind of wait that a sleep leaves behind

LOOKED = "look"  # how a wait ends so that an open approval is looked at again
LATER = ("retry", "breaker", "place")  # kinds of wait after which a step is tried again

# Payload roles that replay opens.
ROLES = frozenset({"fields", "grounds", "result", "arguments", "receipt", "reason", "error"})


@dataclass(slots=True, kw_only=True)
class History:
    """A case's past, by step."""

    seq: int = 0
    version: str = ""
    began: str = ""  # the version under which it was taken in
    fields: Json = None
    assumptions: tuple[str, ...] = ()  # `field:code` of what was taken for granted in reading
    evidence: dict[str, str] = field(default_factory=dict)  # of those, in words
    untrusted: frozenset[str] = frozenset()  # fields that anybody can fill unseen
    requester: str = ""  # the person who brought it in, who approves nothing of it
    steps: dict[str, RecordedStep] = field(default_factory=dict)
    calls: dict[str, StepKey] = field(default_factory=dict)  # what was asked for at each path
    reads: list[tuple[Entry, Json, Json]] = field(default_factory=list)  # entry, arguments, result
    derived: list[tuple[Entry, Json]] = field(default_factory=list)
    acts: dict[str, list[ActRecord]] = field(default_factory=dict)
    undos: dict[str, list[ActRecord]] = field(default_factory=dict)  # no calls of the code
    failures: dict[str, int] = field(default_factory=dict)  # transient, by path
    failing_us: dict[str, int] = field(default_factory=dict)  # since when, by path
    choices: list[int | None] = field(default_factory=list)  # confidence of each choice, in ppm
    waits: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)  # kind, ref, until
    ended: dict[str, str] = field(default_factory=dict)  # path -> how its wait ended
    furthest: dict[str, int] = field(default_factory=dict)  # last recorded ordinal, by prefix
    subject: str = ""
    channel: str = ""
    opened_us: int = 0  # when the message came; knowledge is looked up as of then
    runs: int = 0
    versions: set[str] = field(default_factory=set)  # fingerprints that its runs ran under
    tasks: dict[str, str] = field(default_factory=dict)  # open ones: the action each is of
    result_bytes: int = 0  # of what its steps answered

    def act(self, path: str) -> ActRecord | None:
        """Return the newest version of the proposal at that path."""
        versions = self.tries(path)
        return versions[-1] if versions else None

    def tries(self, path: str) -> list[ActRecord]:
        """Return the versions of the proposal at that path, or the tries of an undo."""
        return self.acts.get(path) or self.undos.get(path) or []

    def afresh(self) -> "History":
        """Return the history of the same case as it was taken in, before any run of it."""
        return History(
            seq=self.seq, version=self.version, began=self.began, fields=self.fields,
            assumptions=self.assumptions, evidence=dict(self.evidence),
            untrusted=self.untrusted, requester=self.requester, subject=self.subject,
            channel=self.channel, opened_us=self.opened_us,
        )  # fmt: skip

    def used(self, action: str) -> int:
        """Return how many proposals of this action in this case count against `times_max`."""
        free = {
            EffectState.DENIED, EffectState.FAILED, EffectState.WITHDRAWN, EffectState.REPLACED,
            EffectState.EXPIRED, EffectState.ESCALATED, EffectState.BLOCKED, EffectState.NOTED,
        }  # fmt: skip
        return sum(
            1
            for versions in self.acts.values()
            for act in versions[-1:]
            if act.action == action and act.state not in free
        )


def fold(entries: Iterable[Entry]) -> History:
    """Return the history that these entries of one case tell, in the order of their numbers."""
    history = History()
    for entry in entries:
        absorb(history, entry)
    return history


def absorb(history: History, entry: Entry) -> None:
    """Add one more entry to a history."""
    history.seq = entry.seq
    if entry.run is not None and entry.fingerprint is not None:
        history.versions.add(entry.fingerprint)
    if entry.path is not None:
        _reach(history, entry.path)
    if entry.event in ACT_EVENTS:
        _fold_act(history, entry)
    elif entry.event == "governance:task:opened":
        history.tasks[entry.word("task_id")] = entry.word("action_id")
    elif entry.event == "governance:task:closed":
        history.tasks.pop(entry.word("task_id"), None)
    else:
        _fold(history, entry)


def _reach(history: History, path: str) -> None:
    """Remember how far each branch on the way to this path has come."""
    if path.isdigit():
        history.furthest[""] = max(history.furthest.get("", 0), int(path))
        return
    parts = path.split(".")
    if not all(part.isdigit() for part in parts):
        return  # a read before an effect, an undo: no step of the code
    prefix = ""
    for part in parts:
        history.furthest[prefix] = max(history.furthest.get(prefix, 0), int(part))
        prefix += f"{part}."


# -- folding -------------------------------------------------------------------------------------


def _take_in(history: History, entry: Entry) -> None:
    body = entry.body
    # A person who releases a message vouches for none of its fields.
    history.untrusted |= assumption.names(body.get("untrusted"))
    history.assumptions = assumption.after(history.assumptions, body)
    kind, _, handle = entry.word("by").partition(":")
    history.requester = handle if kind == "person" else history.requester
    kept = entry.payloads.get("grounds")
    if isinstance(kept, dict) and isinstance(said := kept.get("evidence"), dict):
        history.evidence.update((name, str(one)) for name, one in said.items())
    if entry.event == "intake:case:quarantined":
        return
    history.fields = entry.payloads.get("fields")
    history.version = history.began = entry.fingerprint or history.version
    history.subject = str(body.get("subject", history.subject))
    history.opened_us = history.opened_us or entry.at_us
    history.channel = str(body.get("channel", history.channel))


def _fold(history: History, entry: Entry) -> None:
    body = entry.body
    path = entry.path or ""
    match entry.event:
        case "intake:case:quarantined" | "intake:case:received" | "intake:case:released":
            _take_in(history, entry)
        case "orchestration:run:started":
            history.runs += 1
            history.version = str(body["version"])
        case event if event in STEP_EVENTS:
            if event == "orchestration:tool:read":
                history.reads.append(
                    (entry, entry.payloads.get("arguments"), entry.payloads.get("result"))
                )
                if ".r" in path:  # read again before an effect: not a step of the code
                    return
            if event == "orchestration:intent:classified" or body.get("sure_by"):
                ppm = body.get("confidence_ppm")
                history.choices.append(ppm if isinstance(ppm, int) else None)
            _step(history, entry, STEP_EVENTS[event])
        case "orchestration:value:derived":
            if body["kind"] == StepKind.DERIVE.value:
                history.derived.append((entry, entry.payloads.get("result")))
            _step(history, entry, StepKind(str(body["kind"])))
        case "orchestration:step:failed":
            if body["final"]:
                _step(history, entry, StepKind(str(body["kind"])), failed=str(body["code"]))
            else:
                history.failures[path] = history.failures.get(path, 0) + 1
                history.failing_us.setdefault(path, entry.at_us)
        case "orchestration:wait:started":
            _wait(history, entry)
        case "orchestration:wait:ended":
            _wait_ended(history, path, kind=entry.word("kind"), how=str(body["how"]))
        case "orchestration:case:reopened":
            history.failures.clear()
            history.failing_us.clear()
            history.waits = {at: one for at, one in history.waits.items() if one[0] not in LATER}
            for versions in history.acts.values():
                if versions[-1].state in {EffectState.BLOCKED, EffectState.ESCALATED}:
                    versions[-1] = replace(versions[-1], state=EffectState.PROPOSED)
                versions[-1] = replace(versions[-1], repeated=False)
        case _:
            pass


def _wait_ended(history: History, path: str, *, kind: str, how: str) -> None:
    history.waits.pop(path, None)
    history.ended[path] = how
    versions = history.acts.get(path)
    waited = {EffectState.HELD, EffectState.BLOCKED}
    if kind == LIFTED and versions and versions[-1].state in waited:
        versions[-1] = replace(versions[-1], state=EffectState.PROPOSED)


def _step(history: History, entry: Entry, kind: StepKind, *, failed: str | None = None) -> None:
    key = StepKey(
        path=entry.path or "",
        kind=kind,
        name=str(entry.body["name"]),
        arguments=str(entry.body["arguments"]),
    )
    role = "result" if failed is None else "error"
    history.calls[key.path] = key
    history.result_bytes += len(repr(entry.payloads.get(role)))
    history.steps[key.path] = RecordedStep(
        key=key, seq=entry.seq, result=entry.payloads.get(role), failed=failed
    )


def _wait(history: History, entry: Entry) -> None:
    path = entry.path or ""
    kind = entry.word("kind")
    if kind == SLEPT:
        history.calls[path] = StepKey(
            path=path, kind=StepKind.SLEEP, name="sleep", arguments=entry.word("arguments")
        )
    if history.ended.get(path) == LOOKED:
        history.ended.pop(path)
    history.waits[path] = (kind, entry.word("ref"), entry.number("expires_us"))


def _fold_act(history: History, entry: Entry) -> None:
    body = entry.body
    if entry.event == "orchestration:action:proposed":
        arguments, undoes = entry.payloads.get("arguments"), entry.word("undoes")
        if not undoes:
            history.calls.setdefault(
                entry.path or "",
                StepKey(
                    path=entry.path or "", kind=StepKind.ACT, name=str(body["action"]),
                    arguments=str(body["arguments"]),
                ),
            )  # fmt: skip
        (history.undos if undoes else history.acts).setdefault(entry.path or "", []).append(
            ActRecord(
                action_id=str(body["action_id"]),
                action=str(body["action"]),
                version=int(str(body["version"])),
                path=entry.path or "",
                arguments=arguments if isinstance(arguments, dict) else {},
                author=str(body["author"]),
                state=EffectState.PROPOSED,
                seq=entry.seq,
                proposed_us=entry.at_us,
                undoes=undoes,
                reason=str(entry.payloads.get("reason") or ""),
            )
        )
        return
    found = _find(history, entry)
    if found is None:
        return
    versions, index = found
    versions[index] = moved(versions[index], entry)


def _find(history: History, entry: Entry) -> tuple[list[ActRecord], int] | None:
    action_id, approval_id = entry.body.get("action_id"), entry.body.get("approval_id")
    for versions in (*history.acts.values(), *history.undos.values()):
        for index, act in enumerate(versions):
            if act.action_id == action_id or (approval_id and act.approval_id == approval_id):
                return versions, index
    return None
