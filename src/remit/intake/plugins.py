"""Recognisers that an operator switches on: spans in, nothing else.

`names` is ours (the extra of that name). Any other is a function that an installed package offers
in the entry point group `remit.recognisers`. It is handed a text and yields (start, end, token
type, score between 0 and 1). It may add values, and never take one away that a pattern found:
its scores end below theirs. Whatever goes wrong in it fails masking, closed.
"""

from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import entry_points

from remit.errors import SettingsError
from remit.intake import names
from remit.intake.hit import Hit
from remit.intake.tokens import TYPES

GROUP = "remit.recognisers"
SCORE_LEAST, SCORE_MOST = 0.5, 0.54  # every pattern's is higher

Span = tuple[int, int, str, float]
Plugin = Callable[[str], Iterable[Span]]


def load(wanted: Iterable[str]) -> tuple[tuple[str, Plugin], ...]:
    """Return the recognisers of these names; raises `SettingsError` for one that is not there."""
    return tuple((name, _loaded(name)) for name in dict.fromkeys(wanted))


def _loaded(name: str) -> Plugin:
    if name == "names":
        try:
            names.lists()
        except ImportError as error:
            raise SettingsError("recogniser `names` needs the extra `names`") from error
        return names.people
    offered = list(entry_points(group=GROUP, name=name))
    if len(offered) != 1:
        told = "no installed package offers" if not offered else "several packages offer"
        raise SettingsError(f"{told} a recogniser `{name}` (entry point group {GROUP})")
    try:
        plugin: Plugin = offered[0].load()
    except Exception as error:
        raise SettingsError(f"recogniser `{name}` cannot be loaded: {error}") from error
    return plugin


class Plugins:
    """The recognisers that are switched on in this process."""

    def __init__(self) -> None:
        self._loaded: tuple[tuple[str, Plugin], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Those that are switched on."""
        return tuple(name for name, _ in self._loaded)

    def use(self, wanted: Iterable[str]) -> None:
        """Switch on exactly these; raises `SettingsError` for one that is not there."""
        self._loaded = load(wanted)

    def hits(self, text: str) -> Iterator[Hit]:
        """Yield what they find in a text; a span that makes no sense is an error."""
        for name, plugin in self._loaded:
            for start, end, kind, score in plugin(text):
                if not 0 <= start < end <= len(text) or kind not in TYPES:
                    raise ValueError(f"recogniser `{name}` gave no span of a known type")
                kept = SCORE_LEAST + (SCORE_MOST - SCORE_LEAST) * min(max(score, 0.0), 1.0)
                yield Hit(start, end, kind, kept, kind, text[start:end])


PLUGINS = Plugins()
