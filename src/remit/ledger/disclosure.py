"""Disclosures: sealed contents handed over in clear, each with its salt, each on record."""

import json
import re
from collections.abc import Sequence
from typing import Final

from remit.domain.actor import person
from remit.domain.entry import Draft
from remit.domain.ledger_event import ContentDisclosed
from remit.errors import (
    EntryRefusedError,
    NotEntitledError,
    NotFoundError,
    PayloadErasedError,
    PayloadMissingError,
)
from remit.ledger.entry import parse
from remit.ledger.keys import KeyRing
from remit.ledger.seal import reveal
from remit.store.unit import UnitOfWork

NEVER: Final = "raw"
CODE: Final = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


def disclose(
    uow: UnitOfWork,
    keys: KeyRing,
    case_id: str,
    named: Sequence[tuple[int, str]],
    *,
    by: str,
    recipient: str,
    ground: str,
) -> list[bytes]:
    """Return a line for each content, by its entry's number and role; an entry says each.

    A line lets anybody compare the content with the commitment in the leaf, and with no other.
    Raises `NotFoundError`, `NotEntitledError`, `PayloadErasedError`, `PayloadMissingError`,
    `PayloadTamperedError`, and `EntryRefusedError` for a recipient or ground that is no code.
    """
    for word, what in ((recipient, "recipient"), (ground, "ground")):
        if CODE.fullmatch(word) is None:
            raise EntryRefusedError(f"the {what} is no code of letters, digits, `_`, `.` and `-`")
    lines = []
    for seq, role in named:
        if role == NEVER:
            raise NotEntitledError("what came in before masking is handed over to nobody")
        line, event = _opened(uow, keys, case_id, seq, role, recipient=recipient, ground=ground)
        workflow = _workflow(uow, case_id)
        uow.append(Draft(event=event, case_id=case_id, workflow=workflow, actor=person(by)))
        lines.append(line)
    return lines


def _opened(
    uow: UnitOfWork,
    keys: KeyRing,
    case_id: str,
    seq: int,
    role: str,
    *,
    recipient: str,
    ground: str,
) -> tuple[bytes, ContentDisclosed]:
    data = uow.connection.value(
        "SELECT leaf FROM entries WHERE case_id = ? AND seq = ?", (case_id, seq)
    )
    leaf = None if data is None else parse(bytes(data))
    name = None if leaf is None else next((one for one in leaf.payloads if one.role == role), None)
    if leaf is None or name is None:
        raise NotFoundError(f"entry {seq} of case `{case_id}` has no payload `{role}`")
    sealed = uow.connection.value(
        "SELECT sealed FROM payloads WHERE case_id = ? AND seq = ? AND role = ?",
        (case_id, seq, role),
    )
    key = keys.find(name.key)
    if key is None:
        raise PayloadErasedError(f"payload `{role}` of entry {seq} was erased; nobody can open it")
    if sealed is None:
        raise PayloadMissingError(
            f"payload `{role}` of entry {seq} is not there; run `remit ledger verify`"
        )
    salt, plaintext = reveal(
        bytes(sealed), key=key, entry_id=leaf.entry.id, role=role, cipher=name.cipher,
        commitment=name.commitment,
    )  # fmt: skip
    line = {
        "content": plaintext.decode(), "entry": leaf.entry.id, "role": role, "salt": salt.hex()
    }  # fmt: skip
    event = ContentDisclosed(
        entry=leaf.entry.id, of_seq=seq, role=role, recipient=recipient, ground=ground
    )
    return (json.dumps(line, sort_keys=True) + "\n").encode(), event


def _workflow(uow: UnitOfWork, case_id: str) -> str:
    sql = "SELECT workflow FROM entries WHERE case_id = ? ORDER BY seq LIMIT 1"
    return str(uow.connection.value(sql, (case_id,)))
