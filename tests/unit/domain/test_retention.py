"""Terms of retention: none is shorter than what is at stake allows."""

import pytest

from remit.domain.retention import Retention, retention
from remit.errors import SettingsError


def said(
    *,
    profile: str | None = None,
    leaf: int | None = None,
    payload: int | None = None,
    high_risk: bool = False,
) -> Retention:
    return retention(
        "desk", profile=profile, leaf_days=leaf, payload_days=payload, high_risk=high_risk
    )


def test_without_a_term_everything_is_kept() -> None:
    assert said() == Retention(leaf_days=None, payload_days=None)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"leaf": 182, "high_risk": True}, "`leaf_days` is 182, and an action with money"),
        ({"payload": 30, "high_risk": True}, "`payload_days` is 30"),
        ({"profile": "hipaa", "leaf": 2_000}, "the profile `hipaa` needs at least 2192"),
        ({"leaf": 10, "payload": 20}, "content cannot outlive its entries"),
    ],
)
def test_a_term_that_is_too_short_is_refused(words: dict[str, object], says: str) -> None:
    with pytest.raises(SettingsError, match=says):
        said(**words)  # type: ignore[arg-type]  # a mapping of the parameters


def test_a_profile_sets_both_terms() -> None:
    assert said(profile="17a-4") == Retention(leaf_days=2_192, payload_days=2_192)
    assert said(profile="500.06", leaf=3_000) == Retention(leaf_days=3_000, payload_days=3_000)
    assert said(leaf=183, payload=183, high_risk=True).leaf_days == 183
