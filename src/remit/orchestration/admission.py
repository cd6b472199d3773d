"""What comes in: normalised, masked and recorded as a case, or set aside with reasons."""

from base64 import b64decode, b64encode
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from remit.domain import actor, clock
from remit.domain.case import CaseOutcome, CaseStatus, Priority
from remit.domain.entry import Draft
from remit.domain.event import CaseClosed
from remit.domain.frozen import dataclass
from remit.domain.intake_event import CaseQuarantined, CaseReceived, CaseReleased
from remit.domain.value import Json, encode
from remit.errors import (
    IllegalMoveError,
    IntakeBusyError,
    IntakeConflictError,
    IntakeError,
    MessageTooLargeError,
    NotFoundError,
    StillDoubtfulError,
)
from remit.intake import evidence, quarantine
from remit.intake.evidence import Around
from remit.intake.letters import MAIL, Letter, letter
from remit.intake.mail import Mail
from remit.intake.mask import Masker
from remit.intake.normalise import NormaliseContext, Normalised
from remit.intake.reasons import ReasonCode
from remit.ledger import read as record
from remit.ledger.seal import KeyRing
from remit.orchestration.equipment import Equipment
from remit.orchestration.message import Message, form_of
from remit.orchestration.scopes import NewScope
from remit.store import cases, vault
from remit.store.database import Database
from remit.store.unit import UnitOfWork

