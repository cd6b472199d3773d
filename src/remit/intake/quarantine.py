"""Input that waits for a person: what is shown of it, and how corrected fields go back in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from remit.errors import IntakeError
from remit.intake.choices import Choice, choices_of
from remit.intake.context import NormaliseContext
from remit.intake.fields import FieldSpec
from remit.intake.normalise import Normalised
from remit.intake.outcome import FieldReason, Outcome
from remit.intake.reasons import SENTENCES, ReasonCode, sentence

__all__ = [
    "SENTENCES", "Offer", "QuarantineItem", "ReasonCode", "chosen", "items", "release_fields",
    "sentence",
]  # fmt: skip

NAME_SHOWN_MAX = 60

Mask = Callable[[str, str | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One reading that a person may pick, masked; `blocked` says why it cannot be taken."""

    shown: str
    says: str = ""
    blocked: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineItem:
    """One reason why a message waits; `excerpt` and offers are masked."""

    field: str  # empty: the message as a whole
    code: ReasonCode
    sentence: str
    offers: tuple[Offer, ...] = ()
    excerpt: str = ""

    @classmethod
    def whole(cls, code: ReasonCode) -> "QuarantineItem":
        """Return the item for a message that could not be read as a whole."""
        return cls(field="", code=code, sentence=sentence(code))


def items(
    normalised: Normalised,
    raw: Mapping[str, object],
    *,
    specs: tuple[FieldSpec, ...],
    context: NormaliseContext,
    mask: Mask,
) -> tuple[QuarantineItem, ...]:
    """Return one item for each field without a value that has a reason, masked.

    `mask` takes a text and the token type of its field, or None for free text.
    """
    return tuple(
        _item(spec, one.reason, raw.get(spec.name), context, mask)
        for spec in specs
        if (one := normalised.fields[spec.name]).outcome is Outcome.QUARANTINED
        and one.reason is not None
    )


def chosen(
    normalised: Normalised,
    raw: Mapping[str, object],
    picked: Mapping[str, str],
    *,
    specs: tuple[FieldSpec, ...],
    context: NormaliseContext,
    mask: Mask,
) -> dict[str, tuple[Choice, Offer]]:
    """Return, by field, the readings that a person picked by what was shown of them.

    Raises `IntakeError` for what is not offered, or not any more.
    """
    found = {}
    for spec in specs:
        if spec.name not in picked:
            continue
        reason = normalised.fields[spec.name].reason
        made = () if reason is None else choices_of(spec, raw.get(spec.name), reason, context)
        for choice in made:
            offer = _offer(choice, spec.marker.private, mask)
            if offer.shown == picked[spec.name] and not choice.blocked:
                found[spec.name] = (choice, offer)
    if missing := sorted(picked.keys() - found.keys()):
        raise IntakeError(
            f"`{missing[0][:NAME_SHOWN_MAX]}`: this reading is not offered; look again"
        )
    return found


def release_fields(
    raw: Mapping[str, object], corrections: Mapping[str, object]
) -> Mapping[str, object]:
    """Return the raw mapping with a person's readings over it, to be normalised again.

    The raw that came is not changed.
    """
    return {**raw, **corrections}


def _item(
    spec: FieldSpec, reason: FieldReason, raw: object, context: NormaliseContext, mask: Mask
) -> QuarantineItem:
    shown, private = raw if isinstance(raw, str) else "", spec.marker.private
    return QuarantineItem(
        field=spec.name,
        code=reason.code,
        sentence=mask(reason.sentence, None),
        offers=tuple(
            _offer(choice, private, mask) for choice in choices_of(spec, raw, reason, context)
        ),
        excerpt=mask(shown, private) if shown else "",
    )


def _offer(choice: Choice, private: str | None, mask: Mask) -> Offer:
    """Return a choice as it may be shown; what is said of a private value is harmless as it is."""
    return Offer(
        shown=mask(choice.candidate, private),
        says=choice.says if private is not None else mask(choice.says, None),
        blocked=mask(choice.blocked, None),
    )
