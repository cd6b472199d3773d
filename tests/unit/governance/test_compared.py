"""How a new proposal stands to that of before, by rule and never by how much it looks like it."""

import pytest

from remit.domain.action import Risk
from remit.domain.plan import STANDARDS, Cluster, Plan
from remit.governance import comparison_words, comparisons
from remit.governance.compared import (
    Came,
    Compared,
    Ended,
    Hands,
    Other,
    Proposes,
    Truth,
    Unknown,
    judge,
    results,
)

STANDARD = STANDARDS[Risk.LOW]
PLAN = Plan(
    workflow="desk", action="pay", risk=Risk.LOW, error_max_ppm=STANDARD.error_max_ppm,
    false_grant_max_ppm=STANDARD.false_grant_max_ppm, window_days=14, settle=STANDARD.settle,
    cluster=Cluster.CASE, material=("amount", "to"), segments=(),
)  # fmt: skip
OLD = {"amount": "5", "to": "a", "text": "hello"}
RIGHT = Truth(proposed=OLD, right=True, corrected=OLD)
WRONG = Truth(proposed=OLD, right=False)
EDITED = Truth(proposed=OLD, right=False, corrected={**OLD, "amount": "6"})
NOTHING = Truth(proposed=OLD, right=False, nothing=True)


def proposes(**more: str | None) -> Proposes:
    return Proposes(arguments={**OLD, **more})


@pytest.mark.parametrize(
    ("truth", "ended", "came"),
    [
        (RIGHT, proposes(), (Came.SAME, "", ())),
        (RIGHT, proposes(text="other words"), (Came.SAME, "", ())),
        (WRONG, proposes(text="other words"), (Came.SAME, "", ())),
        (RIGHT, proposes(amount="6"), (Came.BROKEN, "", ("amount",))),
        (RIGHT, proposes(amount="6", to="b"), (Came.BROKEN, "", ("amount", "to"))),
        (WRONG, proposes(amount="6"), (Came.DIFFERS, "", ("amount",))),
        (EDITED, proposes(amount="6"), (Came.FIXED, "", ("amount",))),
        (EDITED, proposes(amount="7"), (Came.STILL_WRONG, "", ("amount",))),
        (EDITED, proposes(amount="6", to="b"), (Came.STILL_WRONG, "", ("amount", "to"))),
        (NOTHING, proposes(amount="6"), (Came.STILL_WRONG, "", ("amount",))),
        (NOTHING, Other(), (Came.FIXED, "nothing", ())),
        (NOTHING, Other(action="mail"), (Came.STILL_WRONG, "instead.mail", ())),
        (RIGHT, Other(), (Came.BROKEN, "nothing", ())),
        (RIGHT, Other(action="mail"), (Came.BROKEN, "instead.mail", ())),
        (WRONG, Other(action="mail"), (Came.DIFFERS, "instead.mail", ())),
        (EDITED, Other(), (Came.STILL_WRONG, "nothing", ())),
        (RIGHT, Hands(code="workflow"), (Came.ESCALATED, "workflow", ())),
        (WRONG, Unknown(code="away"), (Came.INCOMPARABLE, "away", ())),
    ],
)
def test_each_way_it_can_come_out(
    truth: Truth, ended: Ended, came: tuple[Came, str, tuple[str, ...]]
) -> None:
    assert judge(PLAN, truth, ended) == came


def test_a_parameter_that_is_missing_on_one_side_differs() -> None:
    left = Proposes(arguments={"to": "a"})
    assert judge(PLAN, RIGHT, left) == (Came.BROKEN, "", ("amount",))


def test_the_digest_covers_each_case_and_their_order() -> None:
    one = Compared(case_id="1", action_id="a", right=True, came=Came.SAME)
    other = Compared(case_id="2", action_id="b", right=True, came=Came.BROKEN, code="nothing")
    made = {results(found) for found in ([one, other], [other, one], [one], [])}
    assert len(made) == 4


def test_each_way_has_a_name_and_a_meaning() -> None:
    assert set(comparison_words.NAMES) == set(comparison_words.MEANINGS) == set(Came)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (0, "no model was asked in them"),
        (1, "They took 1 answer of models then"),
        (1_200, "They took 1,200 answers of models then; expect about as many again"),
    ],
)
def test_what_it_may_cost_is_said_before(asked: int, said: str) -> None:
    offer = comparisons.Offer(cases=3, asked=asked, before=("f",))
    assert said in comparison_words.offer_said(offer)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ((), "No parameter decides, so it is only compared whether it is proposed at all."),
        (("text",), "What is compared is text: by this it is right or wrong."),
        (
            ("a", "b", "c"),
            "What is compared is a, b and c: by these it is right or wrong.",
        ),
    ],
)
def test_it_is_said_which_parameters_are_compared(parameters: tuple[str, ...], said: str) -> None:
    offer = comparisons.Offer(cases=3, asked=1, before=("f",), parameters=parameters)
    assert comparison_words.decides(offer) == said
