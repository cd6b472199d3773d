"""What a sender wrote, and what they quoted; home of mail-parser-reply and quotequail.

The text is cut only where both libraries see the same end of it. Either alone misses languages and
answers between quoted lines; a text that may hold such an answer is kept whole, and says so.
"""

import re
from collections.abc import Callable
from functools import lru_cache

from remit.domain.frozen import dataclass
from remit.intake.outcome import Assumption

LINES_MAX = 400
LINE_CHARACTERS_MAX = 160  # lines that introduce a quotation are shorter
INTRODUCTION_LINES_MAX = 8
WRAPPED_LINES_MAX = 6  # of an introduction, above the colon that ends it

_QUOTED = re.compile(r"^[ \t]*>", re.MULTILINE)
# What each introduction of mail-parser-reply holds, itself or some lines further down.
_SIGN = re.compile(":|-----")
_ENDING = re.compile(r"(?::|-{3}|_{32}|>)\s*$")
# How the languages that neither library reads introduce a quotation.
_INTRODUCED = re.compile(
    r"^(?:.{0,160}(?:wrote|schrieb|escribió|écrit|napisał(?:\(a\)|a)?|scrisse|ha scritto|skrev"
    r"|schreef|escreveu|написал(?:\(а\)|а)?|kirjoitti|írta|yazdı)\W{0,20}"
    r"|[-_ ]{3,}.{3,60}[-_ ]{3,})$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A text in two; `quoted` is empty where nothing is, or where it was kept whole."""

    own: str
    quoted: str = ""
    assumptions: tuple[Assumption, ...] = ()


def split(text: str) -> Reply:
    """Return what the sender wrote apart from what they quote, where that is certain."""
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    shorn = [line.rstrip()[:LINE_CHARACTERS_MAX] for line in lines[:LINES_MAX]]
    marked = _QUOTED.search(text) is not None
    cuts = (None, None) if not any(shorn) else _cuts(shorn)
    if cuts is None:  # the libraries are not there
        doubt = marked or _INTRODUCED.search("\n".join(shorn)) is not None
        return _whole(text) if doubt else Reply(own=text)
    first, second = cuts
    if first is None and second is None:
        doubt = marked or _INTRODUCED.search("\n".join(shorn)) is not None
        return _whole(text) if doubt else Reply(own=text)
    if first is None or second is None or not _same(shorn, first, second):
        return _whole(text)
    cut = min(first, second)
    if not any(shorn[:cut]) or _answered(lines[cut:]) or _QUOTED.search("\n".join(lines[:cut])):
        return _whole(text)
    return Reply(own="\n".join(lines[:cut]).rstrip(), quoted="\n".join(lines[cut:]).strip("\n"))


# -- parts ---------------------------------------------------------------------------------------


def _whole(text: str) -> Reply:
    said = "quoted lines could not be told apart for certain; the whole text was kept"
    return Reply(own=text, assumptions=(Assumption(code="reply_kept_whole", sentence=said),))


def _same(lines: list[str], first: int, second: int) -> bool:
    """Whether two cuts leave the same text above them, blank lines aside."""
    low, high = sorted((first, second))
    return not any(line.strip() for line in lines[low:high])


def _answered(rest: list[str]) -> bool:
    """Whether something that is not quoted stands below something that is."""
    start = next((n for n, line in enumerate(rest) if line.lstrip().startswith(">")), None)
    if start is None:
        return False
    if start > INTRODUCTION_LINES_MAX:
        return True
    return any(line.strip() and not line.lstrip().startswith(">") for line in rest[start:])


def _cuts(lines: list[str]) -> tuple[int | None, int | None] | None:
    """Return at which line each library sees the quotation begin; None without them."""
    try:
        import quotequail

        pattern = _headers()
    except ImportError:
        return None
    shown = "\n".join(line.strip() for line in lines)
    sign = _SIGN.search(shown)
    match = None if sign is None else pattern.search(shown, _above(shown, sign.start()))
    first = None if match is None else shown.count("\n", 0, match.start() + _blank(match[0]))
    return first, _introduced(lines, quotequail.quote)


def _above(text: str, place: int) -> int:
    """Return where the line begins that stands some lines above a place."""
    for _ in range(WRAPPED_LINES_MAX + 1):
        place = max(0, text.rfind("\n", 0, place))
    return place and place + 1


def _introduced(lines: list[str], quote: Callable[..., list[tuple[bool, str]]]) -> int | None:
    """Return at which line quotequail sees the quotation begin.

    All its patterns end in one of a few ways, perhaps one line further down: it is asked there.
    """
    for number, line in enumerate(lines):
        if _ENDING.search(line) is None:
            continue
        start = number - 1 if number and lines[number - 1] else number
        asked = "\n".join(lines[start : number + 1])
        parts = quote(asked, limit=LINES_MAX + 1, quote_intro_line=True)
        if len(parts) > 1:
            return start + (parts[0][1].count("\n") + 1 if parts[0][1] else 0)
    return None


def _blank(found: str) -> int:
    return len(found) - len(found.lstrip("\n"))


@lru_cache(maxsize=1)
def _headers() -> re.Pattern[str]:
    """Return the library's pattern of lines that introduce a quotation, in all its languages."""
    from mailparser_reply import EmailReplyParser
    from mailparser_reply.constants import MAIL_LANGUAGES

    languages = list(MAIL_LANGUAGES)
    pattern: re.Pattern[str] = EmailReplyParser(languages=languages).read("").HEADER_REGEX
    return pattern
