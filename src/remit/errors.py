"""Every error of Remit, drawn as a tree: a stable code, an HTTP status, and what to do.

A message is a lower-case fragment without a full stop, with user input in backticks, and never
holds a masked value's original.
"""

from datetime import datetime


class RemitError(Exception):
    """Something went wrong that a person can act on."""

    code = "remit"
    status = 500
    exit_code = 1


# -- what an author or operator wrote ------------------------------------------------------------


class SettingsError(RemitError):
    """`remit.toml` or the environment says something that Remit cannot use."""

    code = "settings.invalid"
    exit_code = 2


class RegistrationError(RemitError):
    """A workflow, tool or action is declared in a way that cannot be run safely."""

    code = "authoring.invalid"
    exit_code = 2


class SourceDeclarationError(RegistrationError):
    """A parameter's source is missing or cannot prove a value of its type."""

    code = "authoring.source"


class PolicyLoadError(RemitError):
    """A policy file does not load; names file, rule and line."""

    code = "policy.load"
    exit_code = 2


class MissingExtraError(RemitError):
    """An optional library is not installed; names the extra that brings it."""

    code = "extra.missing"
    exit_code = 2


class PortInUseError(RemitError):
    """Something else listens at that address; names it and says what to do."""

    code = "serve.port_in_use"
    exit_code = 69


class UnknownWorkflowError(RemitError):
    """No workflow of that name is registered."""

    code = "workflow.unknown"
    status = 422
    exit_code = 2


class InputFileError(RemitError):
    """An input file cannot be read as rows."""

    code = "input.unreadable"
    status = 422
    exit_code = 2


# -- the ledger and its store --------------------------------------------------------------------


class StorageError(RemitError):
    """The store could not do what was asked."""

    code = "storage"
    status = 503


class StorageFullError(StorageError):
    """There is no space left; nothing of this write was kept, nothing was performed."""

    code = "storage.full"


class StorageUnavailableError(StorageError):
    """The database does not answer."""

    code = "storage.unavailable"


class SignerUnavailableError(StorageUnavailableError):
    """The signer does not answer: nothing is acknowledged until it does, and nothing is lost."""

    code = "storage.signer"


class SessionsExhaustedError(StorageUnavailableError):
    """The PostgreSQL server has no room for another session; says how many there may be."""

    code = "storage.sessions"


class DatabaseInUseError(StorageError):
    """Another process owns this SQLite file; names it and says what to do."""

    code = "storage.in_use"
    exit_code = 69


class UnsafeDatabaseError(StorageError):
    """The database is set up in a way that can lose acknowledged entries."""

    code = "storage.unsafe"


class DatabaseLostError(StorageError):
    """The file was removed or replaced while it was written to; nothing more is written."""

    code = "storage.lost"
    exit_code = 70


class OlderDatabaseError(StorageError):
    """The database must be migrated before several processes work on it."""

    code = "storage.older"


class NewerDatabaseError(StorageError):
    """The database was written by a newer Remit."""

    code = "storage.newer"


class DatabaseNotEmptyError(StorageError):
    """The database to copy to holds rows already."""

    code = "storage.not_empty"
    exit_code = 2


class ClashError(StorageError):
    """Two writes stood in each other's way, several times in a row; try again."""

    code = "storage.clash"


class BusyError(StorageError):
    """A queue is full; try again later."""

    code = "storage.busy"


class IntakeBusyError(BusyError):
    """Too much is under way to take more in; says why and when to come again."""

    code = "intake.busy"

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ConflictError(StorageError):
    """A row of that key is there already."""

    code = "storage.conflict"
    status = 409


class LedgerError(RemitError):
    """The record refuses or contradicts."""

    code = "ledger"


class NotAcknowledgedError(LedgerError):
    """An act is written, and not as far in the log as its kind must be; nothing rests on it."""

    code = "ledger.not_acknowledged"
    status = 503


class EntryRefusedError(LedgerError):
    """An entry breaks a rule of the format; says path and rule, never the value."""

    code = "ledger.entry_refused"


