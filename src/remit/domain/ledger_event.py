"""What the record says of itself: its origins, writers, anchors and examinations."""

from remit.domain.entry import Event, declared


@declared("ledger:origin:opened")
class OriginOpened(Event):
    origin: str
    key: str  # id of the log key


@declared("ledger:writer:opened")
class WriterOpened(Event):
    writer: str
    follows: tuple[str, ...] = ()


@declared("ledger:anchor:received", "receipt")
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
