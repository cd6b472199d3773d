"""Labels of arguments by the masked values in them: whose they are, and how confidential."""

from dataclasses import dataclass, field

from remit.domain.action import ActionSpec, AnySource, ParamSpec, Risk
from remit.domain.label import UNLABELLED, Confidentiality
from remit.orchestration.content import OWN, SOMEBODY_ELSE, confidential, label_of

MINE, THEIRS = "EMAIL_7K3QX2MD", "PHONE_7K3QX2MD"
BODY = ParamSpec(name="body", type="text", source=AnySource())
SPEC = ActionSpec(
    workflow="w", name="mail", risk=Risk.LOW, params=(BODY,), says="", undo=None,
    irreversible=True, on=None,
)  # fmt: skip


class Vault:
    def tokens(self) -> frozenset[str]:
        return frozenset({MINE, "SECRET_7K3QX2MD"})


@dataclass
class Masker:
    vault: Vault = field(default_factory=Vault)


@dataclass
class Listed:
    reveals: dict[tuple[str, str], object] = field(default_factory=dict)


@dataclass
class Running:
    """As much of a run as labels are made of."""

    masker: Masker = field(default_factory=Masker)
    equipment: Listed = field(default_factory=Listed)


RUN = Running()


def test_plain_words_are_unlabelled() -> None:
    assert label_of(RUN, SPEC, BODY, "plain words") == UNLABELLED  # type: ignore[arg-type]
    assert confidential(RUN, SPEC, {"body": "plain words"}, {}, ()) == ()  # type: ignore[arg-type]


def test_a_text_is_as_confidential_as_the_most_confidential_value_in_it() -> None:
    mine = label_of(RUN, SPEC, BODY, f"to {MINE}")  # type: ignore[arg-type]
    both = label_of(RUN, SPEC, BODY, [f"to {MINE}", {"of": THEIRS}])  # type: ignore[arg-type]
    secret = label_of(RUN, SPEC, BODY, f"{MINE} SECRET_7K3QX2MD")  # type: ignore[arg-type]

    assert (mine.confidentiality, mine.subjects) == (Confidentiality.PERSONAL, {OWN})
    assert both.subjects == {OWN, SOMEBODY_ELSE}
    assert secret.confidentiality is Confidentiality.SECRET


def test_what_may_not_leave_is_said() -> None:
    said = confidential(RUN, SPEC, {"body": f"{THEIRS} SECRET_7K3QX2MD"}, {}, ())  # type: ignore[arg-type]

    assert said == (
        "body carries a secret",
        "body carries a masked value that is not of this case",
    )
