"""The witness sink: a process of another team that cosigns what fits what it has seen."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from remit.errors import AnchorUnavailableError, LedgerForkError, SettingsError
from remit.ledger.anchor import AnchorReceipt
from remit.ledger.checkpoint import NoteError
from remit.ledger.cosignature import Request, check_vkey, cosigned_at
from remit.ledger.held import Held
from remit.ledger.post import Answer, post

TRIES_MAX: Final = 3
SIZE_TYPE: Final = "text/x.tlog.size"
SIZE_DIGITS_MAX: Final = 18
SAID_CHARACTERS_MAX: Final = 200
_GIVEN: Final = 200
_CONFLICT: Final = 409
_BAD_PROOF: Final = 422


class WitnessSink:
    """Asks a C2SP tlog-witness for its cosignature."""

    kind = "witness"

    def __init__(self, url: str, *, key: str, operator: str) -> None:
        self.operator = operator
        self.place = f"the witness `{url}`"
        self._url = f"{url.rstrip('/')}/add-checkpoint"
        self._key = key
        self._known = 0
        try:
            check_vkey(key)
        except NoteError as error:
            raise SettingsError(f"the key of {self.place} cannot be used: {error}") from error

    def publish(self, held: Held) -> AnchorReceipt:
        """Prove that the ledger only grew since the witness last looked; return its word."""
        for _ in range(TRIES_MAX):
            held.compare_size(self._known, place=self.place)
            proof = held.proof_from(self._known) if 0 < self._known < held.size else []
            request = Request(old=self._known, proof=tuple(proof), note=held.note)
            answer = post(
                self._url, request.encoded(), content_type="text/plain", place=self.place
            )
            if answer.status == _GIVEN:
                self._known = held.size
                return self._receipt(held, answer)
            self._refused(held, answer)
        raise AnchorUnavailableError(f"{self.place} names another size each time it is asked")

    def compare(self, held: Held) -> None:
        """Ask for a cosignature: a witness compares, and answers nothing else."""
        if held.size:
            self.publish(held)

    def kept(self) -> Sequence[AnchorReceipt]:
        """Return nothing: what a witness said is ours to keep."""
        return ()

    def vouches(self, receipt: AnchorReceipt) -> bool:
        """Did this witness's key cosign it?"""
        try:
            cosigned_at(receipt.note, receipt.raw, self._key)
        except NoteError:
            return False
        return True

    def _receipt(self, held: Held, answer: Answer) -> AnchorReceipt:
        try:
            seconds = cosigned_at(held.note, answer.body, self._key)
            at = datetime.fromtimestamp(seconds, UTC)
        except (NoteError, ValueError, OverflowError, OSError) as error:
            raise AnchorUnavailableError(f"{self.place} answers, but {error}") from error
        return AnchorReceipt(
            note=held.note, operator=self.operator, kind=self.kind, at=at, raw=answer.body
        )

    def _refused(self, held: Held, answer: Answer) -> None:
        """Learn the size that the witness knows, or raise what its answer means."""
        if answer.status == _BAD_PROOF:
            raise LedgerForkError(
                f"{self.place} knows another tree of {self._known} entries than this ledger's; "
                "nothing more is appended: find out who changed it"
            )
        text = answer.body.decode(errors="replace").strip()
        if answer.status != _CONFLICT:
            raise AnchorUnavailableError(
                f"{self.place} refuses with {answer.status}: {text[:SAID_CHARACTERS_MAX]}"
            )
        number = text.isascii() and text.isdigit() and len(text) <= SIZE_DIGITS_MAX
        if answer.content_type == SIZE_TYPE and number and int(text) != self._known:
            self._known = int(text)
            return
        if self._known == held.size:
            raise LedgerForkError(
                f"{self.place} knows another root for size {held.size}; nothing more is "
                "appended: find out who changed it"
            )
        raise AnchorUnavailableError(f"{self.place} refuses and does not say what it knows")
