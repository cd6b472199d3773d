"""OpenAPI documents, sound and broken, and what owners say about their operations."""

import json
from pathlib import Path
from typing import Any

import pytest

from remit.errors import ManifestInvalidError
from remit.integrations.connector import OperationKind
from remit.integrations.document import DOCUMENT_BYTES_MAX, Document, document
from remit.integrations.terms import Conflict, Terms, terms

SHOP = Path(__file__).parents[3] / "examples" / "shop" / "openapi.json"


def of(paths: dict[str, Any], *, version: str = "3.1.0", **more: Any) -> Document:
    tree = {"openapi": version, "paths": paths, **more}
    return document(json.dumps(tree).encode(), connector="shop")


def query(name: str, *, required: bool = True, **schema: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema}


WRITE = {"operationId": "write"}
FIND = {"operationId": "find", "parameters": [query("key", type="string")]}


def test_the_shops_document_reads_as_what_it_does() -> None:
    shop = document(SHOP.read_bytes(), connector="shop")

    kinds = {name: one.kind for name, one in shop.operations.items()}
    assert {name for name, kind in kinds.items() if kind is OperationKind.WRITE} == {
        "createRefund", "cancelRefund", "changeAddress", "sendReply",
    }  # fmt: skip
    refund = shop.operations["createRefund"]
    assert {one.name: one.place for one in refund.parameters} == {
        "Idempotency-Key": "header", "order_id": "body", "amount": "body", "reason": "body",
    }  # fmt: skip
    agreed = terms(shop, connector="shop", settings={})
    assert agreed["createRefund"] == Terms(
        undo="cancelRefund",
        find="findRefundByKey",
        keys="Idempotency-Key",
        conflict=Conflict.REFUSED,
        timeout_seconds=10,
    )


def test_only_get_and_head_read() -> None:
    methods = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
    read = of({"/x": {method: {"operationId": method} for method in methods}})

    assert {name for name, one in read.operations.items() if one.kind is OperationKind.READ} == {
        "get",
        "head",
    }


def test_the_version_3_0_is_read_with_its_nullable() -> None:
    read = of(
        {"/x": {"get": {"operationId": "x", "parameters": [query("a", type="string")]}}},
        version="3.0.3",
    )

    assert read.operations["x"].arguments["required"] == ["a"]


def test_spaces_and_order_do_not_change_the_digest_and_a_word_does() -> None:
    tree = json.loads(SHOP.read_bytes())
    same = document(json.dumps(tree, sort_keys=True).encode(), connector="shop")
    tree["paths"]["/refunds"]["post"]["summary"] = "Pay everything"
    other = document(json.dumps(tree).encode(), connector="shop")

    first = document(SHOP.read_bytes(), connector="shop")
    assert same.digest == first.digest
    assert other.digest != first.digest


@pytest.mark.parametrize(
    ("paths", "said"),
    [
        ({"/x": {"get": {}}}, "GET /x"),
        ({"/x": {"get": {"operationId": "get it"}}}, "GET /x"),
        ({"/x": {"get": FIND}, "/y": {"get": FIND}}, "`find` twice"),
        ({"/x": {"get": {"operationId": "x", "parameters": [{"in": "query"}]}}}, "without a name"),
        (
            {"/x": {"get": {"operationId": "x", "parameters": [query("a", format=1, not_=1)]}}},
            "`not_`",
        ),
        (
            {"/x": {"get": {"operationId": "x", "parameters": [{**query("a"), "in": "cookie"}]}}},
            "cannot be sent",
        ),
        (
            {"/x": {"get": {"operationId": "x", "parameters": [{**query("a"), "in": "path"}]}}},
            "no `a` in its path",
        ),
        (
            {
                "/x": {
                    "post": {
                        "operationId": "x",
                        "requestBody": {"required": True, "content": {"text/plain": {}}},
                    }
                }
            },
            "not JSON",
        ),
        (
            {
                "/x": {
                    "post": {
                        "operationId": "x",
                        "parameters": [query("a", type="string")],
                        "requestBody": {
                            "content": {
                                "application/json": {
                                    "schema": {"type": "object", "properties": {"a": {}}}
                                }
                            }
                        },
                    }
                }
            },
            "`a` in two places",
        ),
        ({"/x": {"$ref": "other.json"}}, "only references inside"),
        ({"/x": {"$ref": "#/paths/~1x"}}, "without end"),
        ({"/x": []}, "not a JSON object"),
    ],
)
def test_what_cannot_be_called_safely_is_named(paths: dict[str, Any], said: str) -> None:
    with pytest.raises(ManifestInvalidError, match=said):
        of(paths)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"openapi: 3.1.0",
        b'{"openapi": "2.0"}',
        b'{"openapi": "3.1.0", "openapi": "3.1.0"}',
        b'{"openapi": "3.1.0", "x": NaN}',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * (DOCUMENT_BYTES_MAX + 1),
    ],
)
def test_a_file_that_is_no_document_is_refused(content: bytes) -> None:
    with pytest.raises(ManifestInvalidError, match="`shop`"):
        document(content, connector="shop")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"none": {}}, "`shop.none` is in the settings"),
        ({"write": {"speed": 1}}, "`speed`"),
        ({"write": {"timeout_seconds": 301}}, "`timeout_seconds`"),
        ({"write": {"timeout_seconds": True}}, "`timeout_seconds`"),
        ({"write": {"conflict": "maybe"}}, "`conflict`"),
        ({"write": {"keys": 1}}, "`keys`"),
        ({"write": {"undo": "find"}}, "`find` as undo"),
        ({"write": {"find": "write"}}, "`write` as find"),
        ({"write": {"find": "find", "find_argument": "id"}}, "find_argument"),
        ({"find": {"keys": "Idempotency-Key"}}, "only reads"),
    ],
)
def test_settings_that_do_not_fit_the_document_are_named(
    settings: dict[str, dict[str, object]], said: str
) -> None:
    read = of({"/x": {"post": WRITE, "get": FIND}})

    with pytest.raises(ManifestInvalidError, match=said):
        terms(read, connector="shop", settings=settings)


def test_settings_stand_above_what_the_document_says() -> None:
    read = of({"/x": {"post": {**WRITE, "x-remit": {"keys": "Key", "timeout_seconds": 5}}}})

    agreed = terms(read, connector="shop", settings={"write": {"timeout_seconds": 9}})

    assert agreed["write"] == Terms(keys="Key", timeout_seconds=9)


def test_an_operation_that_nobody_spoke_about_is_irreversible_and_honours_no_keys() -> None:
    assert terms(of({"/x": {"post": WRITE}}), connector="shop", settings={})["write"] == Terms()
