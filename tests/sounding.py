"""What every story leaves behind: a record that breaks no rule, and rows as its entries say."""

from remit.app import Remit
from remit.governance import decided, recompute
from remit.governance.decided import Decided
from remit.governance.recompute import EvidenceReport
from remit.ledger.checkpoint import Signer
from remit.ledger.inclusion import proven
from remit.ledger.proof import prove
from remit.ledger.semantics import Semantics
from remit.ledger.standalone import key_ids
from remit.ledger.verify import verify
from remit.policy import gate


def sound(remit: Remit) -> None:
    """Judge the record of a story that went well."""
    assert (found := findings(remit)) == [], found
    assert redecided(remit) == []
    assert (false := reverified(remit).differences) == (), false


def reverified(remit: Remit) -> EvidenceReport:
    """Make every grant again, and ask rules again that evidence was carried to."""
    return recompute.verify(
        remit.database, keys=remit.keys, declared=lambda name: remit._rules[name].declared
    )


def redecided(remit: Remit) -> list[str]:
    """Make every decision again from its entry; return those that turn out otherwise."""
    return remit.database.read(
        lambda c: [
            f"{one.case_id} {one.seq}: {again} instead of {one.decision}"
            for one in decided.every(c, remit.keys)
            if isinstance(one, Decided) and (again := gate.decide(one.facts)) != one.decision
        ]
    )


def findings(remit: Remit) -> list[str]:
    """Return what is wrong with bytes, meaning and rows of a record."""
    vkey = key(remit)
    rules = Semantics(key_ids=key_ids([vkey]))
    report = verify(remit.database, vkey, watchers=[rules], projected=True)
    return [finding.text for finding in report.checks]


def proofs(remit: Remit, *, most: int) -> int:
    """Prove entries here and there, and the last one; return how many there were."""
    vkey = key(remit)
    size = remit.database.read(lambda c: c.value("select max(size) from checkpoints"))
    places = sorted({*range(0, size, max(1, size // most)), size - 1})
    for place in places:
        proof = remit.database.read(lambda c, p=place: prove(c, p, vkey=vkey))  # type: ignore[misc]  # a default binds the loop's value
        assert proven(proof.leaf, proof.text, [vkey]).position == place
    return len(places)


def key(remit: Remit) -> str:
    """Return the public key of the log."""
    origin = remit.database.read(lambda c: c.value("SELECT origin FROM ledger_head"))
    return Signer(remit.keys.log_key(), origin=origin).vkey
