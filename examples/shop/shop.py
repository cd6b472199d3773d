"""An invented shop that Remit does not know from the inside: its own process, file and document.

    python shop.py --port 8100 --database shop.db --orders 400

The first line that it prints is JSON with the address. The key is in `SHOP_KEY`.
"""

import argparse
import json
import os
import re
import socket
import sys
import threading
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeAlias

import uvicorn
from book import Book, NoError
from faults import FAULTS, App, Faults
from seeds import orders
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Sent: TypeAlias = Any  # what came as JSON, not looked at yet
Answer = Callable[[Book, Request, Sent], tuple[int, Any]]

DOCUMENT = Path(__file__).with_name("openapi.json")
DEMO_KEY = "demo-shop-key"
BODY_BYTES_MAX = 64 * 1024
KEY_LETTERS_MAX = 200
MONEY = re.compile(r"[0-9]{1,9}(\.[0-9]{1,4})?")
CURRENCY = re.compile(r"[A-Z]{3}")
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
ADDRESS = {"line1": str, "line2": str | None, "postcode": str, "city": str, "country": str}


def main(argv: list[str] | None = None) -> int:
    """Serve until stopped."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8100, help="0 takes a free one")
    parser.add_argument("--database", type=Path, default=Path("shop.db"))
    parser.add_argument("--orders", type=int, default=400, help="how many orders there are")
    parser.add_argument("--seed", type=int, default=7, help="same seed, same orders")
    parser.add_argument("--faults", action="store_true", help="let requests ask for faults")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    asked = parser.parse_args(argv)
    book = Book(asked.database)
    book.fill(orders(seed=asked.seed, count=asked.orders))
    app: App = shop(book, key=os.environ.get("SHOP_KEY", DEMO_KEY))
    if asked.faults:
        always = os.environ.get("SHOP_FAULT")
        if always is not None and always not in FAULTS:
            sys.stderr.write(f"SHOP_FAULT is one of {', '.join(FAULTS)}\n")
            return 2
        app = Faults(app, always=always)
    # Named as TCP, or asyncio lets small packets wait: 44 ms a call instead of 1.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((asked.host, asked.port))
    except OSError:
        sys.stderr.write(f"port {asked.port} is in use; choose another with --port\n")
        return 2
    listening.listen(128)
    host, port = listening.getsockname()
    ready = {"address": f"http://{host}:{port}", "orders": asked.orders}
    sys.stdout.write(json.dumps(ready) + "\n")
    sys.stdout.flush()
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=1, lifespan="off")
    )
    if asked.with_parent:
        threading.Thread(target=_end_with_parent, args=[server], daemon=True).start()
    server.run(sockets=[listening])
    return 0


def shop(book: Book, *, key: str) -> Starlette:
    """Return the shop's HTTP face."""

    def page(method: str, path: str, answer: Answer, *, name: str) -> Route:
        async def endpoint(request: Request) -> Response:
            if request.headers.get("authorization") != f"Bearer {key}":
                return _no(401, "unauthorized", "a valid key is needed")
            try:
                status, body = answer(book, request, await _sent(request))
            except NoError as no:
                return _no(no.status, no.code, str(no))
            return JSONResponse(body, status)

        return Route(path, endpoint, methods=[method], name=name)

    async def document(_: Request) -> Response:
        return Response(DOCUMENT.read_bytes(), media_type="application/json")

    async def health(_: Request) -> Response:
        return JSONResponse({"ok": True})

    routes = [
        Route("/openapi.json", document, name="getDocument"),
        Route("/health", health, name="getHealth"),
        page("GET", "/orders", _find_orders, name="findOrdersByEmail"),
        page("GET", "/orders/{order_id}", _get_order, name="getOrder"),
        page("PUT", "/orders/{order_id}/address", _change_address, name="changeAddress"),
        page("GET", "/address-changes", _by_key("address_change"), name="findAddressChangeByKey"),
        page("POST", "/refunds", _create_refund, name="createRefund"),
        page("GET", "/refunds", _by_key("refund"), name="findRefundByKey"),
        page("POST", "/refunds/{refund_id}/cancel", _cancel_refund, name="cancelRefund"),
        page("GET", "/cancellations", _by_key("cancellation"), name="findCancellationByKey"),
        page("POST", "/messages", _send_reply, name="sendReply"),
        page("GET", "/messages", _by_key("message"), name="findMessageByKey"),
        page("GET", "/effects", _count_effects, name="countEffects"),
    ]
    return Starlette(routes=routes)


