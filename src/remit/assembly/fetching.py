"""Asking an identity provider: over the one guarded client, and its listed hosts only."""

from collections.abc import Callable, Mapping, Sequence
from urllib.parse import urlencode

from remit.errors import OidcRefusedError, RemitError
from remit.governance.oidc import Fetch
from remit.integrations.address import host_of
from remit.integrations.connector import NotSent
from remit.integrations.exchange import Answered, Asked
from remit.integrations.http import HttpClient

TIMEOUT_SECONDS = 10.0
LOOPBACK = ("http://127.0.0.1", "http://localhost", "http://[::1]")


def fetching(urls: Sequence[str], *, random: Callable[[], float]) -> Fetch:
    """Return what asks an address of these hosts; raises `SettingsError` for one that is none."""
    hosts = [host_of(url, loopback=url.startswith(LOOPBACK)) for url in urls]

    async def fetch(url: str, form: Mapping[str, str] | None, who: str) -> tuple[int, bytes]:
        client = HttpClient(hosts=hosts, randomness=random)  # people sign in seldom: none is kept
        try:
            answered = await _asked(client, url, form, who)
        except RemitError as error:
            raise OidcRefusedError("the provider cannot be reached; try again") from error
        finally:
            await client.close()
        if isinstance(answered, NotSent):
            raise OidcRefusedError("the provider cannot be reached; try again")
        return answered.status, answered.body

    return fetch


async def _asked(
    client: HttpClient, url: str, form: Mapping[str, str] | None, who: str
) -> Answered | NotSent:
    headers = {"accept": "application/json", **({"authorization": who} if who else {})}
    if form is None:
        asked = Asked(method="GET", url=url, headers=headers)
        return await client.read(asked, timeout_seconds=TIMEOUT_SECONDS)
    headers["content-type"] = "application/x-www-form-urlencoded"
    asked = Asked(method="POST", url=url, headers=headers, body=urlencode(form).encode())
    return await client.write(asked, timeout_seconds=TIMEOUT_SECONDS)  # a code is traded once
