"""The schema checker, against values that do and do not fit."""

from decimal import Decimal

import pytest

from remit.errors import ManifestInvalidError
from remit.integrations.keywords import DEPTH_MAX, require_usable
from remit.integrations.schema import FAULTS_MAX, faults

DOCUMENT = {
    "defs": {
        "money": {
            "type": "object",
            "properties": {
                "amount": {"type": "string", "pattern": "^[0-9]+$"},
                "currency": {"enum": ["EUR", "GBP"]},
            },
            "required": ["amount", "currency"],
            "additionalProperties": False,
        },
        "tree": {"type": "object", "properties": {"child": {"$ref": "#/defs/tree"}}},
    }
}


@pytest.mark.parametrize(
    ("schema", "fits", "does_not"),
    [
        ({"type": "integer"}, 3, True),
        ({"type": "integer"}, Decimal("3.0"), Decimal("3.5")),
        ({"type": "number"}, Decimal("3.5"), "3.5"),
        ({"type": ["string", "null"]}, None, 3),
        ({"type": "string", "nullable": True}, None, 3),
        ({"type": "string", "minLength": 2}, "ab", "a"),
        ({"type": "string", "maxLength": 2}, "ab", "abc"),
        ({"pattern": "^a$"}, "a", "a\n"),
        ({"pattern": "b"}, "abc", "acd"),
        ({"enum": [1, "a"]}, 1, True),
        ({"const": 0}, 0, False),
        ({"minimum": 2, "maximum": 3}, 2, 4),
        ({"exclusiveMinimum": 2}, 3, 2),
        ({"minimum": 2, "exclusiveMinimum": True}, 3, 2),
        ({"maximum": 2, "exclusiveMaximum": True}, 1, 2),
        ({"maximum": 2, "exclusiveMaximum": False}, 2, 3),
        ({"items": {"type": "string"}, "minItems": 1}, ["a"], [1]),
        ({"maxItems": 1}, ["a"], ["a", "b"]),
        ({"uniqueItems": True}, [1, True], [1, 1]),
        ({"additionalProperties": {"type": "string"}}, {"a": "b"}, {"a": 1}),
        ({"minProperties": 1}, {"a": 1}, {}),
        ({"allOf": [{"minLength": 1}, {"maxLength": 2}]}, "ab", "abc"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, 1),
        ({"oneOf": [{"minimum": 1}, {"maximum": 3}]}, 5, 2),
        ({"$ref": "#/defs/money"}, {"amount": "1", "currency": "EUR"}, {"amount": "1"}),
    ],
)
def test_a_value_fits_exactly_what_its_schema_says(
    schema: dict[str, object], fits: object, does_not: object
) -> None:
    require_usable(schema, document=DOCUMENT, where="it")

    assert faults(schema, fits, document=DOCUMENT) == ()
    assert faults(schema, does_not, document=DOCUMENT) != ()


def test_a_fault_names_the_place_and_the_rule_but_not_the_value() -> None:
    wrong = {"total": [{"amount": "secret", "currency": "EUR", "more": 1}]}
    schema = {"properties": {"total": {"items": {"$ref": "#/defs/money"}}}}

    said = [str(fault) for fault in faults(schema, wrong, document=DOCUMENT)]

    assert said == [
        "`total[0].amount`: does not match `^[0-9]+$`",
        "`total[0].more`: is not a field of this",
    ]


def test_faults_end_at_their_limit() -> None:
    schema = {"items": {"type": "string"}}

    assert len(faults(schema, [1] * 1000, document={})) == FAULTS_MAX


def test_a_value_deeper_than_allowed_does_not_fit_a_schema_that_refers_to_itself() -> None:
    value: dict[str, object] = {}
    for _ in range(DEPTH_MAX):
        value = {"child": value}

    assert faults({"$ref": "#/defs/tree"}, {"child": {}}, document=DOCUMENT) == ()
    assert "nested deeper" in faults({"$ref": "#/defs/tree"}, value, document=DOCUMENT)[0].rule


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ({"if": {}}, "`if`"),
        ({"type": "text"}, "`text`"),
        ({"type": 5}, "`type`"),
        ({"pattern": "("}, "does not parse"),
        ({"required": [1]}, "`required`"),
        ({"properties": []}, "`properties`"),
        ({"items": {"multipleOf": 2}}, "`multipleOf`"),
        ({"$ref": "https://elsewhere.example/s.json"}, "only references inside"),
        ({"$ref": "#/defs/none"}, "not there"),
        ([], "not a schema"),
    ],
)
def test_a_schema_that_would_not_be_checked_is_refused_by_name(schema: object, said: str) -> None:
    with pytest.raises(ManifestInvalidError, match=said):
        require_usable(schema, document=DOCUMENT, where="it")
