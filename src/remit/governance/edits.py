"""What people type in place of values, read as values of the declared types."""

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation

from remit.domain.action import ActionSpec
from remit.domain.money import Money
from remit.domain.value import Canonical, Json, canonical
from remit.errors import InvalidEditError

EDIT_CHARACTERS_MAX = 16_384


def typed(spec: ActionSpec, edits: Mapping[str, str]) -> dict[str, Json]:
    """Return what a person typed in an edit form as canonical values of the declared types.

    Raises `InvalidEditError` naming the field.
    """
    made: dict[str, Json] = {}
    for name, text in edits.items():
        param = spec.param(name)
        if param is None:
            raise InvalidEditError(f"`{name}` is no parameter of `{spec.name}`")
        if len(text) > EDIT_CHARACTERS_MAX:
            raise InvalidEditError(f"`{name}` is longer than {EDIT_CHARACTERS_MAX} characters")
        reader = _READERS.get(param.type)
        if reader is None:
            raise InvalidEditError(f"`{name}` is a {param.type} and cannot be edited here")
        if not text.strip() and param.optional:
            made[name] = None
            continue
        read = _read(reader, text)
        if read is None:  # raised outside the handler: no chain leads to what was typed
            raise InvalidEditError(
                f"`{name}` does not read as {param.type}; write it like `{_LIKE[param.type]}`"
            )
        made[name] = read.form
        if param.choices and made[name] not in param.choices:
            raise InvalidEditError(f"`{name}` must be one of {', '.join(param.choices)}")
    return made


# -- parts ---------------------------------------------------------------------------------------


def _read(reader: Callable[[str], object], text: str) -> Canonical | None:
    try:
        return canonical(reader(text))
    except (ValueError, InvalidOperation):
        return None


def _yes_no(text: str) -> bool:
    words = {"yes": True, "true": True, "no": False, "false": False}
    if text.strip().lower() not in words:
        raise ValueError("write yes or no")
    return words[text.strip().lower()]


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("the time needs its zone, such as 2026-11-24T10:00+01:00")
    return moment


_READERS: Mapping[str, Callable[[str], object]] = {
    "text": lambda text: text,
    "money": Money.of,
    "integer": lambda text: int(text.strip()),
    "decimal": lambda text: Decimal(text.strip()),
    "boolean": _yes_no,
    "date": lambda text: datetime.strptime(text.strip(), "%Y-%m-%d").date(),  # noqa: DTZ007 - a date
    "instant": _instant,
}


READABLE = frozenset(_READERS)  # types that a person may type a value of


_LIKE: Mapping[str, str] = {
    "text": "any text",
    "money": "19.00 EUR",
    "integer": "12",
    "decimal": "1.5",
    "boolean": "yes",
    "date": "2026-11-24",
    "instant": "2026-11-24T10:00+01:00",
}
