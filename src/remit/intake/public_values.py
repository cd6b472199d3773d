"""What an owner says of all texts: which values are their own and public, and where it is at home.

A shop's own address and number are nobody's secret and stay clear, however they are written. The
country of the project's `locale` is where a number without a country is one. One process masks
alike for all workflows, so what any file of the project says holds for all of them.
"""

from collections.abc import Iterable

from remit.errors import SettingsError
from remit.intake.context import territory_of
from remit.intake.detect import find

NEVER = frozenset({"SECRET"})


class PublicValues:
    """What was said; nothing until then."""

    def __init__(self) -> None:
        self.said: tuple[str, ...] = ()  # the public values, as they were listed
        self.forms: frozenset[str] = frozenset()  # each also in its canonical form, case folded
        self.regions: tuple[str, ...] = ()

    def say(self, *, public: Iterable[str] = (), locale: str | None = None) -> None:
        """Let exactly these stay clear; raises `SettingsError` for one that is none."""
        region = territory_of(locale)
        self.regions = (region,) if region else ()
        self.said = tuple(dict.fromkeys(public))
        self.forms = frozenset(form for value in self.said for form in self._forms(value))

    def _forms(self, value: str) -> set[str]:
        found = find(value, regions=self.regions)
        if len(found) != 1 or (found[0].start, found[0].end) != (0, len(value)):
            raise SettingsError(
                f"`public` lists `{value[:60]}`, which reads as no single private value; "
                "list an address, a number or a link of your own as it is written"
            )
        if found[0].type in NEVER:
            raise SettingsError("`public` lists a credential; no credential is public")
        return {value.casefold(), (found[0].canonical or value).casefold()}


PUBLIC = PublicValues()
