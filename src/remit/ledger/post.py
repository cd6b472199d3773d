"""One HTTP request within limits, by the standard library: how anchors elsewhere are asked."""

import http.client
import urllib.parse
from dataclasses import dataclass
from typing import Final

from remit.errors import AnchorUnavailableError, SettingsError

ANSWER_BYTES_MAX: Final = 65_536
SECONDS_MAX: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    content_type: str
    body: bytes


def post(
    url: str, body: bytes, *, content_type: str, place: str, seconds: float = SECONDS_MAX
) -> Answer:
    """Post a body and return the answer, whatever its status; follows no redirect.

    Raises `AnchorUnavailableError` where nobody answers in time, or with too much.
    """
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(f"`{url}` is not an address; write `https://host/path`")
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=seconds)
    path = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
    try:
        connection.request("POST", path, body=body, headers={"Content-Type": content_type})
        answer = connection.getresponse()
        data = answer.read(ANSWER_BYTES_MAX + 1)
    except (OSError, http.client.HTTPException) as error:
        said = str(error) or type(error).__name__
        raise AnchorUnavailableError(f"{place} does not answer ({said.lower()})") from error
    finally:
        connection.close()
    if len(data) > ANSWER_BYTES_MAX:
        raise AnchorUnavailableError(f"{place} answers with over {ANSWER_BYTES_MAX} bytes")
    return Answer(status=answer.status, content_type=answer.headers.get_content_type(), body=data)
