"""The scope of a case: what its masker is opened from, and the one place that opens it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from remit.domain.erasure import Ending
from remit.intake.mask import Masker, open_scope
from remit.ledger import read as record
from remit.ledger.keys import ContentKey, KeyRing
from remit.store import vault
from remit.store.connection import Connection

CHECKS: Final = "token-checks"  # of the installation: outlives every case, and every root key
VALUES: Final = "vault"  # of a case

NewRows = Callable[[], list[vault.VaultTuple]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScope:
    """The masker of a case that begins, its new vault rows, and the ids of its keys."""

    masker: Masker
    rows: NewRows
    key: str
    originals: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What the scope of a case is opened from."""

    case_id: str
    key: ContentKey  # of what is masked, and of digests
    originals: ContentKey  # of the values, and of what came in
    rows: list[vault.VaultTuple]
    ended: Ending | None = None


def read(
    connection: Connection, keys: KeyRing, case_id: str, *, content_opened: bool = False
) -> Scope:
    """Return the scope of a case that is there, as one snapshot has it.

    `content_opened`: the case's content was just opened, so nobody has to ask whether it ended.
    """
    ended = None if content_opened else record.ended(connection, case_id)
    rows = vault.of_scope(connection, case_id)
    name = rows[0][5] if rows else record.originals_key_id(connection, case_id)
    return Scope(
        case_id=case_id,
        key=keys.of_case(case_id, lambda: record.key_id(connection, case_id)),
        originals=(None if name is None else keys.find(name)) or keys.draw(),
        rows=rows,
        ended=None if ended is None else ended.how,
    )


def opened(
    scope: Scope, keys: KeyRing, *, random_bytes: Callable[[int], bytes]
) -> tuple[Masker, NewRows]:
    """Return the masker of a scope, and what hands over the vault rows it has made since."""
    return open_scope(
        scope.case_id,
        root_key=scope.originals.subkey(VALUES),
        check_key=keys.subkey(CHECKS),
        rows=scope.rows,
        key_id=scope.originals.id,
        random_bytes=random_bytes,
        ended=scope.ended,
    )
