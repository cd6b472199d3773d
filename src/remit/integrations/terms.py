"""What an owner says about an operation in `remit.toml` or `x-remit`; strict by default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from remit.errors import ManifestInvalidError
from remit.integrations.connector import OperationKind
from remit.integrations.document import Described, Document

TIMEOUT_SECONDS_MAX = 300.0
SETTLED_SECONDS_MAX = 7 * 24 * 3600.0


class Conflict(StrEnum):
    """What 409 means where keys are honoured: it may be about the key itself."""

    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an operation is performed, found and taken back."""

    undo: str | None = None
    find: str | None = None
    find_argument: str = "key"
    keys: str | None = None  # the header that carries the key
    reference: str = "id"  # the answer's field that names what was written
    conflict: Conflict = Conflict.UNCERTAIN
    timeout_seconds: float = 30.0
    settled_after_seconds: float = 0.0
    before: str | None = None  # the read that shows the state before
    money: str | None = None  # the argument that is an amount
    addressed_by: str | None = None  # the argument that names who receives it
    owner: str | None = None


def terms(
    document: Document, *, connector: str, settings: Mapping[str, Mapping[str, object]]
) -> Mapping[str, Terms]:
    """Return the terms of every operation, settings over `x-remit`.

    Raises `ManifestInvalidError` naming what does not exist or does not fit.
    """
    for name in settings:
        if name not in document.operations:
            raise ManifestInvalidError(
                f"`{connector}.{name}` is in the settings, but not in the document; "
                "correct the name or remove it"
            )
    agreed = {
        name: _terms(f"`{connector}.{name}`", {**described.remit, **settings.get(name, {})})
        for name, described in document.operations.items()
    }
    for name, described in document.operations.items():
        _require_fitting(f"`{connector}.{name}`", described, agreed[name], document)
    return agreed


def _terms(where: str, said: Mapping[str, object]) -> Terms:
    known = {one.name for one in fields(Terms)}
    for word, value in said.items():
        if word not in known:
            raise ManifestInvalidError(
                f"{where} says `{word}`, which means nothing; use {', '.join(sorted(known))}"
            )
        if not _READ.get(word, _is_text)(value):
            raise ManifestInvalidError(f"{where} says a `{word}` that cannot be used")
    given = {**said, "conflict": Conflict(str(said.get("conflict", Conflict.UNCERTAIN)))}
    return Terms(**given)  # type: ignore[arg-type]  # each word was checked above


def _require_fitting(where: str, described: Described, agreed: Terms, document: Document) -> None:
    if described.kind is OperationKind.READ and (agreed.undo or agreed.keys or agreed.find):
        raise ManifestInvalidError(f"{where} only reads; it needs no undo, find or keys")
    for word, kind in (("undo", OperationKind.WRITE), ("find", OperationKind.READ)):
        named = getattr(agreed, word)
        other = document.operations.get(named) if named else None
        if named and (other is None or other.kind is not kind):
            raise ManifestInvalidError(f"{where} names `{named}` as {word}; that is no {kind}")
    if agreed.find is not None:
        finder = document.operations[agreed.find]
        needed = {one.name for one in finder.parameters if one.required}
        if not needed <= {agreed.find_argument} or agreed.find_argument not in {
            one.name for one in finder.parameters
        }:
            raise ManifestInvalidError(
                f"{where} is found with `{agreed.find}`, which does not take "
                f"`{agreed.find_argument}` alone; name the right one in `find_argument`"
            )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _seconds(most: float) -> Callable[[object], bool]:
    def fits(value: object) -> bool:
        return (
            isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
        )

    return fits


_READ: Mapping[str, Callable[[object], bool]] = {
    "conflict": lambda value: value in list(Conflict),
    "timeout_seconds": _seconds(TIMEOUT_SECONDS_MAX),
    "settled_after_seconds": _seconds(SETTLED_SECONDS_MAX),
}
