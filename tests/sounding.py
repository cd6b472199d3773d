"""What every story leaves behind: a record that breaks no rule, and rows as its entries say."""

from remit.app import Remit
from remit.ledger.checkpoint import Signer
from remit.ledger.semantics import Semantics
from remit.ledger.standalone import key_ids
from remit.ledger.verify import verify


def sound(remit: Remit) -> None:
    """Judge the record of a story that went well."""
    assert findings(remit) == []


def findings(remit: Remit) -> list[str]:
    """Return what is wrong with bytes, meaning and rows of a record."""
    origin = remit.database.read(lambda c: c.value("SELECT origin FROM ledger_head"))
    vkey = Signer(remit.keys.log_key(), origin=origin).vkey
    rules = Semantics(key_ids=key_ids([vkey]))
    report = verify(remit.database, vkey, watchers=[rules], projected=True)
    return [finding.text for finding in report.checks]