# -- reads ---------------------------------------------------------------------------------------


def _get_order(book: Book, request: Request, _: Sent) -> tuple[int, Any]:
    return 200, book.order(request.path_params["order_id"])


def _find_orders(book: Book, request: Request, _: Sent) -> tuple[int, Any]:
    email = request.query_params.get("email", "")
    if not EMAIL.fullmatch(email):
        raise NoError(422, "email", "`email` is an address")
    return 200, {"orders": book.orders_of(email)}


def _by_key(kind: str) -> Answer:
    def answer(book: Book, request: Request, _: Sent) -> tuple[int, Any]:
        key = request.query_params.get("key", "")
        if not key:
            raise NoError(422, "key", "`key` is needed")
        return 200, {"found": book.effects(kind, key)}

    return answer


def _count_effects(book: Book, _: Request, __: Sent) -> tuple[int, Any]:
    return 200, book.counts()


# -- writes --------------------------------------------------------------------------------------


def _create_refund(book: Book, request: Request, sent: Sent) -> tuple[int, Any]:
    _shaped(sent, {"order_id": str, "amount": dict, "reason": str})
    _shaped(sent["amount"], {"amount": str, "currency": str})
    if not MONEY.fullmatch(sent["amount"]["amount"]):
        raise NoError(422, "amount", "`amount` is a decimal in a text")
    if not CURRENCY.fullmatch(sent["amount"]["currency"]):
        raise NoError(422, "currency", "`currency` is three capital letters")
    exact = [sent["order_id"], str(Decimal(sent["amount"]["amount"])), sent["amount"]["currency"]]
    key = _key(request)
    return book.once(
        "createRefund", key, [*exact, sent["reason"]],
        lambda: book.refund(sent["order_id"], sent["amount"], sent["reason"], key=key),
    )  # fmt: skip


def _cancel_refund(book: Book, request: Request, _: Sent) -> tuple[int, Any]:
    refund_id, key = request.path_params["refund_id"], _key(request)
    return book.once(
        "cancelRefund", key, refund_id, lambda: book.cancel_refund(refund_id, key=key)
    )


def _change_address(book: Book, request: Request, sent: Sent) -> tuple[int, Any]:
    _shaped(sent, ADDRESS)
    order_id, key = request.path_params["order_id"], _key(request)
    return book.once(
        "changeAddress", key, [order_id, sent],
        lambda: book.change_address(order_id, sent, key=key),
    )  # fmt: skip


def _send_reply(book: Book, request: Request, sent: Sent) -> tuple[int, Any]:
    _shaped(sent, {"order_id": str | None, "to": str, "subject": str, "body": str})
    if not EMAIL.fullmatch(sent["to"]):
        raise NoError(422, "to", "`to` is an e-mail address")
    letter, key = {name: sent[name] for name in ("to", "subject", "body")}, _key(request)
    return book.once(
        "sendReply", key, sent, lambda: book.message(sent.get("order_id"), letter, key=key)
    )


# -- what comes in -------------------------------------------------------------------------------


async def _sent(request: Request) -> Sent:
    body = await request.body()
    if len(body) > BODY_BYTES_MAX:
        raise NoError(413, "too_large", f"a body has at most {BODY_BYTES_MAX} bytes")
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError as error:
        raise NoError(400, "not_json", "the body is not JSON") from error


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= KEY_LETTERS_MAX:
        raise NoError(400, "key", f"`Idempotency-Key` has 1 to {KEY_LETTERS_MAX} characters")
    return key


def _shaped(sent: Sent, fields: dict[str, Any]) -> None:
    if not isinstance(sent, dict):
        raise NoError(422, "not_a_record", "a JSON object is needed")
    for name in sent.keys() - fields.keys():
        raise NoError(422, "unknown_field", f"`{name}` is not a field of this")
    for name, kind in fields.items():
        if not isinstance(sent.get(name), kind):
            raise NoError(422, "field", f"`{name}` is missing or of another type")


def _no(status: int, code: str, message: str) -> Response:
    return JSONResponse({"error": {"code": code, "message": message}}, status)


def _end_with_parent(server: uvicorn.Server) -> None:
    sys.stdin.read()
    server.should_exit = server.force_exit = True


if __name__ == "__main__":
    raise SystemExit(main())
