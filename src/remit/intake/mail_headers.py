"""Headers of a mail with their grammar read, by the standard library and within its strength."""

import re
from collections.abc import Callable
from email.errors import MessageDefect, ObsoleteHeaderDefect
from email.headerregistry import HeaderRegistry
from email.message import EmailMessage
from functools import lru_cache

READ_CHARACTERS_MAX = 4_000  # of a header that has a grammar
DESCRIBING = ("content-type", "content-transfer-encoding", "content-disposition")
_FOLD = re.compile(r"[\r\n]+")


def read(headers: EmailMessage, name: str) -> tuple[object, bool]:
    """Return a header with its grammar read, and whether that went without a defect.

    None where there is none. What the library cannot take apart counts as a defect.
    """
    raw = [str(value) for key, value in headers.raw_items() if key.lower() == name]
    if not raw:
        return None, True
    if len(raw) > 1 or len(raw[0]) > READ_CHARACTERS_MAX:
        return None, False
    return (
        _often(name, raw[0])
        if name in DESCRIBING and "boundary" not in raw[0]
        else _parsed(name, raw[0])
    )


# -- parts ---------------------------------------------------------------------------------------


@lru_cache(maxsize=32)
def _kind(name: str) -> Callable[[str, str], object]:
    """Return the library's class of a header; left to itself it makes a new one each time."""
    kind: Callable[[str, str], object] = HeaderRegistry()[name]
    return kind


def _parsed(name: str, raw: str) -> tuple[object, bool]:
    try:
        value = _kind(name)(name, _FOLD.sub("", raw))
    except Exception:  # noqa: BLE001 - whatever the library stumbles over, the header is unread
        return None, False
    return value, not any(_serious(one) for one in getattr(value, "defects", ()))


_often = lru_cache(maxsize=512)(_parsed)  # most parts are described in the same few words


def _serious(defect: MessageDefect) -> bool:
    return not isinstance(defect, ObsoleteHeaderDefect)
