"""Input that waits for a person: what is shown of it, and how corrected fields go back in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from remit.intake.normalise import Normalised
from remit.intake.outcome import FieldReason, Outcome
from remit.intake.reasons import SENTENCES, ReasonCode, sentence

__all__ = ["SENTENCES", "QuarantineItem", "ReasonCode", "items", "release_fields", "sentence"]


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineItem:
    """One reason why a message waits; `excerpt` and candidates are masked."""

    field: str  # empty: the message as a whole
    code: ReasonCode
    sentence: str
    candidates: tuple[str, ...] = ()
    excerpt: str = ""

    @classmethod
    def whole(cls, code: ReasonCode) -> "QuarantineItem":
        """Return the item for a message that could not be read as a whole."""
        return cls(field="", code=code, sentence=sentence(code))


def items(
    normalised: Normalised, raw: Mapping[str, object], *, mask: Callable[[str, str | None], str]
) -> tuple[QuarantineItem, ...]:
    """Return one item for each field without a value that has a reason, masked.

    `mask` takes a text and the token type of its field, or None for free text.
    """
    return tuple(
        _item(name, field.reason, raw.get(name), normalised.private.get(name), mask)
        for name, field in normalised.fields.items()
        if field.outcome is Outcome.QUARANTINED and field.reason is not None
    )


def release_fields(
    item: QuarantineItem | None, raw: Mapping[str, object], corrections: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the raw mapping with a person's corrections over it, to be normalised again.

    The raw that came is not changed. An item narrows what may be corrected to its own field.
    """
    if item is not None and item.field:
        corrections = {name: value for name, value in corrections.items() if name == item.field}
    return {**raw, **corrections}


def _item(
    name: str,
    reason: FieldReason,
    raw: object,
    private: str | None,
    mask: Callable[[str, str | None], str],
) -> QuarantineItem:
    shown = raw if isinstance(raw, str) else ""
    return QuarantineItem(
        field=name,
        code=reason.code,
        sentence=mask(reason.sentence, None),
        candidates=tuple(mask(candidate, private) for candidate in reason.candidates),
        excerpt=mask(shown, private) if shown else "",
    )