class NewerEntryError(LedgerError):
    """An entry was written by a newer Remit."""

    code = "ledger.newer_entry"


class LedgerMismatchError(LedgerError):
    """The stored tree contradicts its head, checkpoint or anchor; nothing may be appended."""

    code = "ledger.mismatch"
    status = 503


class LedgerForkError(LedgerMismatchError):
    """An anchor knows a larger ledger, or another one of that size; nothing may be appended."""

    code = "ledger.fork"


class AnchorUnavailableError(LedgerError):
    """An anchor does not answer, or not with anything usable; it is asked again later."""

    code = "ledger.anchor_unavailable"
    status = 503


class CursorOriginError(LedgerError):
    """A cursor is of another log, or beyond the end of this one; says which and where to begin."""

    code = "ledger.cursor_origin"
    status = 409


class CursorPrunedError(LedgerError):
    """Entries after a cursor are no longer here; says from which one on."""

    code = "ledger.cursor_pruned"
    status = 410


class PayloadTamperedError(LedgerError):
    """A sealed payload is not the one that its entry names."""

    code = "ledger.payload_tampered"


class PayloadMissingError(LedgerError):
    """A sealed payload that an entry names is not there."""

    code = "ledger.payload_missing"


class PayloadErasedError(LedgerError):
    """The content was erased with the person it was about; its entry and proofs stand."""

    code = "ledger.erased"
    status = 410


class RetentionError(LedgerError):
    """It is too early, or a legal hold stands: names the due date or the hold."""

    code = "ledger.retention"
    status = 409


class KeyUnavailableError(StorageError):
    """The key store does not answer, or a key does not open; nothing is written unsealed."""

    code = "ledger.key_unavailable"


class StaleFactsError(LedgerError):
    """What a decision rested on changed before it could be written; decide again."""

    code = "ledger.stale_facts"


class HeadMovedError(LedgerMismatchError):
    """Somebody else extends the tree; whoever finds that must step down."""

    code = "ledger.head_moved"


class FencedError(LedgerError):
    """Another run has written to this case; this run must stop without a trace."""

    code = "ledger.fenced"


# -- moves that the product does not allow -------------------------------------------------------


class StaleScorecardError(RemitError):
    """What was signed is not what the cell shows now; look at it again and sign anew."""

    code = "grant.stale"
    status = 409


class GrantUnmetError(RemitError):
    """A grant demands something that is not met, so nothing was signed; says what."""

    code = "grant.unmet"
    status = 409


class EvidenceInputError(RemitError):
    """A count, rate, score or label cannot be used in a test; names it and what is accepted."""

    code = "evidence.input"
    status = 422


class IllegalMoveError(RemitError):
    """A state may not change in this way."""

    code = "state.illegal_move"
    status = 409


class CorrectionsOpenError(IllegalMoveError):
    """An effect of the incident is still to check; undo it, or say what you found of it."""

    code = "incident.corrections_open"


class CaseClosedError(IllegalMoveError):
    """The case is closed already; names who closed it and when."""

    code = "case.closed"


class NotFoundError(RemitError):
    """No such record, or not one that you may see."""

    code = "not_found"
    status = 404


class StaleDigestError(RemitError):
    """What was shown is not what would run now; look again."""

    code = "approval.stale"
    status = 409

    def __init__(self, message: str, approval_id: str = "") -> None:
        super().__init__(message)
        self.approval_id = approval_id  # of what would run now


class ApprovalClosedError(RemitError):
    """Somebody has already decided."""

    code = "approval.closed"
    status = 409


class ApprovalClaimedError(RemitError):
    """Somebody else is at it; it can be decided all the same."""

    code = "approval.claimed"
    status = 409


class ApprovalExpiredError(ApprovalClosedError):
    """The time to decide has passed; nothing was performed."""

    code = "approval.expired"
    status = 410


class NotEntitledError(RemitError):
    """This person may not do this."""

    code = "approval.not_entitled"
    status = 403


class OwnRequestError(NotEntitledError):
    """Who brought a case in does not approve what comes of it; somebody else must."""

    code = "approval.own_request"


