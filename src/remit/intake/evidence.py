"""What the readings of a message rest on, in words: sealed beside its fields, shown with them."""

from collections.abc import Mapping
from dataclasses import field

from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.intake.context import NormaliseContext
from remit.intake.normalise import Normalised
from remit.intake.outcome import Kind

ROLE = "grounds"  # of the payload
_SETTLED = {Kind.DATE: "date", Kind.INSTANT: "date", Kind.MONEY: "amount"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """What is known around a message beside its own fields."""

    # field -> kind: its reading, and in words on which evidence
    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    said: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def form(
        self, normalised: Normalised, context: NormaliseContext, country: str
    ) -> dict[str, Json]:
        """Return what is kept of it: the columns, to read again by, and each ground in words.

        `country` says from where the sender's country is known. Empty where nothing was needed.
        """
        evidence: dict[str, Json] = {}
        for name, one in normalised.fields.items():
            for assumption in one.assumptions:
                if said := self._words(name, one.kind, assumption.code, context, country):
                    evidence[f"{name}:{assumption.code}"] = said
        columns: dict[str, Json] = {name: dict(proven) for name, proven in self.columns.items()}
        said_of: dict[str, Json] = {name: dict(words) for name, words in self.said.items()}
        kept = {"columns": columns, "said": said_of} if columns else {}
        return {**kept, **({"evidence": evidence} if evidence else {})}

    def _words(
        self, name: str, kind: Kind, code: str, context: NormaliseContext, country: str
    ) -> str:
        if code.endswith("_column"):
            return self.said.get(name, {}).get(_SETTLED.get(kind, ""), "")
        if code.endswith("_country") and context.country:
            return f"{context.country}, by {country}"
        if code.endswith("_locale") and context.locale:
            return context.locale
        return ""


def around_of(kept: object) -> Around:
    """Return what was kept of an earlier reading; nothing where nothing was."""
    if not isinstance(kept, dict):
        return Around()
    return Around(columns=_nested(kept.get("columns")), said=_nested(kept.get("said")))


def _nested(form: object) -> dict[str, dict[str, str]]:
    return {
        str(name): {str(kind): str(word) for kind, word in inner.items()}
        for name, inner in (form.items() if isinstance(form, dict) else ())
        if isinstance(inner, dict)
    }
