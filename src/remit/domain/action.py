"""Actions, tools, and where each of their arguments may come from."""

from enum import StrEnum

from remit.domain.frozen import dataclass
from remit.domain.value import Json


class Risk(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    MONEY = "money"
    IRREVERSIBLE = "irreversible"


class Integrity(StrEnum):
    """How far a value can be trusted, low to high."""

    UNTRUSTED = "untrusted"
    STATED = "stated"  # a key field of the case, by its requester
    VOUCHED = "vouched"  # written by the platform that was read
    ENDORSED = "endorsed"  # a named person said so
    LITERAL = "literal"  # a constant of the reviewed version

    @property
    def rank(self) -> int:
        return _INTEGRITY_RANK[self]


_INTEGRITY_RANK = {integrity: rank for rank, integrity in enumerate(Integrity)}


# -- the source tree -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseSource:
    """Equal to that key field of the case."""

    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSource:
    """Equal to the field at that dotted path in a read of that tool in this case."""

    tool: str
    path: str
    by: tuple[str, CaseSource] | None = None  # for lists: the element whose key field is proven
    at_most: bool = False  # a bound instead of an equality, cumulative per record


@dataclass(frozen=True, slots=True, kw_only=True)
class LiteralSource:
    """Equal to a constant of the reviewed version."""

    values: tuple[Json, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySource:
    """Member of a closed list with an owner."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnySource:
    """Content: may come from anywhere and carries no authority."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOf:
    """Any of these, tried as written."""

    sources: tuple["Source", ...]


Source = CaseSource | ToolSource | LiteralSource | DirectorySource | AnySource | OneOf


def alternatives(source: Source) -> tuple[Source, ...]:
    """Return the sources that may prove a value, in the order they are tried."""
    return source.sources if isinstance(source, OneOf) else (source,)


def words(source: Source) -> str:
    """Return a source as people read it: `get_order.total, at most`."""
    match source:
        case CaseSource():
            return f"case.{source.field}"
        case ToolSource():
            by = f" by {source.by[0]}" if source.by else ""
            bound = ", at most" if source.at_most else ""
            return f"{source.tool}.{source.path}{by}{bound}"
        case LiteralSource():
            return "literal " + " | ".join(str(value) for value in source.values)
        case DirectorySource():
            return f"directory {source.name}"
        case AnySource():
            return "content only"
        case OneOf():
            return " or ".join(words(one) for one in source.sources)


# -- declarations --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ParamSpec:
    """One declared parameter of a tool or action."""

    name: str
    type: str  # canonical type word: text, money, integer, ...
    source: Source
    optional: bool = False
    private: str | None = None  # token type that this parameter may carry: EMAIL, PHONE, ...
    choices: tuple[str, ...] = ()  # of an enum or literal
    leaves: tuple[tuple[str, str], ...] = ()  # of a record: dotted path, token type it may carry
    endorsable: bool = True  # may a person vouch for a value that is not proven?
    secret: bool = False  # may it carry what a tool's field marks as secret?

    def carries(self, path: str) -> str | None:
        """Return the token type that a leaf may carry; the empty path is the parameter itself."""
        return self.private if not path else dict(self.leaves).get(path)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One declared field of a tool's result, by its dotted path."""

    path: str
    type: str
    system: bool = False  # written by the platform itself, not by third parties
    private: str | None = None
    secret: bool = False  # may stand in no argument but one that is declared for secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSpec:
    """A read on another system."""

    workflow: str
    name: str
    params: tuple[ParamSpec, ...]
    fields: tuple[FieldSpec, ...]
    record: str | None = None  # path of the field that names the record, such as `id`
    derive: bool = False  # a pure function instead of a read
    egress: bool = False  # its arguments leave: they are judged before it is read

    def field(self, path: str) -> FieldSpec | None:
        return next((field for field in self.fields if field.path == path), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """A kind of change in another system."""

    workflow: str
    name: str
    risk: Risk
    params: tuple[ParamSpec, ...]
    says: str  # sentence with {parameter} slots
    undo: str | None  # name of the action that takes it back
    irreversible: bool
    on: str | None  # the tool whose record is acted upon
    times_max: int = 1
    grace_seconds: int | None = None
    denial_group: str | None = None
    is_undo: bool = False  # performed by rollback alone
    facts: tuple[tuple[str, str], ...] = ()  # derives that rules may read: name, type word
    reaches: tuple[tuple[str, str], ...] = ()  # `rows`, `recipients`: the derive that counts them
    segments: tuple[str, ...] = ()  # the regions that earn by themselves, beside `other`

    def param(self, name: str) -> ParamSpec | None:
        return next((param for param in self.params if param.name == name), None)

    @property
    def signature(self) -> Json:
        """The JSON form whose digest binds approvals and grants."""
        return {
            "action": f"{self.workflow}.{self.name}",
            "on": self.on,
            "params": [
                {
                    "choices": list(param.choices),
                    "endorsable": param.endorsable,
                    "leaves": [list(leaf) for leaf in param.leaves],
                    "name": param.name,
                    "optional": param.optional,
                    "private": param.private,
                    "source": words(param.source),
                    "type": param.type,
                    **({"secret": True} if param.secret else {}),
                }
                for param in self.params
            ],
            "risk": self.risk.value,
            "says": self.says,
            "undo": self.undo,
            **({"reaches": dict(self.reaches)} if self.reaches else {}),
            **({"segments": list(self.segments)} if self.segments else {}),
        }


# -- witnesses and proofs ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Witness:
    """A value that stands at a named path of an entry of this case."""

    seq: int  # the entry
    tool: str  # the tool that was read, or `case`
    record: str  # names the record that was read; empty for the case
    path: str
    element: int  # position in a list, 0 elsewhere
    type: str
    form: Json  # canonical; a token where masked
    integrity: Integrity
    assumptions: tuple[str, ...] = ()  # `field:code` of what was taken for granted in reading it
    about: tuple[tuple[str, str], ...] = ()  # of a derive: tool and record it was worked out from
    secret: bool = False  # its field is marked so, or it was worked out from one that is


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """What all effects of an action on one record may take together."""

    tool: str
    path: str
    record: str
    element: str  # of a list: the key that chooses it; empty elsewhere
    unit: str  # currency, or the type word of a number


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What one argument takes of a bound: money in minor units, other numbers as they are."""

    bound: Bound
    quantity: str


class Proof(StrEnum):
    """What became of one argument's sources."""

    PROVEN = "proven"
    CONTENT = "content"  # no authority is claimed
    ABSENT = "absent"
    DIFFERENT = "different"
    STALE = "stale"
    TWO_RECORDS = "two-records"
    UNTRUSTED_SELECTION = "untrusted-selection"
    AMBIGUOUS_LIST = "ambiguous-list"
    NOT_A_MEMBER = "not-a-member"
    NOT_LITERAL = "not-literal"
    ABOVE = "above"
    TOO_MANY_RECORDS = "too-many-records"


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgumentProof:
    """Where one argument came from, or what would have been accepted."""

    parameter: str
    proof: Proof
    source: str  # the source that proved it, or all that were tried, in words
    integrity: Integrity
    seq: int | None = None  # the entry that proves it
    accepted: tuple[str, ...] = ()  # what the sources would have accepted, as people read it
    elsewhere: tuple[str, ...] = ()  # where the same value does occur; information, never proof
    assumptions: tuple[str, ...] = ()  # `field:code` of what the value rests on
    demands: tuple[Demand, ...] = ()  # what it takes of the bounds that it is under
