"""Every address of the pages and the API, asked with values in all that a request can carry."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from starlette.routing import Route

from tests.browser.test_real_desk import Person
from tests.canaries import Flock

STREAMS = {"/events"}  # never end; read from a living process instead
# What the bodies of POST requests may hold, whichever route they are for.
MEMBERS = ("reason", "note", "digest", "code", "person", "url", "theme")


def paths(route: Route, filled: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the addresses of a route with every known value in its places."""
    names = re.findall(r"{(\w+)}", route.path)
    for values in product(*(filled.get(name, ("none",)) for name in names)):
        path = route.path
        for name, value in zip(names, values, strict=True):
            path = path.replace(f"{{{name}}}", value)
        yield path


async def got(person: Person, filled: Mapping[str, Sequence[str]]) -> list[tuple[str, bytes]]:
    """Return the answers to a GET of every address."""
    written = []
    for route in _routes(person):
        if "GET" not in (route.methods or ()) or route.path in STREAMS:
            continue
        for path in paths(route, filled):
            for query in ("", "?view=technical&tab=done&act=edit"):
                answer = await person.client.get(path + query, follow_redirects=True)
                assert answer.status_code < 500, (path, answer.text[:300])
                written.append((f"GET {route.path}", _all(answer)))
    return written


async def misled(
    person: Person, flock: Flock, filled: Mapping[str, Sequence[str]]
) -> list[tuple[str, bytes]]:
    """Return the answers to requests with values where none belong: all but a few are refused."""
    flock = flock.at("hostile request")
    written = []
    token = re.search(r'name="csrf" value="(\w+)"', await person.page("/help"))
    assert token is not None
    for route in _routes(person):
        for path in (next(paths(route, filled)), *_wrong(route, flock)):
            if "GET" in (route.methods or ()) and route.path not in STREAMS:
                query = {
                    "status": flock.one("EMAIL"), "after": flock.one("PHONE"),
                    "limit": flock.one("CARD"), "tab": flock.one("EMAIL"),
                    "workflow": flock.one("EMAIL"), "action": flock.one("EMAIL"),
                }  # fmt: skip
                for name, value in query.items():
                    answer = await person.client.get(path, params={name: value})
                    written.append((f"GET {route.path}", _all(answer)))
            if "POST" in (route.methods or ()) and "sign-out" not in path and "end" not in path:
                for body in _bodies(flock):
                    answer = await person.client.post(
                        path, json=body, headers={"x-csrf-token": token[1]}
                    )
                    written.append((f"POST {route.path}", _all(answer)))
                    form = {"csrf": token[1]} | {
                        key: one for key, one in body.items() if isinstance(one, str)
                    }
                    answer = await person.client.post(path, data=form, follow_redirects=False)
                    written.append((f"POST {route.path}", _all(answer)))
    return written


def _wrong(route: Route, flock: Flock) -> Iterator[str]:
    """Yield an address with a value in each of its places."""
    if "{" in route.path:
        yield re.sub(r"{\w+}", lambda _: flock.one("EMAIL"), route.path)


def _bodies(flock: Flock) -> Iterator[dict[str, Any]]:
    yield {name: flock.text("EMAIL", "PHONE") for name in MEMBERS}
    yield {"verdict": "edit", "digest": "0" * 64, "edits": {flock.one("EMAIL"): flock.one("CARD")}}
    yield {"verdict": flock.one("EMAIL"), "digest": [flock.one("CARD")]}
    yield {"corrections": {"due": flock.one("EMAIL")}, "choices": {"due": flock.one("CARD")}}
    yield {"corrections": {flock.one("EMAIL"): "x"}}
    yield {"message": {"deep": [flock.one("EMAIL")]}, flock.one("PHONE"): 1}
    yield {"field.due": flock.one("EMAIL"), "verdict": "edit", "digest": "0" * 64}
    yield {"verdict": "reject", "reason": flock.one("EMAIL"), "digest": "0" * 64}


def _routes(person: Person) -> list[Route]:
    app = person.client._transport.app  # type: ignore[attr-defined]  # the app that it asks
    return sorted((one for one in app.routes if isinstance(one, Route)), key=lambda one: one.path)


def _all(answer: Any) -> bytes:
    return bytes(answer.content + repr(answer.headers).encode())
