"""What the record says of itself: its origins, writers, anchors and examinations."""

from remit.domain.entry import Event, declared


@declared("ledger:origin:opened")
class OriginOpened(Event):
    origin: str
    key: str  # id of the log key


@declared("ledger:origin:recovered", "anchors")
class OriginRecovered(Event):
    """People went on after a loss: entries that an anchor knows are not in this ledger.

    What is left of the old tree is the beginning of the new one; `anchors` are the receipts that
    contradict it.
    """

    origin: str
    key: str  # id of the log key under the new origin
    old_origin: str
    old_size: int  # the last checkpoint that is left of the old tree
    old_root: str
    lost_from: int  # the first position that was lost, or may have been
    lost_to: int  # the last one
    persons: tuple[str, ...]
    reason: str  # a code


@declared("ledger:writer:opened")
class WriterOpened(Event):
    writer: str
    follows: tuple[str, ...] = ()


@declared("ledger:heartbeat:recorded")
class HeartbeatRecorded(Event):
    """A process that runs cases was at work: when it begins, then each minute with a case open."""

    process: str
    number: int  # of this process's, from 1
    silent_seconds: int | None = None  # by its own account, where it was held up or asleep


@declared("ledger:heartbeat:ended")
class HeartbeatEnded(Event):
    """A process runs cases no more: it says so itself, or another says what is known of it."""

    process: str
    number: int  # of heartbeats that it recorded
    how: str  # stopped | crashed | silent
    silent_seconds: int | None = None


@declared("ledger:anchor:received", "receipt", facts="receipt")
class AnchorReceived(Event):
    """Somebody outside this host keeps a checkpoint; `receipt` is what they answered."""

    operator: str
    kind: str  # git | directory | witness | rfc3161 | file
    size: int
    root: str
    at_us: int  # by the clock of whoever received it, where it has one
    digest: str  # SHA-256 of the receipt


@declared("ledger:verify:finished")
class VerifyFinished(Event):
    size: int
    result: str


@declared("ledger:projections:rebuilt")
class ProjectionsRebuilt(Event):
    """Rows that differed from what the entries say were made anew from them."""

    size: int  # entries that were folded
    tables: tuple[str, ...]
    differences: int
    by: str  # the person who had it done


# -- keys, erasure, legal holds and retention ----------------------------------------------------


@declared("ledger:key:rotated")
class KeyRotated(Event):
    """A new root key wraps every surviving key; the one before it is kept for a while."""

    before: str  # id of the root key
    root: str
    wrapped: int | None = None  # keys that were wrapped anew; unknown after a crash


@declared("ledger:log_key:rotated")
class LogKeyRotated(Event):
    """A new key signs checkpoints; the one before it signs them too until its time has come."""

    number: int  # of the new key: 1 follows the first, which has none
    before: str  # public key
    key: str  # public key
    until_us: int  # checkpoints whose last entry is later are not signed by the one before


@declared("ledger:checkpoint:abandoned")
class CheckpointAbandoned(Event):
    """The signer signed a tree whose commit never came; nobody was told of it."""

    size: int
    root: str


@declared("ledger:log_key:begun")
class LogKeyBegun(Event):
    """Both keys sign from here on, at the latest."""

    number: int
    key: str  # public key


@declared("ledger:key:destroyed")
class KeyDestroyed(Event):
    """A root key is gone: no backup from before its rotation opens any content."""

    root: str


@declared("ledger:erasure:requested")
class ErasureRequested(Event):
    """Everything that was received about somebody, or one case, is to be erased."""

    erasure_id: str
    ground: str
    cases: int
    subject: str | None = None  # handle of the person
    case_id: str | None = None
    token: str | None = None  # of that case: its value alone


@declared("ledger:erasure:refused")
class ErasureRefused(Event):
    erasure_id: str
    ground: str
    code: str  # legal_hold | value_in_clear: beside its token, where only the whole can go
    holds: tuple[str, ...]
    subject: str | None = None
    case_id: str | None = None
    token: str | None = None


@declared("ledger:values:resealed")
class ValuesResealed(Event):
    """The values of a case are under a new key, all but one; the key before it will be destroyed.

    It stands among the entries of the case: a run that is under way stops there.
    """

    erasure_id: str
    token: str
    key: str  # the key before
    values: int  # that are under the new one


@declared("ledger:erasure:completed")
class ErasureCompleted(Event):
    """Nothing that we hold opens it any more; a large one is told in several entries."""

    erasure_id: str
    ground: str
    part: int  # 1..parts
    parts: int
    cases: int
    payloads: int  # rows that were deleted, in all
    values: int  # originals in the vault that were deleted, in all
    keys: tuple[str, ...]  # those that were destroyed, of this part
    root: str  # the root key of the epoch
    blind_us: int  # from when on no backup opens it
    subject: str | None = None
    case_id: str | None = None
    token: str | None = None


@declared("ledger:legal_hold:placed")
class LegalHoldPlaced(Event):
    """Content that must not go: no erasure, no retention, no pruning."""

    hold_id: str
    kind: str  # case | person | workflow | range
    ref: str
    ground: str
    review_us: int


@declared("ledger:legal_hold:released")
class LegalHoldReleased(Event):
    hold_id: str
    ground: str


@declared("ledger:range:pruned")
class RangePruned(Event):
    """The entries of a month's cases are past their term and go; their hashes and proofs stay."""

    month: str  # of the case ids, such as `2026-03`
    cases: int
    entries: int
    highest: int  # position: above it every entry is there
    digest: str  # SHA-256 over position and leaf hash of each, in order
    ground: str


# -- contents that leave -------------------------------------------------------------------------


@declared("api:content:disclosed")
class ContentDisclosed(Event):
    """A sealed content was handed over in clear, with the salt that its commitment needs."""

    entry: str  # id of the entry that names it
    of_seq: int
    role: str
    recipient: str  # a handle, never a name
    ground: str
