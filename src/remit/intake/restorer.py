"""The way back: what of a text or a JSON value is a token becomes its value, in one pass."""

from collections.abc import Iterable, Mapping

from remit.domain.value import Json
from remit.errors import MaskingFailedError
from remit.intake import tokens
from remit.intake.vault import ScopeVault

DEPTH_MAX = 64


class Restorer:
    """Turns the tokens of one scope back; what it puts in is not read again."""

    def __init__(self, vault: ScopeVault) -> None:
        self._vault = vault

    def value(self, value: Json, depth: int = 0) -> Json:
        """Return a value with its tokens turned back; a leaf that is one becomes canonical."""
        if depth > DEPTH_MAX:
            raise MaskingFailedError("a value is nested too deep to be restored")
        if isinstance(value, dict):
            return {self.text(key): self.value(item, depth + 1) for key, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, depth + 1) for item in value]
        if not isinstance(value, str):
            return value
        if tokens.is_token(value):
            known = self._vault.value_of(value)
            return int(known.canonical) if known.form == "integer" else known.canonical
        return self.text(value)

    def text(self, text: str, odd: Mapping[int, str] | None = None) -> str:
        """Return a text with each token as first written, or as `odd` says by its number."""
        pieces: list[str] = []
        done = 0
        for number, read in enumerate(tokens.reads(text)):
            if not read.underscored and read.token not in self._vault.tokens():
                continue  # two words with a space that happen to look like one
            value = self._vault.value_of(read.token)
            pieces += text[done : read.start], (odd or {}).get(number, value.surface)
            done = read.end
        return "".join([*pieces, text[done:]])

    def unknown(self, value: Json, depth: int = 0) -> Iterable[str]:
        """Yield what reads as a token but is none of the scope's."""
        if depth > DEPTH_MAX:
            raise MaskingFailedError("a value is nested too deep to be searched")
        if isinstance(value, dict):
            for key, item in value.items():
                yield from self.unknown(key, depth + 1)
                yield from self.unknown(item, depth + 1)
        elif isinstance(value, list):
            for item in value:
                yield from self.unknown(item, depth + 1)
        elif isinstance(value, str):
            live = self._vault.tokens()
            yield from (
                read.token
                for read in tokens.reads(value)
                if read.underscored and read.token not in live
            )
