"""Time stamps as an auditor reads them: by the certificates that were given, or not at all."""

import dataclasses
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.x509 import Certificate, load_pem_x509_certificates

from remit.ledger import anchor
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.export import export
from remit.ledger.held import Held
from remit.ledger.outside import anchored_by, authorities_of
from remit.ledger.standalone import verify_export
from remit.ledger.timestamp import TokenError, read_token, signed_by
from remit.ledger.timestamp_sink import TimestampSink
from tests.loopback import authority
from tests.opened import opened

NOTE = b"shop.example/ledger/1\n7\nAAAA\n"


@dataclass(frozen=True, slots=True)
class Stamps:
    """An authority that answers, its certificates, and those of another."""

    sink: TimestampSink
    roots: Path
    signer: Path
    other: Path

    def over(self, note: bytes) -> AnchorReceipt:
        held = Held(
            note=note, size=7, root=b"", vkey="", root_at=lambda _: b"", proof_from=lambda _: []
        )
        return self.sink.publish(held)


@pytest.fixture(scope="module")
def stamps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stamps]:
    folder = tmp_path_factory.mktemp("tsa")
    with authority.serving(folder / "other") as other, authority.serving(folder / "one") as one:
        sink = TimestampSink(one.url, roots=one.roots, operator="tsa")
        yield Stamps(sink, one.roots, folder / "one/signer.pem", other.roots)


def given(path: Path) -> Sequence[Certificate]:
    return load_pem_x509_certificates(path.read_bytes())


def test_a_token_counts_by_its_signer_or_by_who_vouches_for_it(stamps: Stamps) -> None:
    receipt = stamps.over(NOTE)
    token = read_token(receipt.raw, NOTE)
    assert token.at == receipt.at
    assert signed_by(token, given(stamps.roots))
    assert signed_by(token, given(stamps.signer))
    assert signed_by(token, [*given(stamps.other), *given(stamps.roots)])
    assert not signed_by(token, given(stamps.other))
    assert not signed_by(token, [])
    late = dataclasses.replace(token, at=token.at.replace(year=2050))
    assert not signed_by(late, given(stamps.roots))
    with pytest.raises(TokenError, match="of another checkpoint"):
        read_token(receipt.raw, NOTE + b"\n")


def test_no_changed_token_says_something_else_and_none_is_a_traceback(stamps: Stamps) -> None:
    receipt, roots = stamps.over(NOTE), given(stamps.roots)
    sound = read_token(receipt.raw, NOTE)
    for at in range(len(receipt.raw)):
        with pytest.raises(TokenError):
            read_token(receipt.raw[:at], NOTE)
        for changed in (receipt.raw[at] ^ 1 << at % 8, 0x30, 0xFF):
            raw = receipt.raw[:at] + bytes([changed]) + receipt.raw[at + 1 :]
            try:
                token = read_token(raw, NOTE)
            except TokenError:
                continue
            if signed_by(token, roots):  # what nobody signs was changed
                assert (token.at, token.info) == (sound.at, sound.info)
    for raw in (b"", b"\x30\x00", b"\x30" * 5_000, b"\x30\x84\xff\xff\xff\xff", bytes(100_000)):
        with pytest.raises(TokenError):
            read_token(raw, NOTE)


def test_a_refusal_is_no_token(stamps: Stamps, tmp_path: Path) -> None:
    (tmp_path / "query").write_bytes(b"nonsense")
    folder = stamps.roots.parent
    subprocess.run(
        ["openssl", "ts", "-reply", "-config", str(folder / "openssl.cnf"), "-section", "ours",
         "-queryfile", str(tmp_path / "query"), "-out", str(tmp_path / "reply")],
        check=False, capture_output=True,
    )  # fmt: skip
    with pytest.raises(TokenError):
        read_token((tmp_path / "reply").read_bytes(), NOTE)


def test_only_a_checked_stamp_makes_an_export_0(stamps: Stamps, tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/remit.db", tmp_path) as store:
        store.append("1" * 32, 5)
        vkey = store.journal.vkey
        note = store.database.read(
            lambda c: c.value("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        )
        receipt = stamps.over(note)
        (tmp_path / "kept").write_bytes(anchor.line_of(receipt, named=True))
        store.database.read(
            lambda c: export(
                c, tmp_path / "out", vkey=vkey, anchors={"t.anchor": tmp_path / "kept"}
            )
        )

    def judged(*names: str, held: Sequence[str] = ()) -> tuple[int, set[str], str]:
        receipts = [one for argument in held for one in anchored_by(argument)]
        report = verify_export(
            tmp_path / "out", [vkey], receipts=receipts, authorities=authorities_of(names)
        )
        return report.exit_code, set(report.anchored), "\n".join(report.lines)

    code, who, said = judged()
    assert (code, who) == (2, {"local"})
    assert "stamped   anchors/t.anchor line 1: 20" in said
    assert "by its own word, not checked" in said
    code, who, said = judged(f"post={stamps.roots}")
    assert (code, who) == (0, {"post"})
    assert "stamped   1 checkpoints, by the certificates that were given" in said
    assert judged(f"post={stamps.other}")[:2] == (2, {"local"})
    # whoever is said to keep an unchecked stamp vouches for nothing
    assert judged(held=[f"acme={tmp_path / 'kept'}"])[:2] == (2, {"local"})
    wrong = dataclasses.replace(receipt, raw=stamps.over(b"another note").raw)
    (tmp_path / "wrong").write_bytes(anchor.line_of(wrong, named=True))
    code, _, said = judged(f"post={stamps.roots}", held=[f"acme={tmp_path / 'wrong'}"])
    assert code == 1
    assert "a time stamp is of another checkpoint" in said
    with pytest.raises(OSError, match="holds no certificate"):
        authorities_of([f"post={tmp_path / 'kept'}"])
