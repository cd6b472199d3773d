"""Reading a mail from a request: as it came, with a bound on what all of them hold together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request

from remit.errors import IntakeBusyError, RequestInvalidError

HELD_BYTES_MAX = 100_000_000  # of mails that are being read, in one process
AGAIN_SECONDS = 2


@dataclass(slots=True)
class Mails:
    """The mails that are on their way in."""

    held: int = 0  # bytes

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """Yield the bytes of a mail, which count until the block ends.

        Raises `IntakeBusyError` while too many are on their way, `RequestInvalidError` for none.
        """
        pieces: list[bytes] = []
        taken = 0
        try:
            async for piece in request.stream():
                if self.held + len(piece) > HELD_BYTES_MAX:
                    raise IntakeBusyError(
                        "too many mails come in at once; send this one again",
                        retry_after_seconds=AGAIN_SECONDS,
                    )
                taken += len(piece)
                self.held += len(piece)
                pieces.append(piece)
            if not taken:
                raise RequestInvalidError("the body is empty; send a mail as it came")
            yield b"".join(pieces)
        finally:
            self.held -= taken
