"""A mail as the message of a case: which column fills which field, and what stands beside it."""

from collections.abc import Mapping
from dataclasses import replace

from remit.domain.frozen import dataclass
from remit.domain.value import Json, encode
from remit.intake import mime
from remit.intake.mail import UNTRUSTED, Mail
from remit.intake.normalise import Normalised
from remit.intake.outcome import Assumption, Field, FieldReason, Outcome
from remit.intake.reasons import ReasonCode, sentence
from remit.intake.values import FIELD_CHARACTERS_MAX

# In the sealed raw of a case, beside its fields; no field can have this name.
MAIL = "mail:raw"
# What differs between two deliveries of one mail.
_OF_DELIVERY = frozenset({"received_at"})
_LONG = ReasonCode.FIELD_TOO_LONG


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Letter:
    """What a mail brings to a case beside the fields that were made of it."""

    raw: bytes
    body: bytes  # what makes two deliveries the same mail, with the envelope
    envelope: Mapping[str, Json]
    message_id: str | None
    refused: Mapping[str, FieldReason]  # field -> why its column has no value
    assumptions: Mapping[str, tuple[Assumption, ...]]
    untrusted: tuple[str, ...]
    notes: tuple[str, ...]
    fault: ReasonCode | None

    def content(self) -> bytes:
        """Return the bytes that a mail is known again by."""
        return encode(dict(self.envelope)) + b"\x00" + self.body

    def over(self, normalised: Normalised) -> Normalised:
        """Return the fields with what the mail says of them: grounds, and reasons for none."""
        fields = dict(normalised.fields)
        for name, reason in self.refused.items():
            fields[name] = replace(
                fields[name], outcome=Outcome.QUARANTINED, value=None, assumptions=(),
                reason=reason, raw_span=None,
            )  # fmt: skip
        for name, grounds in self.assumptions.items():
            if fields[name].value is not None:
                fields[name] = replace(
                    fields[name], outcome=Outcome.ASSUMED,
                    assumptions=(*grounds, *fields[name].assumptions),
                )  # fmt: skip
        self._pass_on(fields)
        return replace(
            normalised, fields=fields, quarantined=normalised.quarantined or bool(self.refused)
        )

    def _pass_on(self, fields: dict[str, Field]) -> None:
        """Let a value that was found in another part rest on what that part's reading rests on."""
        for name, field in fields.items():
            part = None if field.raw_span is None else field.raw_span.part
            if part is None or part == name or field.value is None:
                continue
            if grounds := self.assumptions.get(part):
                fields[name] = replace(
                    field, outcome=Outcome.ASSUMED, assumptions=(*grounds, *field.assumptions)
                )


def letter(
    mail: Mail, raw: bytes, *, sources: Mapping[str, str], constants: Mapping[str, str]
) -> tuple[dict[str, object], Letter]:
    """Return the fields that a mail fills, and the rest of it.

    `sources` says from which column each field is filled; a constant wins over it.
    """
    filled = {
        name: mail.columns[column]
        for name, column in sources.items()
        if column in mail.columns and name not in constants
    }
    refusals = {name: field.reason for name, field in filled.items() if field.reason is not None}
    refusals |= {
        name: FieldReason(code=_LONG, sentence=sentence(_LONG))
        for name, field in filled.items()
        if isinstance(field.value, str) and len(field.value) > FIELD_CHARACTERS_MAX
    }
    fields: dict[str, object] = {
        name: field.value
        for name, field in filled.items()
        if field.value is not None and name not in refusals
    }
    return {**fields, **constants}, Letter(
        raw=raw,
        body=raw if mail.fault is not None else mime.body_of(raw),
        envelope={
            name: field.value
            for name, field in mail.columns.items()
            if name not in _OF_DELIVERY and isinstance(field.value, str)
        },
        message_id=mail.message_id,
        refused=refusals,
        assumptions={n: field.assumptions for n, field in filled.items() if field.assumptions},
        untrusted=tuple(name for name in filled if sources[name] in UNTRUSTED),
        notes=mail.notes,
        fault=mail.fault,
    )
