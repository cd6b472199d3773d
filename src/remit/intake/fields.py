"""The field types that authors write, and what a model's fields declare."""

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, GetCoreSchemaHandler
from pydantic.fields import FieldInfo
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from remit.domain.money import Money
from remit.intake import (
    addresses,
    contacts,
    countries,
    currencies,
    identifiers,
    languages,
    numberings,
    times,
    tokens,
    zones,
)
from remit.intake.context import FORMATS, NormaliseContext
from remit.intake.outcome import Assumption, Field, FieldReason, Kind, Outcome, RawSpan

__all__ = [
    "Address", "Agrees", "Assumption", "CardNumber", "Country", "Currency", "Date", "Email",
    "Field", "FieldReason", "FieldSpec", "Format", "FreeText", "Iban", "Identifier", "Instant",
    "Kind", "Language", "Outcome", "PersonName", "Phone", "Private", "RawSpan", "Stated", "SumOf",
    "Time", "Typed", "Zone", "private_of", "private_paths", "specs_of",
]  # fmt: skip

DEPTH_MAX = 8  # of nested models
_NO_CONTEXT = NormaliseContext(received_at=datetime(1970, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """The marker behind a field type; `private` is the type of the tokens that stand for it.

    Validates a value to its canonical form, or lets a token of that type pass.
    """

    kind: Kind
    private: str | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def check(self, value: Any) -> Any:
        """Return the canonical value; raises an error that does not hold the value."""
        if not isinstance(value, str):
            return value
        if self.private is not None and tokens.is_token(value, self.private):
            return value
        read = _READERS.get(self.kind)
        if read is None:
            return value
        field = read(value, _NO_CONTEXT)
        if field.reason is not None:
            raise PydanticCustomError("remit_field", "{reason}", {"reason": field.reason.sentence})
        return field.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier(Typed):
    """A number of the owner's own, such as an order number: text in a pattern.

    `found_in` names a text field that is searched when this one is empty: a match counts there
    only behind one of `words` or a `#`, in the requester's own words. Two matches are none.

    `schemes` names schemes with check digits, as python-stdnum does (`pl.pesel`, `isbn`): with one
    the number must fit it; with several exactly one, and key or country must agree; `*` is all.
    """

    kind: Kind = Kind.IDENTIFIER
    pattern: str = r"[\w./-]+"
    words: tuple[str, ...] = ()
    found_in: str | None = None
    length_max: int = identifiers.IDENTIFIER_CHARACTERS_MAX
    schemes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.schemes:
            if name != identifiers.ANY_SCHEME:
                numberings.module(name)

    def check(self, value: Any) -> Any:
        """Return the number in the owner's pattern; raises an error that does not hold it."""
        if not isinstance(value, str):
            return value
        if self.private is not None and tokens.is_token(value, self.private):
            return value
        several = len(self.schemes) > 1 or identifiers.ANY_SCHEME in self.schemes
        if several and identifiers.fits(value, self.schemes):
            return value  # which scheme it is was settled when it was read
        field = self.read(value, _NO_CONTEXT)
        if field.reason is not None:
            raise PydanticCustomError("remit_field", "{reason}", {"reason": field.reason.sentence})
        return field.value

    def read(self, value: str, context: NormaliseContext) -> Field:
        """Return the number as this declaration reads it."""
        return identifiers.normalise_identifier(
            value,
            context,
            pattern=self.pattern,
            length_max=self.length_max,
            schemes=self.schemes,
        )


@dataclass(frozen=True, slots=True)
class Agrees:
    """Declares that this field's country must be that of another: an IBAN's, an address's, a code.

    Where they differ, both are in conflict.
    """

    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """Declares how a field is written where it comes from; what is read so counts as accepted.

    `date`: day_first, month_first or epoch_seconds; `year_window`: the first year of the hundred
    that two digits name; `amount`: point_decimal or comma_decimal; `currency`: three letters;
    `phone`: the country of national numbers; `time`: 24h; `instant`: epoch_seconds or
    epoch_millis.
    """

    date: Literal["day_first", "month_first", "epoch_seconds"] | None = None
    year_window: int | None = None
    amount: Literal["point_decimal", "comma_decimal"] | None = None
    currency: str | None = None
    phone: str | None = None
    time: Literal["24h"] | None = None
    instant: Literal["epoch_seconds", "epoch_millis"] | None = None

    def __post_init__(self) -> None:
        for name, given in asdict(self).items():
            known = FORMATS.get(name)
            if given is not None and known is not None and given not in known:
                raise ValueError(f"`{given}` is no format of `{name}`; take {' or '.join(known)}")

    @property
    def formats(self) -> dict[str, str]:
        """What is declared, as a context has it."""
        return {name: str(given) for name, given in asdict(self).items() if given is not None}


@dataclass(frozen=True, slots=True)
class SumOf:
    """Declares that this amount is the sum of the amounts under a key of each line of a list."""

    field: str
    key: str = "amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated(Typed):
    """Money that a requester may state in a text instead of in a field of its own.

    `found_in` names a text field that is searched when this one is empty: a number beside a
    currency counts there in the requester's own words, and only where they name one amount.
    """

    kind: Kind = Kind.MONEY
    found_in: str


class Private(Typed):
    """A text that is private by declaration, whatever it holds."""

    def __init__(self, type: str = "PRIVATE") -> None:
        if type not in tokens.TYPES:
            raise ValueError(f"`{type}` is no token type; take one of {', '.join(tokens.TYPES)}")
        object.__setattr__(self, "kind", Kind.PRIVATE)
        object.__setattr__(self, "private", type)


Email = Annotated[str, Typed(kind=Kind.EMAIL, private="EMAIL")]
Phone = Annotated[str, Typed(kind=Kind.PHONE, private="PHONE")]
Iban = Annotated[str, Typed(kind=Kind.IBAN, private="IBAN")]
CardNumber = Annotated[str, Typed(kind=Kind.CARD, private="CARD")]
PersonName = Annotated[str, Typed(kind=Kind.PERSON, private="PERSON")]
FreeText = Annotated[str, Typed(kind=Kind.TEXT)]
Date = Annotated[date, Typed(kind=Kind.DATE)]
Instant = Annotated[datetime, Typed(kind=Kind.INSTANT)]
Time = Annotated[str, Typed(kind=Kind.TIME)]
Zone = Annotated[str, Typed(kind=Kind.ZONE)]
Country = Annotated[str, Typed(kind=Kind.COUNTRY)]
Currency = Annotated[str, Typed(kind=Kind.CURRENCY)]
Language = Annotated[str, Typed(kind=Kind.LANGUAGE)]
Address = Annotated[str, Typed(kind=Kind.ADDRESS, private="ADDRESS")]

_READERS: Mapping[Kind, Callable[[str, NormaliseContext], Field]] = {
    Kind.EMAIL: contacts.normalise_email,
    Kind.PHONE: contacts.normalise_phone,
    Kind.IBAN: identifiers.normalise_iban,
    Kind.CARD: identifiers.normalise_card,
    Kind.TIME: times.normalise_time,
    Kind.ZONE: zones.normalise_zone,
    Kind.COUNTRY: countries.normalise_country,
    Kind.CURRENCY: currencies.normalise_currency,
    Kind.LANGUAGE: languages.normalise_language,
    Kind.ADDRESS: addresses.normalise_address,
}
_BY_TYPE: Mapping[object, Typed] = {
    str: Typed(kind=Kind.TEXT),
    date: Typed(kind=Kind.DATE),
    datetime: Typed(kind=Kind.INSTANT),
    Money: Typed(kind=Kind.MONEY),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """What a model declares of one field; a field that may be None is not required."""

    name: str
    kind: Kind
    required: bool
    marker: Typed
    nullable: bool = False
    agrees: str | None = None
    sum_of: SumOf | None = None
    formats: Mapping[str, str] = field(default_factory=dict)


def specs_of(model: type[BaseModel]) -> tuple[FieldSpec, ...]:
    """Return what each field of an author's case declares, in order."""
    return tuple(_spec(name, info) for name, info in model.model_fields.items())


def private_of(specs: tuple[FieldSpec, ...]) -> Mapping[str, str]:
    """Return the token type of each field that is private by its type or declaration."""
    return {spec.name: spec.marker.private for spec in specs if spec.marker.private}


def private_paths(model: type[BaseModel]) -> Mapping[str, str]:
    """Return dotted path -> token type of every private leaf; `*` stands for any item or key."""
    return dict(_paths(model, "", 0))


def _spec(name: str, info: FieldInfo) -> FieldSpec:
    marker = _marker(info) or Typed(kind=Kind.RECORD)
    nullable = type(None) in get_args(info.annotation)
    return FieldSpec(
        name=name,
        kind=marker.kind,
        required=info.is_required() and not nullable,
        marker=marker,
        nullable=nullable,
        agrees=next((one.field for one in _marks(info) if isinstance(one, Agrees)), None),
        formats=next((one.formats for one in _marks(info) if isinstance(one, Format)), {}),
        sum_of=next((one for one in _marks(info) if isinstance(one, SumOf)), None),
    )


def _marks(info: FieldInfo) -> Iterator[object]:
    """Yield what is declared of a field, also inside of what may be None."""
    yield from info.metadata
    for member in get_args(info.annotation):
        if get_origin(member) is Annotated:
            yield from get_args(member)[1:]


def _marker(info: FieldInfo) -> Typed | None:
    for one in info.metadata:
        if isinstance(one, Typed):
            return one
    return _marker_of(info.annotation)


def _marker_of(annotation: object) -> Typed | None:
    if get_origin(annotation) is Annotated:
        inner, *metadata = get_args(annotation)
        marked = next((one for one in metadata if isinstance(one, Typed)), None)
        return marked or _marker_of(inner)
    if get_origin(annotation) in (Union, types.UnionType):
        members = [one for one in get_args(annotation) if one is not type(None)]
        return _marker_of(members[0]) if len(members) == 1 else None
    return _BY_TYPE.get(annotation)


def _paths(model: type[BaseModel], prefix: str, depth: int) -> Iterator[tuple[str, str]]:
    for name, info in model.model_fields.items():
        marker = next((one for one in info.metadata if isinstance(one, Typed)), None)
        keys = {name, info.alias or name}
        for key in sorted(keys):
            yield from _leaves(info.annotation, marker, f"{prefix}{key}", depth)


def _leaves(
    annotation: object, marker: Typed | None, path: str, depth: int
) -> Iterator[tuple[str, str]]:
    if marker is not None and marker.private:
        yield path, marker.private
        return
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        marked = next((one for one in metadata if isinstance(one, Typed)), None)
        yield from _leaves(inner, marked, path, depth)
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _leaves(member, None, path, depth)
    elif origin is not None and isinstance(origin, type):
        for item in get_args(annotation):
            yield from _leaves(item, None, f"{path}.*", depth)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel) and depth < DEPTH_MAX:
        yield from _paths(annotation, f"{path}.", depth + 1)
