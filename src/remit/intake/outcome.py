"""What reading one field can end in: a value, a value on stated grounds, or a refusal."""

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import StrEnum

from remit.domain.frozen import dataclass
from remit.intake.reasons import ReasonCode, sentence


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"
    PERSON = "person"
    PRIVATE = "private"
    DATE = "date"
    TIME = "time"
    INSTANT = "instant"
    ZONE = "zone"
    MONEY = "money"
    CURRENCY = "currency"
    COUNTRY = "country"
    LANGUAGE = "language"
    ADDRESS = "address"
    IDENTIFIER = "identifier"
    RECORD = "record"  # anything else: checked by the author's own model


class Outcome(StrEnum):
    """How far a field can be trusted."""

    ACCEPTED = "accepted"  # one reading, without any context
    ASSUMED = "assumed"  # one reading is left once declared context is applied
    QUARANTINED = "quarantined"  # no reading, or more than one


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """A recorded ground for one reading out of several."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FieldReason:
    """Why there is no value; candidates are unranked and may hold private values: mask them."""

    code: ReasonCode
    sentence: str
    candidates: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"FieldReason(code={self.code.value!r}, candidates={len(self.candidates)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawSpan:
    """Where a value stood: the name of the part and offsets in it, never the text."""

    part: str
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Field:
    """One typed input value with its outcome; `value` is None exactly when quarantined.

    `parts` holds what was read beside it: the zone and offset of a moment as written, the country
    and postcode of an address.
    """

    kind: Kind
    outcome: Outcome
    value: object = None
    assumptions: tuple[Assumption, ...] = ()
    reason: FieldReason | None = None
    raw_span: RawSpan | None = None
    parts: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        code = self.reason.code.value if self.reason else None
        return f"Field(kind={self.kind.value}, outcome={self.outcome.value}, code={code})"


def found(
    kind: Kind,
    value: object,
    assumptions: Iterable[Assumption] = (),
    *,
    parts: Mapping[str, str] | None = None,
) -> Field:
    """Return an accepted field, or an assumed one when it rests on grounds."""
    grounds = tuple(assumptions)
    outcome = Outcome.ASSUMED if grounds else Outcome.ACCEPTED
    return Field(kind=kind, outcome=outcome, value=value, assumptions=grounds, parts=parts or {})


def standing(field: Field, part: str, start: int, end: int) -> Field:
    """Return a field with where it stood; written out, as each field of each case passes here."""
    return Field(
        kind=field.kind,
        outcome=field.outcome,
        value=field.value,
        assumptions=field.assumptions,
        reason=field.reason,
        raw_span=RawSpan(part=part, start=start, end=end),
        parts=field.parts,
    )


def refused(
    kind: Kind, code: ReasonCode, candidates: Iterable[str] = (), *, seen: str = ""
) -> Field:
    """Return a quarantined field; `seen` is the input where it is not private."""
    reason = FieldReason(
        code=code, sentence=sentence(code, seen=seen), candidates=tuple(dict.fromkeys(candidates))
    )
    return Field(kind=kind, outcome=Outcome.QUARANTINED, reason=reason)
