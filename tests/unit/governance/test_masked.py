"""What the record says of masked values: where they stood, what may receive them, what did."""

from dataclasses import replace
from datetime import UTC, datetime

from remit.domain.action import AnySource, ParamSpec
from remit.governance import masked
from tests.browser.sample_case import entries_of_a_case
from tests.browser.samples import case_id, case_line

NOW = datetime(2026, 11, 24, 14, 5, tzinfo=UTC)
PERSON, NEVER_SEEN = "PERSON_7K3QX4M2", "CARD_W2HE2345"


def _param(name: str, **more: object) -> ParamSpec:
    return ParamSpec(name=name, type="text", source=AnySource(), **more)


def test_a_token_is_told_with_its_places_and_where_it_was_turned_back() -> None:
    view = masked.of_entries(
        entries_of_a_case(NOW, case_id(1)),
        row=case_line(1, NOW),
        attributes={PERSON: "", NEVER_SEEN: "Visa, ends in 1111"},
        rules=list(masked.entitled("issue_refund", [_param("person", private="PERSON")])),
    )
    person, card = view.types
    (value,) = person.values
    assert [(one.words, one.seq) for one in value.places] == [
        ("proposed issue_refund: person", 8_819)
    ]
    (turned,) = value.turned
    assert (turned.owner, turned.parameter, turned.connector, turned.seq) == (
        "issue_refund", "person", "shop", 8_825,
    )  # fmt: skip
    assert [one.owner for one in person.may] == ["issue_refund"]
    assert (card.values[0].attribute, card.values[0].places, card.may) == (
        "Visa, ends in 1111", (), (),
    )  # fmt: skip


def test_an_erased_case_still_tells_what_was_turned_back() -> None:
    """The tokens of its reveals stand in the entries; what may be said of them is gone."""
    bare = [replace(one, payloads={}) for one in entries_of_a_case(NOW, case_id(1))]
    view = masked.of_entries(bare, row=case_line(1, NOW), attributes={}, rules=[], erased_at=NOW)
    assert [value.token for group in view.types for value in group.values] == [PERSON]


def test_what_a_parameter_may_receive_is_its_own_type_and_what_an_owner_lists() -> None:
    params = [
        _param("to", private="EMAIL"),
        _param("body"),
        _param("customer", leaves=(("name", "PERSON"),)),
    ]
    listed = {"body": (frozenset({"TEXT", "PERSON"}), "mail:case.sender")}
    found = [
        (one.parameter, one.type, one.destination, one.listed)
        for one in masked.entitled("send_reply", params, listed)
    ]
    own = masked.OWN_CONNECTOR
    assert found == [
        ("to", "EMAIL", own, False),
        ("customer.name", "PERSON", own, False),
        ("body", "PERSON", "mail:case.sender", True),
        ("body", "TEXT", "mail:case.sender", True),
    ]


def test_no_more_values_are_shown_than_a_page_holds() -> None:
    tokens = {f"EMAIL_9TBD{number:04d}": "" for number in range(masked.VALUES_MAX + 3)}
    view = masked.of_entries([], row=case_line(1, NOW), attributes=tokens, rules=[])
    assert len(view.types[0].values) == masked.VALUES_MAX
    assert view.left_out == 3
