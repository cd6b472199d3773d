"""Turn raw values into fields: one pure function for each kind, and one for a whole case."""

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import field, replace

from remit.domain.frozen import dataclass
from remit.domain.value import Json, canonical
from remit.intake import crosschecks, own_words, values
from remit.intake.addresses import normalise_address
from remit.intake.amounts import normalise_money
from remit.intake.columns import PROVING, proven_by_siblings
from remit.intake.contacts import normalise_email, normalise_phone
from remit.intake.context import NormaliseContext
from remit.intake.countries import normalise_country
from remit.intake.currencies import normalise_currency
from remit.intake.dates import normalise_date
from remit.intake.fields import FieldSpec, Identifier, Stated, private_of
from remit.intake.identifiers import normalise_card, normalise_iban, normalise_identifier
from remit.intake.instants import normalise_instant
from remit.intake.languages import normalise_language
from remit.intake.outcome import (
    Assumption,
    Field,
    FieldReason,
    Kind,
    Outcome,
    found,
    refused,
    standing,
)
from remit.intake.reasons import ReasonCode
from remit.intake.times import normalise_time
from remit.intake.zones import normalise_zone

__all__ = [
    "NORMALISERS", "NormaliseContext", "Normalised", "normalise_address", "normalise_card",
    "normalise_case", "normalise_country", "normalise_currency", "normalise_date",
    "normalise_email", "normalise_iban", "normalise_identifier", "normalise_instant",
    "normalise_language", "normalise_money", "normalise_person", "normalise_phone",
    "normalise_text", "normalise_time", "normalise_zone", "read_value",
]  # fmt: skip

PERSON_CHARACTERS_MAX = 200
IGNORED_KEYS_MAX = 100


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Normalised:
    """A case's fields; quarantined when a required one is."""

    fields: Mapping[str, Field]
    quarantined: bool
    reasons: tuple[FieldReason, ...]
    ignored: tuple[str, ...] = ()
    private: Mapping[str, str] = field(default_factory=dict)  # field -> token type
    nullable: frozenset[str] = frozenset()  # fields that may be None

    def values(self) -> dict[str, Json]:
        """Return the canonical JSON form of every field that has a value; not masked yet.

        A field without one is left out, or None where the author's model allows it.
        """
        return {
            name: canonical(one.value).form
            for name, one in self.fields.items()
            if one.value is not None or name in self.nullable
        }

    def doubtful(self, raw: Mapping[str, object]) -> bool:
        """Return whether a person must look: for a required field, or for one that was given.

        An optional field that came and cannot be read is not the same as one that did not come.
        """
        return self.quarantined or any(
            one.reason is not None and raw.get(name) not in (None, "")
            for name, one in self.fields.items()
        )

    def outcomes(self) -> dict[str, str]:
        """Return accepted, assumed or absent for each declared field."""
        return {
            name: "absent" if one.value is None else one.outcome.value
            for name, one in self.fields.items()
        }

    def assumptions(self) -> tuple[str, ...]:
        """Return `field:code` of every ground that a value rests on."""
        return tuple(
            f"{name}:{one.code}" for name, item in self.fields.items() for one in item.assumptions
        )


def normalise_case(
    specs: tuple[FieldSpec, ...],
    raw: Mapping[str, object],
    context: NormaliseContext,
    *,
    columns: Mapping[str, Mapping[str, str]] | None = None,
) -> Normalised:
    """Return every declared field of a case with its outcome.

    A required field without a value quarantines the case; an optional one is absent, with its
    reason listed. Keys that no field declares are ignored and named. `columns` is what the
    column of a field proves (see `columns.proven_by_column`).
    """
    around = _around(specs, raw, context)
    fields = {
        spec.name: _field(
            spec,
            raw,
            replace(around, columns=columns[spec.name])
            if columns and spec.name in columns
            else around,
        )
        for spec in specs
    }
    fields = crosschecks.checked(specs, fields, context)
    refusals = {name: one.reason for name, one in fields.items() if one.reason is not None}
    declared = frozenset(fields)
    ignored = [str(key) for key in raw if key not in declared]
    return Normalised(
        fields=fields,
        quarantined=any(spec.required and spec.name in refusals for spec in specs),
        reasons=tuple(refusals.values()),
        ignored=tuple(ignored[:IGNORED_KEYS_MAX]),
        private=private_of(specs),
        nullable=frozenset(spec.name for spec in specs if spec.nullable),
    )


