"""The gallery's application, and a client that is signed in."""

import re
from collections.abc import Iterator

import pytest
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

    def send(self, path: str, **fields: str):
        """Send a form as the page would."""
        return self.client.post(path, data={"csrf": self.token(), **fields})


@pytest.fixture
def desk() -> Iterator[Desk]:
    remit = FakeRemit()
    app, sign_in = application(remit)
    with TestClient(
        app, base_url=ORIGIN, headers={"origin": ORIGIN}, follow_redirects=False,
        raise_server_exceptions=False,
    ) as client:  # fmt: skip
        made = Desk(client, remit, sign_in)
        made.enter()
        yield made
