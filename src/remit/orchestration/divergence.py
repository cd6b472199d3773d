"""Where workflow code no longer asks for what is recorded: found, and laid side by side."""

from collections.abc import Mapping
from typing import Never

from remit.domain.frozen import dataclass
from remit.domain.step import StepKey, StepKind
from remit.domain.value import Json
from remit.errors import DivergenceError
from remit.orchestration.replay import History

CALLS_SHOWN_MAX = 200
ADVICE = "put the old code back, or guard the change with `run.changed`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A call that the code made in this pass, and the line it made it from."""

    key: StepKey
    at: str = ""  # file and line


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What is recorded at a path, and what the code asks for there now."""

    path: str
    recorded: str
    found: str
    at: str
    same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """Why a case cannot be run by this code."""

    path: str
    why: str  # call | arguments | result | new | ended
    recorded: str = ""  # `derive twice`
    found: str = ""
    at: str = ""
    sentence: str = ""


def match(history: History, asked: Asked) -> StepKey | None:
    """Return the call that is recorded at this path; `None` where none is.

    Raises `DivergenceError` when another was.
    """
    found = asked.key
    recorded = recorded_at(history, found.path)
    if recorded is None:
        return None
    if (recorded.kind, recorded.name) != (found.kind, found.name):
        diverged(
            "call",
            asked,
            recorded,
            f"step {found.path} was `{said(recorded)}` but now asks for `{said(found)}`",
        )
    if recorded.arguments != found.arguments and found.kind is not StepKind.GATHER:
        diverged(
            "arguments",
            asked,
            recorded,
            f"step {found.path} was `{said(recorded)}` with other arguments",
        )
    return recorded


def all_reached(history: History, asked: Mapping[str, Asked], *, ended: bool) -> None:
    """Raise `DivergenceError` for a recorded call that the code did not come to.

    Called where the code is about to go on live, to wait or to end: nothing was performed yet.
    """
    missed = next((path for path in history.calls if path not in asked), None)
    if missed is None:
        return
    recorded = history.calls[missed]
    newest = [*asked.values()][-1] if asked else None
    if ended or newest is None:
        what = f"the code ended, but step {missed}, `{said(recorded)}`, is recorded"
        diverged("ended", Asked(key=_nothing(missed)), recorded, what)
    what = (
        f"step {newest.key.path}, `{said(newest.key)}`, is new, "
        f"but step {missed}, `{said(recorded)}`, is recorded"
    )
    diverged("new", newest, recorded, what)


def passed(history: History, path: str, mark: str) -> bool:
    """Return whether a case went past this place under code that did not know the mark."""
    recorded = history.calls.get(path)
    if recorded is not None and (recorded.kind, recorded.name) == (StepKind.CHANGED, mark):
        return False
    prefix, _, last = path.rpartition(".")
    return history.furthest.get(f"{prefix}." if prefix else "", 0) >= int(last)


def recorded_at(history: History, path: str) -> StepKey | None:
    """Return the recorded call at a path; a `gather` is known by what its branches recorded."""
    recorded = history.calls.get(path)
    if recorded is None and f"{path}." in history.furthest:
        return StepKey(path=path, kind=StepKind.GATHER, name="gather", arguments="")
    return recorded


def compare(history: History, asked: Mapping[str, Asked]) -> tuple[Pair, ...]:
    """Lay recorded and found calls side by side, in program order."""
    paths = sorted({*history.calls, *asked}, key=_order)
    pairs = []
    for path in paths:
        recorded, found = recorded_at(history, path), asked.get(path)
        pairs.append(
            Pair(
                path=path,
                recorded="" if recorded is None else said(recorded),
                found="" if found is None else said(found.key),
                at="" if found is None else found.at,
                same=recorded is not None and found is not None and recorded == found.key,
            )
        )
    return tuple(pairs)


def form(pairs: tuple[Pair, ...], sentence: str) -> Json:
    """Return what an entry keeps of a comparison: the calls around the first difference."""
    first = next((n for n, one in enumerate(pairs) if not one.same), len(pairs))
    start = max(0, min(first - CALLS_SHOWN_MAX // 2, len(pairs) - CALLS_SHOWN_MAX))
    shown = pairs[start : start + CALLS_SHOWN_MAX]
    return {
        "sentence": sentence,
        "calls": [[one.path, one.recorded, one.found, one.at, one.same] for one in shown],
    }


def of(error: DivergenceError) -> Divergence:
    """Return what a divergence error carries."""
    found = error.divergence
    return (
        found
        if isinstance(found, Divergence)
        else Divergence(path="", why="call", sentence=str(error))
    )


def diverged(why: str, asked: Asked, recorded: StepKey | None, what: str) -> Never:
    """Raise `DivergenceError` with everything that is known of it."""
    error = DivergenceError(f"{what}; {ADVICE}")
    error.divergence = Divergence(
        path=recorded.path if why == "ended" and recorded is not None else asked.key.path,
        why=why,
        recorded="" if recorded is None else said(recorded),
        found=said(asked.key),
        at=asked.at,
        sentence=str(error),
    )
    raise error


def said(key: StepKey) -> str:
    """Return a call in words: `read get_order`."""
    return key.kind.value if key.name in {key.kind.value, ""} else f"{key.kind.value} {key.name}"


def _nothing(path: str) -> StepKey:
    return StepKey(path=path, kind=StepKind.ESCALATE, name="", arguments="")


def _order(path: str) -> tuple[int, ...]:
    return tuple(int(part) for part in path.split("."))
