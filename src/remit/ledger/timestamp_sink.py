"""The time-stamp sink: an authority's signed word that a checkpoint existed (RFC 3161)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from cryptography import x509

from remit.errors import AnchorUnavailableError, MissingExtraError, SettingsError
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.held import Held
from remit.ledger.post import post

_GIVEN: Final = 200
_PEM_BYTES_MAX: Final = 1024 * 1024


class TimestampSink:
    """Asks a time-stamping authority, and trusts nothing that its roots do not vouch for."""

    kind = "rfc3161"

    def __init__(self, url: str, *, roots: Path, operator: str) -> None:
        self.operator = operator
        self.place = f"the time-stamping authority `{url}`"
        self._url = url
        self._roots = roots
        _library()
        certificates(roots)

    def publish(self, held: Held) -> AnchorReceipt:
        """Ask for a token over the signed note; return it once it verifies."""
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

        request = (
            TimestampRequestBuilder()
            .data(held.note)
            .hash_algorithm(HashAlgorithm.SHA256)
            .cert_request(cert_request=True)
            .nonce(nonce=True)
            .build()
        )
        answer = post(
            self._url,
            request.as_bytes(),
            content_type="application/timestamp-query",
            place=self.place,
        )
        if answer.status != _GIVEN:
            raise AnchorUnavailableError(f"{self.place} refuses with {answer.status}")
        at = stamped_at(held.note, answer.body, roots=self._roots, nonce=request.nonce)
        return AnchorReceipt(
            note=held.note, operator=self.operator, kind=self.kind, at=at, raw=answer.body
        )

    def compare(self, held: Held) -> None:
        """Compare nothing: an authority remembers nothing."""
        del held

    def kept(self) -> Sequence[AnchorReceipt]:
        """Return nothing: a token is ours to keep."""
        return ()

    def vouches(self, receipt: AnchorReceipt) -> bool:
        """Is its token one that the roots vouch for?"""
        try:
            stamped_at(receipt.note, receipt.raw, roots=self._roots)
        except AnchorUnavailableError:
            return False
        return True


def stamped_at(note: bytes, token: bytes, *, roots: Path, nonce: int | None = None) -> datetime:
    """Return when an authority that these roots vouch for stamped a note.

    Raises `AnchorUnavailableError` for a token that does not verify.
    """
    from rfc3161_client import VerificationError, VerifierBuilder, decode_timestamp_response

    try:
        response = decode_timestamp_response(token)
        verifier = VerifierBuilder(roots=certificates(roots), nonce=nonce).build()
        verifier.verify_message(response, note)
        at = response.tst_info.gen_time
    except (VerificationError, ValueError, OverflowError) as error:
        raise AnchorUnavailableError(f"a time stamp does not verify ({error})") from error
    return at


def certificates(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file; raises `SettingsError`."""
    try:
        with path.open("rb") as file:
            return x509.load_pem_x509_certificates(file.read(_PEM_BYTES_MAX))
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"`{path}` does not hold the authority's root certificates in PEM ({error})"
        ) from error


def _library() -> None:
    try:
        import rfc3161_client  # noqa: F401 - is it there?
    except ImportError as error:
        raise MissingExtraError(
            "an anchor of kind `rfc3161` needs a library; install `remit[timestamp]`"
        ) from error
