"""Who else keeps the ledger's checkpoints: `[ledger]`."""

from typing import Annotated, Literal

from pydantic import Field

from remit.settings.table import Table


class FileAnchor(Table):
    """An append-only file: one more on this host, or on another team's share."""

    kind: Literal["file"]
    path: str
    operator: str = "local"


class DirectoryAnchor(Table):
    """A folder in which files are made once: an object store with a lock, another team's share."""

    kind: Literal["directory"]
    path: str
    operator: str


class GitAnchor(Table):
    """A branch of a git remote that refuses force pushes."""

    kind: Literal["git"]
    remote: str
    branch: str = "main"
    operator: str


class WitnessAnchor(Table):
    """A C2SP tlog-witness, such as `remit witness`."""

    kind: Literal["witness"]
    url: str
    key: str  # `name+id+key`, as the witness prints it
    operator: str


class TimestampAnchor(Table):
    """A time-stamping authority (RFC 3161)."""

    kind: Literal["rfc3161"]
    url: str
    roots: str  # a PEM file of the authority's root certificates
    operator: str


AnchorSettings = Annotated[
    FileAnchor | DirectoryAnchor | GitAnchor | WitnessAnchor | TimestampAnchor,
    Field(discriminator="kind"),
]


class LedgerSettings(Table):
    """Who else keeps the ledger's checkpoints, and how often they are told."""

    anchors: list[AnchorSettings] = []
    anchor_interval_seconds: float = Field(default=60.0, ge=1, le=86_400)
    anchor_entries_max: int = Field(default=10_000, ge=1)
    anchor_alarm_seconds: float = Field(default=600.0, ge=1)
    witness_operators_min: int = Field(default=1, ge=1, le=16)
    signer: str | None = None  # `unix:/path` of a process of its own
    signer_key: str | None = None  # its public key
    log_key_overlap_days: float = Field(default=7.0, ge=0, le=365)
