"""What is handed over can be held against the record, and the record says that it was."""

import json
from pathlib import Path

import pytest

from remit.errors import EntryRefusedError, NotEntitledError, NotFoundError
from remit.ledger import read
from remit.ledger.disclosure import disclose
from remit.ledger.export import export
from remit.ledger.outside import Disclosures
from remit.ledger.verify import verify_export
from tests.opened import Opened, opened

CASE = "1" * 32


def handed(store: Opened, *named: tuple[int, str], **more: str) -> list[bytes]:
    words = {"by": "ana", "recipient": "audit-team", "ground": "audit"} | more
    return store.writer.run(lambda uow: disclose(uow, store.keys, CASE, named, **words)).value


def test_a_disclosed_content_is_what_was_committed_and_no_other_is(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE, 3)
        lines = handed(store, (1, "result"), (3, "result"))
        vkey = store.journal.vkey
        store.database.read(lambda c: export(c, tmp_path / "out", vkey=vkey))
        said = store.database.read(lambda c: read.stream(c, store.keys, CASE, roles=()))
    assert [one.event for one in said[3:]] == ["api:content:disclosed"] * 2
    assert (said[3].body["of_seq"], said[3].body["recipient"]) == (1, "audit-team")

    def judged(data: bytes) -> tuple[int, set[str]]:
        (tmp_path / "lines").write_bytes(data)
        report = verify_export(tmp_path / "out", vkey, watchers=[Disclosures(tmp_path / "lines")])
        return report.exit_code, {finding.check for finding in report.checks}

    assert judged(b"".join(lines)) == (2, set())
    found = json.loads(lines[0])
    for change in (
        {"content": '"another answer"'}, {"salt": "00" * 32}, {"role": "prompt"},
        {"entry": json.loads(lines[1])["entry"]},
    ):  # fmt: skip
        other = json.dumps(found | change).encode() + b"\n"
        assert judged(other) == (1, {"disclosures"})
    assert judged(lines[0] + lines[0]) == (1, {"disclosures"})
    assert judged(b"[]\n") == (1, {"disclosures"})


def test_what_is_not_there_or_not_for_others_is_refused(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append(CASE, 1)
        with pytest.raises(NotFoundError):
            handed(store, (9, "result"))
        with pytest.raises(NotFoundError):
            handed(store, (1, "prompt"))
        with pytest.raises(NotEntitledError):
            handed(store, (1, "raw"))
        with pytest.raises(EntryRefusedError, match="recipient"):
            handed(store, (1, "result"), recipient="Ana Maria")
        assert store.database.read(lambda c: read.stream(c, store.keys, CASE, roles=()))[1:] == []