MESSAGE_BYTES_MAX = 1024 * 1024
SEALED_BYTES_MAX = 33_500_000  # what a payload holds: a mail in base64, and its fields
OPEN_CASES_MAX = 100_000
EXTERNAL_CHARACTERS_MAX = 200
HANDLE_CHARACTERS = 32
MAIL_CHANNEL = "mail"
SENDERS = ("sender", "from", "requester")  # the fields that may name who writes


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
    priority: Priority = Priority.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Reads messages into cases of one installation."""

    scope: Callable[[str], NewScope]
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
        priority: Priority = Priority.NORMAL,
        letter: Letter | None = None,
        around: Around | None = None,
    ) -> Admitted:
        """Normalise and mask a message; pure but for ids, nothing is written.

        With a letter the fields were made of a mail, whose bytes are sealed beside them.
        Raises `MessageTooLargeError` and `IntakeError` for what is no message at all.
        """
        form = form_of(raw)
        encoded = encode(form)
        if letter is None and len(encoded) > MESSAGE_BYTES_MAX:
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
        identity = content if external_id is None else self.identity(raw, external_id=external_id)
        if letter is not None:
            content = identity = self.keyed(b"mail\x00" + letter.content())
            form[MAIL] = b64encode(letter.raw).decode()
        scope = self.scope(case_id)
        message = Message(
            case=handler.case, raw=raw, masker=scope.masker, context=self._context(),
            letter=letter, senders=equipment.senders, around=around,
        )  # fmt: skip
        reading = message.read()
        event = _event(
            message, reading.items, channel=channel, identity=identity, content=content,
            subject=_subject(message.normalised, self.keyed), letter=letter,
        )  # fmt: skip
        if priority is not Priority.NORMAL:
            event = replace(event, priority=priority.value)
        taken_in = isinstance(event, CaseReceived)
        seconds = equipment.lane.case_seconds if taken_in else equipment.desk.quarantine_seconds
        if seconds is not None:
            due = self.now() + timedelta(seconds=seconds)
            event = replace(event, due_us=clock.microseconds(due))
        draft = Draft(
            event=event,
            case_id=case_id,
            workflow=equipment.name,
            actor=actor.service("intake"),
            fingerprint=equipment.fingerprint,
            payloads={"raw": form, **reading.payload, **message.grounds()},
            key=scope.key,
            originals=scope.originals,
        )
        return Admitted(
            draft=draft, rows=tuple(scope.rows()), external=identity, content=content,
            reasons=reading.items, priority=priority,
        )  # fmt: skip

    def read_mail(
        self,
        equipment: Equipment,
        raw: bytes,
        mail: Mail,
        *,
        sources: Mapping[str, str],
        constants: Mapping[str, str],
        priority: Priority = Priority.NORMAL,
    ) -> Admitted:
        """Make a case's message of a mail that was read; whatever it is, it becomes a case.

        Its own id and its content are what a second delivery is known by: a mail under an id that
        is known, with another content, is not swallowed.
        """
        fields, beside = letter(mail, raw, sources=sources, constants=constants)
        if len(raw) * 4 // 3 + len(encode(form_of(fields))) > SEALED_BYTES_MAX:
            unread = Mail(columns={}, fault=ReasonCode.MAIL_TOO_LARGE)
            fields, beside = letter(unread, raw, sources=sources, constants=constants)
        return self.read(
            equipment, fields, channel=MAIL_CHANNEL, external_id=None, priority=priority,
            letter=beside,
        )  # fmt: skip

    def digest(self, data: bytes) -> str:
        """Return the keyed digest of an attachment."""
        return self.keyed(b"attachment\x00" + data)

    def identity(self, raw: Mapping[str, object], *, external_id: str | None) -> str:
        """Return under which keyed digest a message is known; its body's when it has no id."""
        if external_id is not None:
            return self.keyed(b"id\x00" + external_id.encode())
        return self.keyed(b"content\x00" + encode(form_of(raw)))

    def release(
        self,
        equipment: Equipment,
        raw: Mapping[str, object],
        corrections: Mapping[str, str],
        *,
        choices: Mapping[str, str],
        masker: Masker,
        around: Around | None = None,
    ) -> tuple[CaseReleased, dict[str, Json]]:
        """Read a quarantined message again with what a person picked and typed.

        Raises `IntakeError` for a reading that is not offered and for a field that is not
        declared, `StillDoubtfulError` with what is still doubtful.
        """
        handler = equipment.workflow.handler
        if handler is None:
            raise IntakeError(f"workflow `{equipment.name}` has no handler")
        context = self._context()
        read = partial(
            Message, case=handler.case, masker=masker, context=context, senders=equipment.senders,
            around=around,
        )  # fmt: skip
        before = read(raw=raw)
        picked = before.picked(choices)
        if foreign := sorted(corrections.keys() - before.normalised.fields.keys()):
            raise IntakeError(f"`{foreign[0][:60]}` is no field of this workflow; take it out")
        forms = {name: choice.form for name, (choice, _) in picked.items()}
        corrected = quarantine.release_fields(raw, {**forms, **corrections})
        message = read(raw=corrected)
        if left := message.items():
            said = "; ".join(f"`{item.field}`: {item.sentence}" for item in left)
            raise StillDoubtfulError(f"still doubtful, nothing was released: {said}", doubts=left)
        fields = message.fields()
        event = CaseReleased(
            outcomes=message.normalised.outcomes(),
            corrected=tuple(sorted(corrections)),
            subject=_subject(message.normalised, self.keyed),
            assumptions=_left_assumed(message.normalised, picked),
            chosen=tuple(f"{name}:{choice.how}" for name, (choice, _) in sorted(picked.items())),
        )
        said_of: dict[str, Json] = {
            name: offer.says or offer.shown for name, (_, offer) in picked.items()
        }
        return event, {
            "raw": form_of(corrected),
            "fields": fields,
            "choices": {**said_of, **message.shown(corrections)},
            **message.grounds(),
        }

    def _context(self) -> NormaliseContext:
        return NormaliseContext(received_at=self.now(), locale=self.locale, zone=self.zone)


def receive(
    uow: UnitOfWork, admitted: Admitted, *, open_cases_max: int | None = OPEN_CASES_MAX
) -> Admission:
    """Write a message that was read: a new case, or the one that it already is.

    Raises `IntakeConflictError` for a known id with another body, `IntakeBusyError` when too many
    cases are open; without a bound they are not counted.
    """
    uow.hold_before(f"external {admitted.draft.workflow} {admitted.external}")
    known = cases.find_external(uow.projected, admitted.draft.workflow, admitted.external)
    if known is not None:
        if known.content != admitted.content:
            raise IntakeConflictError(
                f"case `{known.case_id}` has the same external id and another body; "
                "send a change under an id of its own"
            )
        return Admission(case_id=known.case_id, status=known.status.value, duplicate=True)
    if open_cases_max is not None:
        _count(uow, admitted.draft.workflow, open_cases_max)
    if admitted.rows:
        vault.insert(uow.projected, admitted.rows)
    uow.begin(admitted.draft.case_id)
    uow.append(admitted.draft)
    quarantined = isinstance(admitted.draft.event, CaseQuarantined)
    status = CaseStatus.QUARANTINED if quarantined else CaseStatus.READY
    return Admission(
        case_id=admitted.draft.case_id,
        status=status.value,
        duplicate=False,
        reasons=admitted.reasons,
    )