class RouteUndeclaredError(RemitError):
    """A route of the API or the console declares no permission; say what it needs."""

    code = "route.undeclared"


class NotSignedInError(RemitError):
    """Nobody is signed in, or not any more; sign in."""

    code = "session.none"
    status = 401


class StepUpNeededError(RemitError):
    """What cannot be taken back needs a fresh sign-in; sign in again at `/sign-in/again`."""

    code = "session.step_up"
    status = 403


class OidcRefusedError(RemitError):
    """A sign-in at the provider does not hold; begin again, or ask for an account."""

    code = "session.oidc"
    status = 401


class PasswordError(RemitError):
    """A password is too short, too long or too easy; take another."""

    code = "session.password"
    status = 422
    exit_code = 2


class TooManyTriesError(RemitError):
    """Too many wrong codes or passwords; wait before the next."""

    code = "session.too_many_tries"
    status = 429


class TooManyRequestsError(RemitError):
    """One principal asks too much in a minute; says when to come again."""

    code = "request.too_many"
    status = 429

    def __init__(self, message: str, *, retry_after_seconds: int) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class ServiceTokenError(RemitError):
    """The token of a service is not valid here; get another with `remit services`."""

    code = "service.token"
    status = 401
    challenge = 'Bearer realm="remit", error="invalid_token"'


class PersonNeededError(RemitError):
    """A service asked for what a person must do, with a session of their own."""

    code = "service.person_needed"
    status = 403


class ForeignRequestError(RemitError):
    """A change was asked for from another site, or without this session's own token."""

    code = "request.foreign"
    status = 403


class RequestInvalidError(RemitError):
    """A request does not have the declared shape; names the member."""

    code = "request.invalid"
    status = 422


class RequestTooLargeError(RemitError):
    """A request's body is larger than this route takes."""

    code = "request.too_large"
    status = 413


class InvalidEditError(RemitError):
    """An edited argument does not fit its declared type; names the field."""

    code = "approval.invalid_edit"
    status = 422


class IntakeConflictError(RemitError):
    """The same external id came with another body."""

    code = "intake.conflict"
    status = 409


# -- intake and masking: none of these holds a value ---------------------------------------------


class IntakeError(RemitError):
    """Input could not be taken in."""

    code = "intake"
    status = 422


class StillDoubtfulError(IntakeError):
    """A released message still has no certain reading; nothing was released.

    `doubts` are the fields that are left, masked, each with its reason.
    """

    code = "intake.still_doubtful"

    def __init__(self, message: str, *, doubts: tuple[object, ...] = ()) -> None:
        super().__init__(message)
        self.doubts = doubts


class MessageTooLargeError(IntakeError):
    """The message is larger than `intake` allows."""

    code = "intake.too_large"
    status = 413


class MaskingError(RemitError):
    """Masking stopped; nothing was sent or stored unmasked."""

    code = "masking"


class MaskingFailedError(MaskingError):
    """The masker failed; the call it guards was not made."""

    code = "masking.failed"


class VaultLockedError(MaskingError):
    """The vault's key is not at hand."""

    code = "masking.vault_locked"


class TokenRefusedError(RemitError):
    """A token was not turned back."""

    code = "token.refused"


class TokenUnknownError(TokenRefusedError):
    """No such token in this scope: altered, invented, or of another case."""

    code = "token.unknown"


class TokenErasedError(TokenRefusedError):
    """The value was erased on a person's word; the token stays and stands for nothing."""

    code = "token.erased"
    status = 410


class TokenExpiredError(TokenRefusedError):
    """The value is past its retention; the token stays and stands for nothing."""

    code = "token.expired"
    status = 410


class TokenNotEntitledError(TokenRefusedError):
    """This parameter may not receive a value of that kind."""

    code = "token.not_entitled"


# -- steps of a workflow -------------------------------------------------------------------------


class StepError(RemitError):
    """A step of a case failed; carries the calls that were made, for the record."""

    code = "step"
    attempts: tuple[object, ...] = ()


class TransientError(StepError):
    """It may work later."""

    code = "step.transient"


