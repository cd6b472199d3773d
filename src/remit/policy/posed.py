"""Requests made from what stands at each path of the rules, and the other way round."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from remit.domain.action import Integrity
from remit.domain.autonomy import Level, Phase
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, canonical
from remit.policy.book import Slice, question
from remit.policy.request import DECIMAL_DIGITS, PolicyRequest

OTHER = "another word"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Path = tuple[str, ...]  # ("context", "args", "amount")


def word(path: Path, chosen: Slice) -> str:
    """Return the type word of what stands at a path; empty for text of no declared type."""
    match path:
        case ("context", "facts", "confidence_bp"):
            return "integer"
        case ("context", "args", *rest):
            declared, name = chosen.arguments, ".".join(rest)
        case ("context", "facts", *rest):
            declared, name = chosen.facts, ".".join(rest)
        case ("resource", *rest):
            declared, name = chosen.fields, ".".join(rest)
        case _:
            return ""
    if name.endswith("_currency") and declared.get(name.removesuffix("_currency")) == "money":
        return "text"
    if name.endswith("_count") and declared.get(name.removesuffix("_count")) == "list":
        return "integer"
    return declared.get(name, "")


def request_of(name: str, chosen: Slice, told: Mapping[Path, Json]) -> PolicyRequest:
    """Return the request in which these values stand at these paths; None is left out."""
    workflow, _, action = name.rpartition(".")
    votes = told[("context", "facts", "approvals")]
    people = frozenset(f"person-{n}" for n in range(votes if isinstance(votes, int) else 0))
    made = PolicyRequest(
        workflow=workflow,
        action=action,
        case_id="searched",
        record="searched",
        arguments=_filled(chosen, told),
        facts=_canonicals(chosen.facts, told, ("context", "facts")),
        fields=_canonicals(chosen.fields, told, ("resource",)),
        labels={
            path[2]: Integrity(str(value))
            for path, value in told.items()
            if path[:2] == ("context", "labels") and value is not None
        },
        approvers=dict.fromkeys(str(told["roles",]).split(","), people) if people else {},
    )
    known = {
        path[-1]: value
        for path, value in told.items()
        if path[:-1] in {("principal",), ("resource",), ("context", "facts")}
        and path[-1] in {"channel", "segment", "subject", "level", "phase", "confidence_bp"}
        and value is not None
    }
    return replace(
        made,
        channel=_text(known.get("channel")),
        segment=_text(known.get("segment")),
        subject=_text(known.get("subject")),
        level=Level(str(known.get("level", made.level.value))),
        phase=Phase(str(known.get("phase", made.phase.value))),
        confidence_bp=_number(known.get("confidence_bp")),
    )


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: Json) -> int | None:
    return value if isinstance(value, int) else None


def _filled(chosen: Slice, told: Mapping[Path, Json]) -> dict[str, Canonical]:
    """Return the arguments; what is required and not told of gets a plain value of its type."""
    made = _canonicals(chosen.arguments, told, ("context", "args"))
    for name in chosen.required:
        word = chosen.arguments.get(name)
        if name not in made and word is not None:
            made[name] = _canonical(word, 1 if word not in {"text", "boolean"} else OTHER, "EUR")
    return made


def _canonicals(
    declared: Mapping[str, str], told: Mapping[Path, Json], under: Path
) -> dict[str, Canonical]:
    found = {}
    for name, word in declared.items():
        path = (*under, *name.split("."))
        value = told.get((*path[:-1], f"{path[-1]}_count") if word == "list" else path)
        currency = told.get((*path[:-1], f"{path[-1]}_currency"))
        if value is None and isinstance(currency, str):
            value = 1
        if value is not None:
            found[name] = _canonical(word, value, currency if isinstance(currency, str) else "EUR")
    return found


def _canonical(word: str, value: Json, currency: str) -> Canonical:
    number = value if isinstance(value, int) else 0
    match word:
        case "money":
            code = currency if len(currency) == 3 and currency.isupper() else "XTS"  # noqa: PLR2004 - ISO 4217
            return canonical(Money(Decimal(number).scaleb(-_digits(code)), code))
        case "decimal":
            return canonical(Decimal(number).scaleb(-DECIMAL_DIGITS))
        case "instant":
            return canonical(_EPOCH + timedelta(seconds=number))
        case "date":
            return canonical((_EPOCH + timedelta(seconds=number)).date())
        case "integer":
            return canonical(number)
        case "boolean":
            return canonical(value is True)
        case "list":
            return Canonical(type="list", form=[OTHER] * max(0, number))
        case _:
            return canonical(str(value))


def _digits(code: str) -> int:
    one = Money(Decimal(1), code).minor
    return len(str(one)) - 1


def told(request: PolicyRequest, chosen: Slice, paths: Iterable[Path]) -> dict[Path, Json]:
    """Return what stands at these paths of a request; None where it is left out."""
    asked = question(chosen, request)
    case, record = asked.entities[1]["attrs"], asked.entities[-1]["attrs"]
    whole: dict[str, Json] = {
        "context": asked.request["context"],
        "principal": case,
        "resource": record,
    }
    return {path: _at(whole, path) for path in paths}


def _at(place: Json, path: Path) -> Json:
    for name in path:
        if not isinstance(place, dict) or name not in place:
            return None
        place = place[name]
    return place