def brought(admitted: Admitted, by: str | None) -> Admitted:
    """Return a message with whoever brought it in."""
    event = admitted.draft.event
    if by is None or not isinstance(event, CaseReceived | CaseQuarantined):
        return admitted
    return replace(admitted, draft=replace(admitted.draft, event=replace(event, by=by)))


def _count(uow: UnitOfWork, workflow: str, most: int) -> None:
    counts, moved = cases.counts(uow.projected, workflow), uow.tally.statuses(workflow)
    still_open = sum(
        counts.get(status, 0) + moved[status] for status in ("ready", "parked", "escalated")
    )
    if still_open >= most:
        raise IntakeBusyError(
            f"{still_open} cases are open; work some off and send this again",
            retry_after_seconds=60,
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
    """Return what came in, with what a person corrected; for reading it again only."""
    entries = database.read(lambda c: record.stream(c, keys, case_id, roles=("raw",)))
    found = [one.payloads["raw"] for one in entries if "raw" in one.payloads]
    newest = found[-1] if found else None
    fields: dict[str, object] = dict(newest) if isinstance(newest, dict) else {}
    fields.pop(MAIL, None)
    return fields


def around_of(database: Database, keys: KeyRing, case_id: str) -> Around:
    """Return what was known around a message when it came, to read it again by."""
    kept = database.read(lambda c: record.stream(c, keys, case_id, roles=(evidence.ROLE,)))
    return evidence.around_of(kept[0].payloads.get(evidence.ROLE) if kept else None)


def mail_of(database: Database, keys: KeyRing, case_id: str) -> bytes | None:
    """Return the mail that a case was made of, byte for byte; None where it came otherwise."""
    entries = database.read(lambda c: record.stream(c, keys, case_id, roles=("raw",)))
    for entry in entries:
        raw = entry.payloads.get("raw")
        if isinstance(raw, dict) and isinstance(raw.get(MAIL), str):
            return b64decode(str(raw[MAIL]))
    return None


# -- parts ---------------------------------------------------------------------------------------


def _event(
    message: Message,
    items: tuple[quarantine.QuarantineItem, ...],
    *,
    channel: str,
    identity: str,
    content: str,
    subject: str | None,
    letter: Letter | None,
) -> CaseReceived | CaseQuarantined:
    untrusted = None if letter is None else letter.untrusted or None
    notes = None if letter is None else letter.notes or None
    if items:
        codes = tuple(item.code.value for item in items)
        return CaseQuarantined(
            channel=channel, external=identity, content=content, codes=codes, subject=subject,
            assumptions=message.normalised.assumptions(), untrusted=untrusted, notes=notes,
        )  # fmt: skip
    return CaseReceived(
        channel=channel,
        external=identity,
        content=content,
        outcomes=message.normalised.outcomes(),
        assumptions=message.normalised.assumptions(),
        subject=subject,
        untrusted=untrusted,
        notes=notes,
    )


def _left_assumed(normalised: Normalised, picked: Collection[str]) -> tuple[str, ...]:
    """Return what the fields rest on that no person picked a reading of.

    What was typed is read by the same rules: it may still rest on something.
    """
    return tuple(one for one in normalised.assumptions() if one.partition(":")[0] not in picked)


def _subject(normalised: Normalised, keyed: Callable[[bytes], str]) -> str | None:
    """Return the keyed handle of the sender's address, where there is one."""
    for name in SENDERS:
        field = normalised.fields.get(name)
        if field is not None and isinstance(field.value, str):
            return handle_of(field.value, keyed)
    return None


def handle_of(address: str, keyed: Callable[[bytes], str]) -> str:
    """Return the handle of whoever writes from an address."""
    return keyed(b"subject\x00" + address.encode())[:HANDLE_CHARACTERS]