def normalise_text(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the text in NFC; NUL and half surrogate pairs cannot be stored and are refused."""
    if (code := values.unfit(text)) is not None:
        return refused(Kind.TEXT, code)
    return found(Kind.TEXT, unicodedata.normalize("NFC", text))


def normalise_person(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the name as given: never re-cased, reordered or split."""
    name = unicodedata.normalize("NFC", text).strip()
    if not name:
        return refused(Kind.PERSON, ReasonCode.FIELD_MISSING)
    if len(name) > PERSON_CHARACTERS_MAX:
        return refused(Kind.PERSON, ReasonCode.FIELD_TOO_LONG)
    return found(Kind.PERSON, name)


NORMALISERS: Mapping[Kind, Callable[[str, NormaliseContext], Field]] = {
    Kind.TEXT: normalise_text,
    Kind.PRIVATE: normalise_text,
    Kind.PERSON: normalise_person,
    Kind.EMAIL: normalise_email,
    Kind.PHONE: normalise_phone,
    Kind.IBAN: normalise_iban,
    Kind.CARD: normalise_card,
    Kind.DATE: normalise_date,
    Kind.TIME: normalise_time,
    Kind.INSTANT: normalise_instant,
    Kind.ZONE: normalise_zone,
    Kind.MONEY: normalise_money,
    Kind.CURRENCY: normalise_currency,
    Kind.COUNTRY: normalise_country,
    Kind.LANGUAGE: normalise_language,
    Kind.ADDRESS: normalise_address,
    Kind.IDENTIFIER: normalise_identifier,
}
_KEYED = frozenset({Kind.DATE, Kind.INSTANT})  # their reading may rest on the field's name


def _field(spec: FieldSpec, raw: Mapping[str, object], context: NormaliseContext) -> Field:
    value = raw.get(spec.name)
    empty = value is None or (isinstance(value, str) and not value.strip())
    if empty and isinstance(spec.marker, Identifier | Stated) and spec.marker.found_in:
        part = spec.marker.found_in
        field = _found_in(spec.marker, raw.get(part), part, context)
        if field is not None:
            return field
    if empty:
        if spec.required:
            return refused(spec.kind, ReasonCode.FIELD_MISSING)
        return Field(kind=spec.kind, outcome=Outcome.ACCEPTED)
    field = read_value(spec, value, context)
    if isinstance(value, str) and field.value is not None:
        return standing(field, spec.name, 0, len(value))
    return field


def read_value(spec: FieldSpec, value: object, context: NormaliseContext) -> Field:
    """Return one given value as its declaration reads it."""
    if spec.formats:
        context = replace(context, formats={**context.formats, **spec.formats})
    if spec.kind is Kind.RECORD:
        return values.record_of(value)
    if (same := values.already(spec.kind, value, context)) is not None:
        return same
    text, code = values.text_of(spec.kind, value)
    if code is not None:
        return refused(spec.kind, code)
    if isinstance(spec.marker, Identifier):
        keyed = replace(context, key=spec.name) if spec.marker.schemes else context
        return spec.marker.read(text, keyed)
    if spec.kind in _KEYED and text.isdecimal():
        context = replace(context, key=spec.name)
    return NORMALISERS[spec.kind](text, context)


def _around(
    specs: tuple[FieldSpec, ...], raw: Mapping[str, object], context: NormaliseContext
) -> NormaliseContext:
    """Return the context with what the fields of this document prove about one another."""
    siblings = [(spec.kind, raw.get(spec.name)) for spec in specs if spec.kind in PROVING]
    proven = proven_by_siblings(siblings) if len(siblings) > 1 else {}
    return replace(context, siblings=proven) if proven else context


def _found_in(
    marker: Identifier | Stated, text: object, part: str, context: NormaliseContext
) -> Field | None:
    if not isinstance(text, str) or values.unfit(text) is not None:
        return None
    if isinstance(marker, Stated):
        return _stated(text, part, context)
    candidates = own_words.named(text, pattern=marker.pattern, words=marker.words)
    if not candidates:
        return None
    if len(candidates) > 1:
        return refused(Kind.IDENTIFIER, ReasonCode.ID_SEVERAL, candidates)
    ((value, (start, end)),) = candidates.items()
    return standing(marker.read(value, context), part, start, end)


def _stated(text: str, part: str, context: NormaliseContext) -> Field | None:
    read = {
        place: normalise_money(surface, context)
        for surface, place in own_words.amounts(text).items()
    }
    amounts = {field.value for field in read.values()}
    if not read:
        return None
    if len(amounts) > 1 or (None in amounts and len(read) > 1):
        return refused(Kind.MONEY, ReasonCode.AMOUNT_SEVERAL, own_words.amounts(text))
    (start, end), field = next(iter(read.items()))
    ground = Assumption(
        code="stated_in_text", sentence="the only amount in the sender's own words"
    )
    if field.reason is None:
        field = found(Kind.MONEY, field.value, (*field.assumptions, ground))
    return standing(field, part, start, end)
