"""What comes in: normalised, masked and recorded as a case, or set aside with reasons."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from remit.domain import actor
from remit.domain.case import CaseOutcome, CaseStatus
from remit.domain.event import (
    CaseClosed,
    CaseQuarantined,
    CaseReceived,
    CaseReleased,
    Draft,
    Event,
)
from remit.domain.value import Json, encode
from remit.errors import (
    BusyError,
    IllegalMoveError,
    IntakeConflictError,
    IntakeError,
    MaskingError,
    MessageTooLargeError,
    NotFoundError,
)
from remit.intake import quarantine
from remit.intake.fields import specs_of
from remit.intake.mask import Masker
from remit.intake.normalise import NormaliseContext, Normalised, normalise_case
from remit.intake.reasons import ReasonCode
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.orchestration.equipment import Equipment
from remit.orchestration.steps import canonical_json
from remit.store import cases, vault
from remit.store.database import Database
from remit.store.unit import UnitOfWork

MESSAGE_BYTES_MAX = 1024 * 1024
OPEN_CASES_MAX = 100_000
EXTERNAL_CHARACTERS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What became of a message."""

    case_id: str
    status: str
    duplicate: bool
    reasons: tuple[quarantine.QuarantineItem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """A message that was read and masked, ready to be written."""

    draft: Draft
    rows: tuple[vault.VaultTuple, ...]
    external: str
    content: str
    reasons: tuple[quarantine.QuarantineItem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Reads messages into cases of one installation."""

    masker: Callable[[str], tuple[Masker, Callable[[], list[vault.VaultTuple]]]]  # for a new scope
    keyed: Callable[[bytes], str]
    new_id: Callable[[], str]
    now: Callable[[], datetime]
    locale: str | None = None
    zone: str | None = None

    def read(
        self,
        equipment: Equipment,
        raw: Mapping[str, object],
        *,
        channel: str,
        external_id: str | None,
    ) -> Admitted:
        """Normalise and mask a message; pure but for ids, nothing is written.

        Raises `MessageTooLargeError` and `IntakeError` for what is no message at all.
        """
        form = _form(raw)
        encoded = encode(form)
        if len(encoded) > MESSAGE_BYTES_MAX:
            raise MessageTooLargeError(
                f"the message is larger than {MESSAGE_BYTES_MAX} bytes; send a reference instead"
            )
        if external_id is not None and len(external_id) > EXTERNAL_CHARACTERS_MAX:
            raise IntakeError(f"an external id has at most {EXTERNAL_CHARACTERS_MAX} characters")
        handler = equipment.workflow.handler
        if handler is None:
            raise IntakeError(f"workflow `{equipment.name}` has no handler; it takes no cases")
        case_id = self.new_id()
        content = self.keyed(b"content\x00" + encoded)
        identity = content if external_id is None else self.keyed(b"id\x00" + external_id.encode())
        masker, rows = self.masker(case_id)
        normalised = normalise_case(specs_of(handler.case), raw, self._context())
        event, payloads, reasons = _read(normalised, raw, masker, channel, identity, content)
        if isinstance(event, CaseReceived):
            event = _with_subject(event, normalised, self.keyed)
        draft = Draft(
            event=event,
            case_id=case_id,
            workflow=equipment.name,
            actor=actor.service("intake"),
            fingerprint=equipment.fingerprint,
            payloads={"raw": form, **payloads},
        )
        return Admitted(
            draft=draft, rows=tuple(rows()), external=identity, content=content, reasons=reasons
        )

    def release(
        self,
        equipment: Equipment,
        raw: Mapping[str, object],
        corrections: Mapping[str, str],
        *,
        case_id: str,
        masker: Masker,
    ) -> tuple[CaseReleased, dict[str, Json]]:
        """Read a quarantined message again with a person's corrections.

        Raises `IntakeError` with what is still doubtful.
        """
        handler = equipment.workflow.handler
        if handler is None:
            raise IntakeError(f"workflow `{equipment.name}` has no handler")
        corrected = quarantine.release_fields(None, raw, corrections)
        normalised = normalise_case(specs_of(handler.case), corrected, self._context())
        if doubtful(normalised, corrected):
            left = quarantine.items(normalised, corrected, mask=_mask(masker))
            said = "; ".join(f"`{item.field}`: {item.sentence}" for item in left)
            raise IntakeError(f"still doubtful, nothing was released: {said}")
        values = normalised.values()
        fields = masker.mask_json(dict(values), private=normalised.private)
        event = CaseReleased(outcomes=normalised.outcomes(), corrected=tuple(sorted(corrections)))
        del case_id
        return event, {"raw": _form(corrected), "fields": fields}

    def _context(self) -> NormaliseContext:
        return NormaliseContext(received_at=self.now(), locale=self.locale, zone=self.zone)


def receive(uow: UnitOfWork, admitted: Admitted) -> Admission:
    """Write a message that was read: a new case, or the one that it already is.

    Raises `IntakeConflictError` for a known id with another body, `BusyError` when too many cases
    are open.
    """
    known = cases.find_external(uow.connection, admitted.draft.workflow, admitted.external)
    if known is not None:
        if known.content != admitted.content:
            raise IntakeConflictError(
                f"case `{known.case_id}` has the same external id and another body; "
                "send a change under an id of its own"
            )
        return Admission(case_id=known.case_id, status=known.status.value, duplicate=True)
    counts = cases.counts(uow.connection, admitted.draft.workflow)
    still_open = sum(counts.get(status, 0) for status in ("ready", "parked", "escalated"))
    if still_open >= OPEN_CASES_MAX:
        raise BusyError(f"{OPEN_CASES_MAX} cases are open; work some off and send this again")
    if admitted.rows:
        vault.insert(uow.connection, admitted.rows)
    uow.append(admitted.draft)
    quarantined = isinstance(admitted.draft.event, CaseQuarantined)
    status = CaseStatus.QUARANTINED if quarantined else CaseStatus.READY
    return Admission(
        case_id=admitted.draft.case_id,
        status=status.value,
        duplicate=False,
        reasons=admitted.reasons,
    )


def discard(uow: UnitOfWork, case_id: str, *, person: str, reason: str) -> None:
    """Refuse a quarantined message for good, with a reason.

    Raises `NotFoundError`, and `IllegalMoveError` for a case that is not in quarantine.
    """
    row = require(uow, case_id, CaseStatus.QUARANTINED)
    uow.append(
        Draft(
            event=CaseClosed(outcome=CaseOutcome.DISCARDED.value),
            case_id=case_id,
            workflow=row.workflow,
            actor=actor.person(person),
            payloads={"result": reason},
        )
    )


def require(uow: UnitOfWork, case_id: str, status: CaseStatus) -> cases.CaseRow:
    """Return a case that is in this state.

    Raises `NotFoundError` and `IllegalMoveError`.
    """
    row = cases.find(uow.connection, case_id)
    if row is None:
        raise NotFoundError(f"there is no case `{case_id}`")
    if row.status is not status:
        raise IllegalMoveError(f"case `{case_id}` is {row.status.value}, not {status.value}")
    return row


def raw_of(database: Database, keys: KeyRing, case_id: str) -> dict[str, object]:
    """Return what came in as a quarantined case; for reading it again only."""
    found = database.read(lambda c: record.payload(c, keys, case_id, 1, "raw"))
    return dict(found) if isinstance(found, dict) else {}


def doubtful(normalised: Normalised, raw: Mapping[str, object]) -> bool:
    """Return whether a message waits for a person: a required field, or one that was given.

    An optional field that came and cannot be read is not the same as one that did not come.
    """
    return normalised.quarantined or any(
        field.reason is not None and raw.get(name) not in (None, "")
        for name, field in normalised.fields.items()
    )


# -- parts ---------------------------------------------------------------------------------------


def _read(
    normalised: Normalised,
    raw: Mapping[str, object],
    masker: Masker,
    channel: str,
    identity: str,
    content: str,
) -> tuple[Event, dict[str, Json], tuple[quarantine.QuarantineItem, ...]]:
    try:
        if doubtful(normalised, raw):
            return _aside(normalised, raw, masker, channel, identity, content)
        fields = masker.mask_json(dict(normalised.values()), private=normalised.private)
    except MaskingError:
        item = quarantine.QuarantineItem.whole(ReasonCode.INTAKE_MASKING_FAILED)
        event = CaseQuarantined(
            channel=channel, external=identity, content=content, codes=(item.code.value,)
        )
        return event, {"reasons": {"items": [_item(item)], "text": {}}}, (item,)
    received = CaseReceived(
        channel=channel,
        external=identity,
        content=content,
        outcomes=normalised.outcomes(),
        assumptions=normalised.assumptions(),
    )
    return received, {"fields": fields}, ()


def _aside(
    normalised: Normalised,
    raw: Mapping[str, object],
    masker: Masker,
    channel: str,
    identity: str,
    content: str,
) -> tuple[Event, dict[str, Json], tuple[quarantine.QuarantineItem, ...]]:
    items = quarantine.items(normalised, raw, mask=_mask(masker))
    shown = masker.mask_json(_form(raw), private=normalised.private)
    event = CaseQuarantined(
        channel=channel,
        external=identity,
        content=content,
        codes=tuple(item.code.value for item in items),
    )
    return event, {"reasons": {"items": [_item(item) for item in items], "text": shown}}, items


def _item(item: quarantine.QuarantineItem) -> Json:
    return {
        name: canonical_json(list(value) if isinstance(value, tuple) else value)
        for name, value in asdict(item).items()
    }


def _mask(masker: Masker) -> Callable[[str, str | None], str]:
    def mask(text: str, kind: str | None) -> str:
        if kind is None:
            return masker.mask_text(text).text
        return masker.mask_value(kind, text)

    return mask


def _with_subject(
    event: CaseReceived, normalised: Normalised, keyed: Callable[[bytes], str]
) -> CaseReceived:
    """Name the requester by a keyed handle of the sender's address, where there is one."""
    for name in ("sender", "from", "requester"):
        field = normalised.fields.get(name)
        if field is not None and isinstance(field.value, str):
            handle = keyed(b"subject\x00" + field.value.encode())[:32]
            return CaseReceived(
                channel=event.channel,
                external=event.external,
                content=event.content,
                outcomes=event.outcomes,
                assumptions=event.assumptions,
                subject=handle,
            )
    return event


def _form(raw: Mapping[str, object]) -> dict[str, Json]:
    return {str(name): canonical_json(_clean(value)) for name, value in raw.items()}


def _clean(value: object) -> object:
    """Half surrogate pairs cannot be stored; they are shown as replacement characters."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    return value
