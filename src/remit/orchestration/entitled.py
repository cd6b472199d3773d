"""Which masked values may be turned back for a call: by type, by parameter, and towards whom.

A parameter of a private type is entitled to that type, in a call of its own connector. Free text
is entitled to what an owner lists in `[workflow.actions.X.reveal.PARAMETER]`, towards the
destination that stands there. Nothing listed is nothing revealed, and a secret is never listed.
"""

from collections.abc import Mapping

from remit.domain.frozen import dataclass
from remit.domain.value import Json
from remit.errors import SettingsError, TokenNotEntitledError
from remit.intake import tokens

LISTABLE = frozenset(tokens.TYPES) - {"SECRET"}  # credentials live in the settings of connectors


@dataclass(frozen=True, slots=True, kw_only=True)
class Reveal:
    """What an owner lists for the free text of one parameter."""

    types: frozenset[str]
    connector: str
    case_field: str | None = None  # the call must be addressed to what that field holds

    @property
    def destination(self) -> str:
        """As it is written in `remit.toml`."""
        return self.connector + (f":case.{self.case_field}" if self.case_field else "")


Listed = Mapping[tuple[str, str], Reveal]  # by action and parameter


def listed(given: Mapping[tuple[str, str], tuple[frozenset[str], str]]) -> Listed:
    """Return what the settings list: types and destination by action and parameter.

    Raises `SettingsError` for a type that is none, or that is never revealed.
    """
    found = {}
    for (action, parameter), (types, destination) in given.items():
        for one in sorted(types - LISTABLE):
            raise SettingsError(
                f"`actions.{action}.reveal.{parameter}` cannot list `{one}`; take from "
                f"{', '.join(sorted(LISTABLE))}"
            )
        connector, _, field = destination.partition(":case.")
        found[action, parameter] = Reveal(
            types=types, connector=connector, case_field=field or None
        )
    return found


def judge(
    used: Mapping[str, Reveal],
    *,
    connector: str,
    operation: str,
    addressed_by: str | None,
    arguments: Mapping[str, Json],
    recipients: Mapping[str, Json],
) -> None:
    """Refuse a call that carries listed values elsewhere than where they were listed for.

    `used` is what was revealed by listing, by parameter; `arguments` are those of the call, of
    which `addressed_by` names who receives it, and `recipients` the fields of the case, both with
    real values. Raises `TokenNotEntitledError`.
    """
    for parameter, one in used.items():
        if one.connector != connector:
            raise TokenNotEntitledError(
                f"`{parameter}` may carry masked values to `{one.destination}`, and this call "
                f"goes to `{connector}`"
            )
        if one.case_field is None:
            continue
        if addressed_by is None:
            raise TokenNotEntitledError(
                f"`{parameter}` may carry masked values to `{one.destination}`, and nothing says "
                f"which argument of `{operation}` names who receives it; set `addressed_by`"
            )
        wanted = recipients.get(one.case_field)
        if wanted is None or arguments.get(addressed_by) != wanted:
            raise TokenNotEntitledError(
                f"`{parameter}` may carry masked values to `{one.destination}`, and this call is "
                "addressed to somebody else"
            )
