"""One rule of a policy file: who answers for it, since when, and what it asks of people."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from remit.domain.approval import Requirement
from remit.domain.decision import Obligation
from remit.domain.value import Json
from remit.errors import PolicyLoadError

APPROVERS_MAX = 10
GRACE_SECONDS_MAX = 86_400

_REQUIRED = ("id", "says", "owner", "since")
_KNOWN = {*_REQUIRED, "obligation"}
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_TERM = re.compile(r"\s*([a-z]+)\s*(?:\(([^()]*)\))?\s*(?:,|;|$)")
_OF_FORBID = {"approve", "escalate"}
_OF_PERMIT = {"grace", "notify", "review"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a rule stands."""

    file: str
    line: int

    def refuse(self, said: str) -> PolicyLoadError:
        """Return the error that says what is wrong here."""
        return PolicyLoadError(f"{self.file}, line {self.line}: {said}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A parsed rule."""

    id: str
    permits: bool
    says: str
    owner: str
    since: date
    place: Place
    tree: Mapping[str, Json]  # Cedar's JSON form
    actions: tuple[str, ...] | None  # of its scope, groups too; None: every action
    requirement: Requirement | None = None
    escalate: bool = False
    obligations: tuple[Obligation, ...] = field(default=())

    def covers(self, action: str, groups: Collection[str]) -> bool:
        """Can it apply to that action, which is in those groups?"""
        if self.actions is None:
            return True
        return action in self.actions or any(group in self.actions for group in groups)


def statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield each statement of a policy file with the line on which it begins."""
    begin = line = 0
    for match in re.finditer(r'//[^\n]*|"(?:\\.|[^"\\])*"|;|\s+|.', text, re.DOTALL):
        piece = match.group()
        blank = piece.isspace() or piece.startswith("//")
        if not line and not blank:
            begin, line = match.start(), text.count("\n", 0, match.start()) + 1
        if line and piece == ";":
            yield line, text[begin : match.end()]
            line = 0
    if line:
        yield line, text[begin:]


def rule_of(
    tree: Mapping[str, Json],
    place: Place,
    *,
    actions: Collection[str],
    owners: Collection[str] | None,
) -> Rule:
    """Return the rule that this tree says; raises `PolicyLoadError` naming file and line."""
    said = tree.get("annotations")
    notes = said if isinstance(said, dict) else {}
    for name in _REQUIRED:
        if not notes.get(name):
            raise place.refuse(f"a rule has no `@{name}`; say it in one line above the rule")
    unknown = sorted(set(notes) - _KNOWN)
    rule_id = str(notes["id"])
    if unknown:
        raise place.refuse(f"rule `{rule_id}` says `@{unknown[0]}`, which means nothing here")
    if not _ID.fullmatch(rule_id):
        raise place.refuse(f"rule `{rule_id}` needs a plain id such as `two-above-500`")
    owner = str(notes["owner"])
    if owners is not None and owner not in owners:
        raise place.refuse(
            f"rule `{rule_id}` is owned by `{owner}`, who is not known here, or no longer "
            "active; name somebody who is"
        )
    try:
        since = date.fromisoformat(str(notes["since"]))
    except ValueError as error:
        raise place.refuse(f"rule `{rule_id}` has no date in `@since`; {error}") from error
    permits = tree.get("effect") == "permit"
    scope = _scope(tree)
    if permits and (scope is None or not set(scope) <= set(actions)):
        raise place.refuse(f"rule `{rule_id}` permits, so it must name its actions one by one")
    terms = list(_terms(str(notes.get("obligation") or ""), rule_id, place))
    for word, _ in terms:
        if word not in (_OF_PERMIT if permits else _OF_FORBID):
            kind = "permit" if permits else "forbid"
            raise place.refuse(f"rule `{rule_id}` asks `{word}`, which a {kind} cannot ask")
    required = [_approve(given, rule_id, place) for word, given in terms if word == "approve"]
    if len(required) > 1:
        raise place.refuse(f"rule `{rule_id}` asks `approve` twice; keep one")
    return Rule(
        id=rule_id,
        permits=permits,
        says=str(notes["says"]),
        owner=owner,
        since=since,
        place=place,
        tree=tree,
        actions=scope,
        requirement=required[0] if required else None,
        escalate=any(_plain(one, rule_id, place) for one in terms if one[0] == "escalate"),
        obligations=tuple(_obligation(one, rule_id, place) for one in terms if permits),
    )


def _scope(tree: Mapping[str, Json]) -> tuple[str, ...] | None:
    match tree.get("action"):
        case {"entity": {"id": str() as only}}:
            return (only,)
        case {"entities": list() as several}:
            return tuple(str(one["id"]) for one in several if isinstance(one, dict))
        case _:
            return None


Term = tuple[str, dict[str, str]]


def _terms(text: str, rule_id: str, place: Place) -> Iterator[Term]:
    at = 0
    while at < len(text):
        match = _TERM.match(text, at)
        if match is None:
            raise place.refuse(
                f"rule `{rule_id}` has an obligation that cannot be read at "
                f"`{text[at:].strip()}`; write `approve(n=2, role=refund-approver)`"
            )
        word, inside = match.groups()
        given = dict[str, str]()
        for pair in filter(None, (part.strip() for part in (inside or "").split(","))):
            name, _, value = (part.strip() for part in pair.partition("="))
            if not value or name in given:
                raise place.refuse(f"rule `{rule_id}`: `{pair}` in `{word}` is not `name=value`")
            given[name] = value
        yield word, given
        at = match.end()


def _approve(given: Mapping[str, str], rule_id: str, place: Place) -> Requirement:
    people = given.get("n", "")
    if set(given) != {"n", "role"} or not _whole(people, APPROVERS_MAX):
        raise place.refuse(
            f"rule `{rule_id}`: write `approve(n=2, role=refund-approver)`, "
            f"with n from 1 to {APPROVERS_MAX}"
        )
    return Requirement(people=int(people), role=given["role"])


def _plain(term: Term, rule_id: str, place: Place) -> bool:
    if term[1]:
        raise place.refuse(f"rule `{rule_id}`: `{term[0]}` takes nothing in brackets")
    return True


def _obligation(term: Term, rule_id: str, place: Place) -> Obligation:
    word, given = term
    if word == "grace":
        seconds = given.get("seconds", "")
        if set(given) != {"seconds"} or not _whole(seconds, GRACE_SECONDS_MAX):
            raise place.refuse(f"rule `{rule_id}`: write `grace(seconds=60)`")
        return Obligation(kind=word, value=seconds)
    if word == "notify":
        if set(given) != {"role"}:
            raise place.refuse(f"rule `{rule_id}`: write `notify(role=team-lead)`")
        return Obligation(kind=word, value=given["role"])
    _plain(term, rule_id, place)
    return Obligation(kind=word, value="")


def _whole(text: str, most: int) -> bool:
    digits = text.isascii() and text.isdigit() and len(text) <= len(str(most))
    return digits and 1 <= int(text) <= most