class BreakerOpenError(TransientError):
    """The target failed too often in a row and is left alone; says until when."""

    code = "step.breaker_open"
    wait = "breaker"  # what the case then waits for

    def __init__(self, message: str, *, target: str, until: datetime) -> None:
        super().__init__(message)
        self.target = target
        self.until = until


class CrowdedError(BreakerOpenError):
    """As many calls as the target may have are under way; says when to come again."""

    code = "step.crowded"
    wait = "place"


class StepRefused(StepError):  # noqa: N818 - a name that authors catch, not a fault of theirs
    """The other side said a definite no; the workflow may handle it."""

    code = "step.refused"


class ModelUnavailableError(TransientError):
    """No model of the route answered; carries how long the server asked to wait, if it did."""

    code = "model.unavailable"
    retry_after_seconds: float | None = None


class ReplyCutError(TransientError):
    """The model's answer ended before it was complete."""

    code = "model.reply_cut"


class ModelRefusedError(StepRefused):
    """The model declined to answer."""

    code = "model.refused"


class ModelRejectedError(StepRefused):
    """The model's server does not take this request or this key; asking again changes nothing."""

    code = "model.rejected"


class OutputInvalidError(StepRefused):
    """The model's answer does not have the declared shape, also after one repair."""

    code = "model.output_invalid"


class ContextOverflowError(StepRefused):
    """The prompt does not fit the model."""

    code = "model.context_overflow"


class PromptInvalidError(RemitError):
    """A prompt file is not usable; names the file and the slot."""

    code = "model.prompt_invalid"
    exit_code = 2


class ModelInputError(RemitError):
    """Training rows or a stored classifier cannot be used; says which and why."""

    code = "model.input"
    status = 422
    exit_code = 2


class ActionDeniedError(StepRefused):
    """The gate or a person said no to an action; nothing was performed."""

    code = "action.denied"


class EffectFailedError(StepRefused):
    """The other system refused an action; nothing happened there."""

    code = "effect.failed"


class KnowledgeUnavailableError(TransientError):
    """The knowledge index did not answer."""

    code = "knowledge.unavailable"


class DocumentInvalidError(RemitError):
    """A knowledge document cannot be released; names file and reason."""

    code = "knowledge.document_invalid"
    exit_code = 2


class ToolUnavailableError(TransientError):
    """The other system did not answer a read."""

    code = "tool.unavailable"


class CallRefusedError(StepRefused):
    """The other system refused a read; carries its code, where that is a plain word."""

    code = "tool.refused"
    reason: str | None = None


class RecordNotFoundError(CallRefusedError):
    """The other system has no such record."""

    code = "tool.not_found"


class EffectUncertainError(RemitError):
    """It may have happened, or not; nothing repeats it until somebody knows."""

    code = "effect.uncertain"


class ArgumentsInvalidError(StepRefused):
    """Arguments do not fit the declared parameters."""

    code = "tool.arguments_invalid"


class ResultInvalidError(StepRefused):
    """The other system's answer does not have the declared shape."""

    code = "tool.result_invalid"


class AddressRefusedError(StepRefused):
    """The address is not on the list of hosts, or is not one that may be reached."""

    code = "tool.address_refused"


class ResponseTooLargeError(StepRefused):
    """The other system's answer is larger than allowed."""

    code = "tool.response_too_large"


class ManifestInvalidError(RemitError):
    """A connector's manifest or document is not usable."""

    code = "connector.manifest_invalid"
    exit_code = 2


class OutsideExecutorError(RemitError):
    """A connector was used outside a tool or action body that the executor runs."""

    code = "connector.outside_executor"


# -- workflow code -------------------------------------------------------------------------------


class WorkflowCodeError(RemitError):
    """Workflow code did something that replay cannot reproduce."""

    code = "workflow.code"


class ForeignAwaitError(WorkflowCodeError):
    """Workflow code awaited something that is not a step; says where."""

    code = "workflow.foreign_await"


class DivergenceError(WorkflowCodeError):
    """Workflow code no longer asks for what it asked for before; carries both calls."""

    code = "workflow.diverged"
    divergence: object = None
