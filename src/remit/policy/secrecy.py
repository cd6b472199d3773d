"""A value of a field that is marked secret stands in nothing that leaves, however written."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from remit.domain.action import ActionSpec, Witness
from remit.domain.value import Canonical, Json

SIGNS_MIN = 4  # letters and digits; what is shorter is a secret only where it stands alone
FOUND_MAX = 16
_GAP = r"[\W_]*"  # spaces, hyphens and stops between two signs
_OTHER = re.compile(r"[\W_]+")


def secrets_in(
    spec: ActionSpec, arguments: Mapping[str, Canonical], witnesses: Sequence[Witness]
) -> tuple[str, ...]:
    """Return, in words, which marked field's value each argument carries that may not.

    The value itself is never said: what this returns is shown to people and stands in records.
    """
    secret = [one for one in witnesses if one.secret]
    if not secret:
        return ()
    found: dict[str, None] = {}
    for param in spec.params:
        value = arguments.get(param.name)
        if value is None or param.secret:
            continue
        for one in _carried(value.form, secret):
            found[f"{param.name} carries the secret `{one.path}` of {one.tool}"] = None
    return tuple(found)[:FOUND_MAX]


def carries(form: Json, witnesses: Sequence[Witness]) -> bool:
    """Return whether a value holds one of a marked field: what is made of it is secret too."""
    return any(True for _ in _carried(form, [one for one in witnesses if one.secret]))


def _carried(form: Json, secret: Sequence[Witness]) -> Iterator[Witness]:
    texts = [_plain(text) for text in _texts(form)] if secret else []
    signs = [_OTHER.sub("", text) for text in texts]
    for one in secret:
        for value in _texts(one.form):
            wanted = _OTHER.sub("", _plain(value))
            if any(map(_holds, texts, signs, [wanted] * len(texts))):
                yield one
                break


def _holds(text: str, signs: str, wanted: str) -> bool:
    """Return whether the secret stands in the text as a word, or words, of its own."""
    if not wanted or wanted not in signs:  # the cheap question first
        return False
    return signs == wanted or (
        len(wanted) >= SIGNS_MIN and _pattern(wanted).search(text) is not None
    )


@lru_cache(maxsize=256)
def _pattern(wanted: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_]){_GAP.join(map(re.escape, wanted))}(?![^\W_])")


def _plain(text: str) -> str:
    """Return a text without what nobody sees, in one width and one case."""
    wide = unicodedata.normalize("NFKC", text)
    return "".join(one for one in wide if unicodedata.category(one) != "Cf").casefold()


def _texts(form: Json) -> Iterator[str]:
    match form:
        case bool() | None:
            return
        case str() | int():
            yield str(form)
        case list():
            for item in form:
                yield from _texts(item)
        case {"amount": amount, "currency": _}:
            yield str(amount)
        case dict():
            for item in form.values():
                yield from _texts(item)
