"""The gallery behind a real server on loopback, for pages in a real browser and for clients."""

import contextlib
import itertools
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from remit.api import server
from remit.console import site
from remit.governance.oidc import Oidc
from remit.governance.sessions import SignIn
from remit.store.accounts import AccountRows
from tests.accounts import in_memory
from tests.browser.gallery import FakeRemit


@dataclass
class Running:
    """A server that answers at `url`."""

    url: str
    remit: FakeRemit
    sign_in: SignIn


MakesOidc = Callable[[str, AccountRows, SignIn], Oidc]


def application(
    remit: FakeRemit, *, url: str = "", oidc: MakesOidc | None = None
) -> tuple[Starlette, SignIn]:
    """Return the gallery's application and its sign-in; its randomness is a counter."""
    rows = in_memory()
    numbers = itertools.count(1)
    sign_in = SignIn(
        rows=rows,
        random_bytes=lambda size: next(numbers).to_bytes(size, "little"),
        clock=remit.clock,
        people=remit.people,
    )
    provider = None if oidc is None else oidc(url, rows, sign_in)
    pages = site.build(remit, sign_in, secure=False, clock=remit.clock, oidc=provider)
    return server.build(remit, sign_in, secure=False, site=pages), sign_in


@contextlib.contextmanager
def running(remit: FakeRemit, *, oidc: MakesOidc | None = None) -> Iterator[Running]:
    """Serve on a free port of loopback until left."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    app, sign_in = application(remit, url=f"http://127.0.0.1:{port}", oidc=oidc)
    config = uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=1)
    serving = uvicorn.Server(config)
    thread = threading.Thread(target=serving.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Running(url=f"http://127.0.0.1:{port}", remit=remit, sign_in=sign_in)
    finally:
        serving.should_exit = True
        thread.join(timeout=10)
        listener.close()
