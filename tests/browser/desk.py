"""A client of the gallery that signs in and sends forms as a page would, without a browser."""

import contextlib
import re
from collections.abc import Iterator

from httpx2 import Response
from starlette.testclient import TestClient

from remit.governance.sessions import SignIn
from tests.browser.gallery import FakeRemit
from tests.browser.serving import application

ORIGIN = "http://127.0.0.1:8000"


class Desk:
    """A client, what it talks to, and the token that its forms carry."""

    def __init__(self, client: TestClient, remit: FakeRemit, sign_in: SignIn) -> None:
        self.client = client
        self.remit = remit
        self.sign_in = sign_in

    def enter(self, person: str = "a.weber") -> None:
        self.client.cookies.clear()
        self.client.post("/sign-in", data={"code": self.sign_in.issue(person)})

    def token(self) -> str:
        return re.search(r'name="csrf" value="(\w+)"', self.client.get("/help").text)[1]

    def send(self, path: str, **fields: str) -> Response:
        """Send a form as the page would."""
        return self.client.post(path, data={"csrf": self.token(), **fields})


@contextlib.contextmanager
def at_the_desk() -> Iterator[Desk]:
    """Yield a desk at which A. Weber is signed in."""
    remit = FakeRemit()
    app, sign_in = application(remit)
    with TestClient(
        app,
        base_url=ORIGIN,
        headers={"origin": ORIGIN},
        follow_redirects=False,
        raise_server_exceptions=False,
    ) as client:
        made = Desk(client, remit, sign_in)
        made.enter()
        yield made
