"""What a tool's field marks as secret stands in nothing that leaves, whatever surrounds it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from remit.authoring.source import Source
from remit.domain.action import ActionSpec, Integrity, ParamSpec, Risk, Witness
from remit.domain.value import Json, canonical
from remit.policy.secrecy import carries, secrets_in

PARAMS = (
    ParamSpec(name="to", type="text", source=Source.case("sender").tree),
    ParamSpec(name="text", type="text", source=Source.any().tree),
)
SPEC = ActionSpec(
    workflow="desk", name="mail", risk=Risk.LOW, params=PARAMS, says="Mail", undo=None,
    irreversible=True, on=None,
)  # fmt: skip
CARD, PASSPORT = "4237-4252-7456-2574", "HGK137803"
SAID = "text carries the secret `number` of get_profile"


def _witness(form: Json, *, secret: bool = True, path: str = "number") -> Witness:
    return Witness(
        seq=4, tool="get_profile", record="", path=path, element=0, type="text", form=form,
        integrity=Integrity.VOUCHED, secret=secret,
    )  # fmt: skip


def _found(text: Json, *secrets: Json) -> tuple[str, ...]:
    return secrets_in(SPEC, {"text": canonical(text)}, [_witness(one) for one in secrets])


@pytest.mark.parametrize(
    "text",
    [
        CARD,
        "4237425274562574",
        "4237 4252 7456 2574",
        "4 2 3 7 4 2 5 2 7 4 5 6 2 5 7 4",
        "it is 4237\n\n   4252 - 7456 - 2574.",
        "4237\u00a04252\u20117456.2574",
        "4237\u200b4252\u200b7456\u200b2574",  # nothing is seen between them
        "４２３７４２５２７４５６２５７４",
        f"Emma, the hotel is lovely (card:{CARD}), see you",
        ["fine", {"deep": CARD}],
        4237425274562574,
    ],
)
def test_a_secret_is_found_however_it_is_written(text: Json) -> None:
    assert _found(text, CARD) == (SAID,)


@pytest.mark.parametrize("text", ["hgk 137-803", "PASSPORT_HGK137803", "is HGK137803."])
def test_letters_count_in_either_case(text: str) -> None:
    assert _found(text, PASSPORT) == (SAID,)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("XHGK137803", PASSPORT),
        ("HGK1378031", PASSPORT),
        ("94237425274562574", CARD),
        ("the Millers are here", "Miller"),
        ("HGK and 137803", PASSPORT),  # a word stands between
        ("nothing of it", PASSPORT),
        ("", PASSPORT),
        (True, PASSPORT),
    ],
)
def test_a_part_of_another_word_is_not_the_secret(text: Json, secret: str) -> None:
    assert _found(text, secret) == ()


def test_a_short_secret_is_found_alone_and_not_inside_a_text() -> None:
    assert _found("731", "731") == (SAID,)
    assert _found("731 houses", "731") == ()


def test_what_holds_no_sign_is_no_secret_to_look_for() -> None:
    nothings: tuple[Json, ...] = ("", "--", None, True, [], {})
    for nothing in nothings:
        assert _found("-- true None", nothing) == ()


def test_numbers_and_sums_are_looked_for_as_they_are_written() -> None:
    assert _found("a pay of 81,250.00", {"amount": "81250.00", "currency": "EUR"}) == (SAID,)
    assert _found("EUR", {"amount": "81250.00", "currency": "EUR"}) == ()
    assert _found("born 19 80 12", 198012) == (SAID,)


def test_a_field_without_the_mark_may_be_told() -> None:
    told = [_witness(CARD, secret=False)]
    assert secrets_in(SPEC, {"text": canonical(CARD)}, told) == ()


def test_a_parameter_with_authority_carries_no_secret_either() -> None:
    assert secrets_in(SPEC, {"to": canonical(PASSPORT)}, [_witness(PASSPORT)]) == (
        "to carries the secret `number` of get_profile",
    )


def test_a_parameter_that_is_declared_for_secrets_may_carry_them() -> None:
    cleared = replace(SPEC, params=(PARAMS[0], replace(PARAMS[1], secret=True)))
    assert secrets_in(cleared, {"text": canonical(CARD)}, [_witness(CARD)]) == ()


def test_it_is_said_once_and_without_the_value() -> None:
    found = _found(f"{CARD} {CARD} {PASSPORT}", CARD, CARD, PASSPORT)
    assert found == (SAID,)
    named = [_witness(CARD, path="card"), _witness(PASSPORT, path="passport")]
    both = secrets_in(SPEC, {"text": canonical(f"{PASSPORT} {CARD}")}, named)
    assert both == (
        "text carries the secret `card` of get_profile",
        "text carries the secret `passport` of get_profile",
    )


def test_what_was_given_a_secret_is_known() -> None:
    assert carries({"of": [f"no. {PASSPORT}"]}, [_witness(PASSPORT)])
    assert not carries({"of": ["no. 1"]}, [_witness(PASSPORT)])


@given(
    st.text("ABC123", min_size=4, max_size=12),
    st.text(" .-", max_size=3),
    st.text("xyz ", max_size=6),
    st.text("xyz ", max_size=6),
)
def test_no_text_around_hides_a_secret(secret: str, gap: str, left: str, right: str) -> None:
    assert _found(f"{left} {gap.join(secret)} {right}", secret) == (SAID,)
