"""HTML to text: what a reader would see, what was hidden from them, and where links really lead.

Home of selectolax. A sender's HTML is never rendered, and hidden text is counted, never used.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from remit.domain.frozen import dataclass

if TYPE_CHECKING:
    from selectolax.lexbor import LexborHTMLParser, LexborNode

STYLE_CHARACTERS_MAX = 2_000
LINKS_MAX = 200
RULES_MAX = 200
TARGET_CHARACTERS_MAX = 2_000

_SILENT = frozenset(
    {
        "_comment",
        "-comment",
        "!doctype",
        "script",
        "style",
        "head",
        "title",
        "template",
        "noscript",
        "object",
        "svg",
    }
)
_BLOCKS = frozenset(
    "address article aside blockquote center dd div dl dt fieldset figure footer form h1 h2 h3 h4"
    " h5 h6 header hr li main nav ol p pre section table tr ul".split()
)
_SPACE = re.compile(r"[ \t\r\n\f]+")
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}@;]{1,200})\{([^{}]{0,2000})\}")
_SIZED = re.compile(r"(?:^|;)font-size:(?!0(?:\.0+)?(?:px|pt|em|rem|%)?(?:!important)?(?:;|$))")
_SEEN = re.compile(r"(?:^|;)visibility:visible")
_GONE = re.compile(
    r"(?:^|;)(?:display:none|opacity:0(?:\.0+)?(?=;|!|$)|mso-hide:all"
    r"|max-(?:height|width):0(?:px)?(?=;|!|$)|(?:left|top|text-indent|margin-left):-\d{3,})"
)
_FAINT = re.compile(
    r"(?:^|;)(?:visibility:(?:hidden|collapse)|font-size:0(?:\.0+)?(?:px|pt|em|rem|%)?(?=;|!|$))"
)
_COLOUR = re.compile(r"(?:^|;)color:([^;!]+)")
_GROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;!]+)")
_WHITE = {"white": "#ffffff", "#fff": "#ffffff", "black": "#000000", "#000": "#000000"}
_HOST = re.compile(
    r"^\W*(?:https?://)?(?:[^\s/@]+@)?((?:[\w-]+\.)+[a-z]{2,24})(?:[/:?#]\S*)?\W*$", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link: what it shows and where it leads; `elsewhere` when it shows another host."""

    text: str
    target: str
    elsewhere: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a reader of the HTML would see; `hidden` counts the characters they would not."""

    text: str
    hidden: int
    links: tuple[Link, ...]


def read(source: str) -> Page | None:
    """Return what the HTML shows, or None where the extra `intake` is not installed.

    Whoever calls has asked whether it is `html_cost.too_costly`.
    """
    try:
        from selectolax.lexbor import LexborHTMLParser
    except ImportError:
        return None
    tree = LexborHTMLParser(source)
    return _Reader(_hidden_by_sheet(tree)).page(tree.root)


# -- parts ---------------------------------------------------------------------------------------


class _Reader:
    """Walks a tree once, without recursion, and writes down what it shows."""

    def __init__(self, hidden: frozenset[int]) -> None:
        self._sheet = hidden
        self._pieces: list[str] = []
        self._links: list[Link] = []
        self._hidden = 0
        self._quotes = 0
        self._due = 0  # line breaks before the next text

    def page(self, root: "LexborNode | None") -> Page:
        # (node, whether it is left again, gone, faint); for a link, where its text begins
        waiting: list[tuple[LexborNode, bool, bool, bool, int]] = []
        if root is not None:
            waiting.append((root, False, False, False, 0))
        while waiting:
            node, leaving, gone, faint, place = waiting.pop()
            if leaving:
                self._leave(node, place)
                continue
            tag = node.tag
            if tag == "-text":
                self._text(node, hidden=gone or faint)
                continue
            if tag is None or tag in _SILENT:
                continue
            gone, faint = self._state(node, gone=gone, faint=faint)
            if not (gone or faint):
                self._enter(tag)
                if tag in _BLOCKS or tag == "a":
                    waiting.append((node, True, gone, faint, len(self._pieces)))
            child = node.last_child
            while child is not None:
                waiting.append((child, False, gone, faint, 0))
                child = child.prev
        return Page(
            text=_tidy("".join(self._pieces)), hidden=self._hidden, links=tuple(self._links)
        )

    def _enter(self, tag: str) -> None:
        if tag == "blockquote":
            self._quotes += 1
        if tag == "br":
            self._due = min(self._due + 1, 2)
        elif tag in _BLOCKS:
            self._break(2 if tag == "p" else 1)
        elif tag in ("td", "th"):
            self._pieces.append(" ")

    def _leave(self, node: "LexborNode", place: int) -> None:
        if node.tag == "a":
            self._link(node, place)
            return
        if node.tag == "blockquote":
            self._quotes -= 1
        self._break(2 if node.tag == "p" else 1)

    def _break(self, count: int = 1) -> None:
        self._due = max(self._due, count)

    def _text(self, node: "LexborNode", *, hidden: bool) -> None:
        text = node.text_content or ""
        if "\n" in text or "  " in text or "\t" in text:
            text = _SPACE.sub(" ", text)
        if hidden:
            self._hidden += len(text.strip())
        elif text and not (self._due and text == " "):
            if self._due:
                self._pieces.append(("\n" + "> " * min(self._quotes, 5)) * self._due)
                self._due = 0
            self._pieces.append(text)

    def _state(self, node: "LexborNode", *, gone: bool, faint: bool) -> tuple[bool, bool]:
        attributes = node.attributes
        if not attributes and not self._sheet:
            return gone, faint
        style = attributes.get("style")
        if style:
            seen, unseen, away = _styled(style[:STYLE_CHARACTERS_MAX])
            faint = (faint and not seen) or unseen
            gone = gone or away
        gone = gone or "hidden" in attributes or (bool(self._sheet) and node.mem_id in self._sheet)
        return gone, faint

    def _link(self, node: "LexborNode", place: int) -> None:
        target = (node.attributes.get("href") or "").strip()[:TARGET_CHARACTERS_MAX]
        if not target or target.startswith("#") or len(self._links) >= LINKS_MAX:
            return
        shown = _SPACE.sub(" ", "".join(self._pieces[place:])).strip()[:TARGET_CHARACTERS_MAX]
        self._links.append(Link(text=shown, target=target, elsewhere=_elsewhere(shown, target)))


@lru_cache(maxsize=1_024)
def _styled(style: str) -> tuple[bool, bool, bool]:
    """Return whether a style shows again what is in hidden text, hides it, or takes it away."""
    style = _SPACE.sub("", style).lower()
    return (
        _SEEN.search(style) is not None or _SIZED.search(style) is not None,
        _FAINT.search(style) is not None or _same_colour(style),
        _GONE.search(style) is not None,
    )


def _hidden_by_sheet(tree: "LexborHTMLParser") -> frozenset[int]:
    """Return the nodes that a style sheet of the page hides on every screen."""
    from selectolax.lexbor import SelectolaxError

    found: set[int] = set()
    rules = 0
    for sheet in tree.css("style")[:RULES_MAX]:
        for selector, body in _RULE.findall(_always(_COMMENT.sub("", sheet.text() or ""))):
            rules += 1
            if rules > RULES_MAX:
                return frozenset(found)
            style = _SPACE.sub("", body).lower()
            if _GONE.search(style) is None and _FAINT.search(style) is None:
                continue
            try:
                found |= {node.mem_id for node in tree.css(selector.strip())}
            except SelectolaxError:  # a selector that the library does not read
                continue
    return frozenset(found)


def _always(sheet: str) -> str:
    """Return a sheet without the blocks that hold on some screens only."""
    kept: list[str] = []
    done = 0
    while (start := sheet.find("@", done)) >= 0:
        kept.append(sheet[done:start])
        opened, ended = sheet.find("{", start), sheet.find(";", start)
        if opened < 0 or 0 <= ended < opened:
            done = len(sheet) if ended < 0 else ended + 1
            continue
        depth, done = 1, opened + 1
        while depth and done < len(sheet):
            depth += {"{": 1, "}": -1}.get(sheet[done], 0)
            done += 1
    return "".join([*kept, sheet[done:]])


def _same_colour(style: str) -> bool:
    colour, ground = _COLOUR.search(style), _GROUND.search(style)
    if colour is None:
        return False
    name = _WHITE.get(colour[1], colour[1])
    if ground is None:
        return name == "#ffffff" and "background" not in style and "transparent" not in style
    return name == _WHITE.get(ground[1], ground[1])


def _elsewhere(shown: str, target: str) -> bool:
    """Whether a link shows the name of a host and leads to another."""
    if not target.lower().startswith(("http:", "https:", "//", "mailto:")):
        return ":" in target.partition("/")[0]
    if "." not in shown:
        return False
    named = _HOST.match(shown)
    if named is None:
        return False
    try:
        host = urlsplit(target).hostname or target.partition("@")[2].partition("?")[0]
    except ValueError:
        return True
    first, second = (one.lower().removeprefix("www.") for one in (named[1], host))
    return first != second and not second.endswith(f".{first}")


def _tidy(text: str) -> str:
    """Return the text with at most one empty line between others, and no space at their ends."""
    lines: list[str] = []
    for line in text.replace("\xa0", " ").split("\n"):
        shorn = " ".join(line.split())
        if shorn.strip("> ") or (lines and lines[-1].strip("> ")):
            lines.append(shorn)
    return "\n".join(lines).strip("\n ")
