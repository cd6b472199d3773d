"""The table of recognisers: what each kind of value looks like and how it is checked."""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from remit.intake import health, ibans, national, numbers, papers, secrets, wallets
from remit.intake.anchors import Anchor
from remit.intake.hit import Hit
from remit.intake.outline import Outline
from remit.intake.surroundings import Surroundings

LOCAL_PART_MAX = 64
SCHEME_MAX = 22
BIRTH_WINDOW = 90  # the word, what stands between, and the date

_LOCAL = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}\Z")
_DOMAIN = re.compile(
    r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})(?![\w-])"
)
_FILES = frozenset("png jpg jpeg gif svg webp css js ts json html htm pdf txt md py".split())
_URL = re.compile(
    r"(?<![A-Za-z0-9])(?:https?|ftps?|wss?|[a-z]{2,12}(?:\+[a-z]{2,8})?)://[^\s<>\"'`{}|\\^]{3,2000}",
    re.IGNORECASE,
)
_SCHEME = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2,12}(?:\+[A-Za-z]{2,8})?\Z")
_IPV4 = re.compile(
    r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w]|\.\d)"
)
_VERSION = re.compile(r"\b(?:v|ver|versions?|release|firmware)\.?[\s:=]{0,2}\Z", re.IGNORECASE)
_IPV6 = re.compile(
    r"(?<![\w:.])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?:(?<=:)(?:\d{1,3}\.){3}\d{1,3}|(?<=:\d)"
    r"(?:\d{0,2}\.)(?:\d{1,3}\.){2}\d{1,3}|(?<=:\d\d)(?:\d?\.)(?:\d{1,3}\.){2}\d{1,3}"
    r"|(?<=:\d\d\d)\.(?:\d{1,3}\.){2}\d{1,3})?(?![\w:]|\.\d)"
)
_MAC = re.compile(
    r"(?<![\w:-])[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}(?![\w:-])"
    r"|(?<![\w.])[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}(?![\w.])"
)
_MONTH = (
    r"(?i:jan|feb|fév|mar|mär|apr|avr|abr|ma[yij]|jun|jui|jul|aug|ao[uû]|sep|o[ck]t|nov|de[cz]|déc|dic"
    r"|sty|lut|kwi|cze|lip|sie|wrz|pa[zź]|lis|gru|ene|ago)[^\W\d_]{0,9}"
)
_MARKS = re.compile(r"[:.-]")
_BIRTHDAY = re.compile(
    r"(?<!\w)(?:\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.)? (?:de )?{_MONTH}\.? (?:de )?\d{{4}}"
    rf"|{_MONTH}\.? \d{{1,2}}(?:st|nd|rd|th)?,? \d{{4}})(?!\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """One row: `gate` says cheaply that a text may hold such values, `hits` finds them."""

    label: str
    type: str
    gate: Callable[[Outline], bool]
    hits: Callable[[Outline, Surroundings, tuple[str, ...]], Iterator[Hit]]


def _email(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    text = outline.text
    at = text.find("@")
    while at >= 0:
        local = _LOCAL.search(text[max(0, at - LOCAL_PART_MAX) : at])
        domain = _domain(text, at + 1)
        if local and domain:
            name = local[0].lstrip("'.`=&?/*|{}")
            name = name.rpartition("=")[2] or name  # to=anna@example.org in a query
            if name and not name.endswith("."):
                start = at - len(name)
                end = at + 1 + len(domain)
                yield Hit(start, end, "EMAIL", 0.9, "EMAIL", f"{name}@{domain.lower()}")
        at = text.find("@", at + 1)


def _domain(text: str, start: int) -> str:
    """Return the domain that begins there; of `example.org.txt` what stands before the ending."""
    match = _DOMAIN.match(text, start)
    if match is None:
        return ""
    before, _, ending = match[0].rpartition(".")
    if ending.lower() not in _FILES:
        return match[0]
    inner = _DOMAIN.fullmatch(before)
    last = "" if inner is None else before.rpartition(".")[2]
    return before if last and last.lower() not in _FILES | {"min"} else ""


def _url(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    text = outline.text
    mark = text.find("://")
    while mark >= 0:
        scheme = _SCHEME.search(text, max(0, mark - SCHEME_MAX), mark)
        match = _URL.match(text, scheme.start()) if scheme else None
        mark = text.find("://", match.end() if match else mark + 3)
        if match is None:
            continue
        whole = match[0].rstrip(".,;:!?*_")
        while whole.endswith((")", "]")) and whole.count("(") < whole.count(")") + whole.count(
            "]"
        ):
            whole = whole[:-1].rstrip(".,;:!?")
        yield Hit(match.start(), match.start() + len(whole), "URL", 0.92, "URL", whole)


def _address(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    text = outline.text
    for match in _IPV4.finditer(text) if outline.dotted else ():
        if _VERSION.search(text, max(0, match.start() - 16), match.start()):
            continue
        yield Hit(*match.span(), "IPADDR", 0.9, "IP", match[0])
    for match in _IPV6.finditer(text) if outline.at(Anchor.COLONS) else ():
        mapped = "." in match[0]
        if match[0].count(":") < (6 if mapped else 7) and "::" not in match[0]:
            continue
        if sum(char.isalnum() for char in match[0]) < 3 or not any(c.isdigit() for c in match[0]):
            continue
        try:
            address = ipaddress.IPv6Address(match[0])
        except ValueError:
            continue
        yield Hit(*match.span(), "IPADDR", 0.9, "IP", address.compressed)


def _mac(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    text = outline.text
    for place in outline.at(Anchor.PAIRS):
        match = _MAC.match(text, place)
        if match is None:
            continue
        compact = _MARKS.sub("", match[0].lower())
        if len(set(compact)) == 1:  # broadcast, or not set
            continue
        canonical = ":".join(compact[place : place + 2] for place in range(0, 12, 2))
        yield Hit(*match.span(), "MACADDR", 0.95, "MAC", canonical)


def _national(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    yield from national.alone_hits(outline.text, outline.at(Anchor.LAYOUT), around)
    yield from national.named_hits(outline.text, outline.at(Anchor.NAME))


def _health(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    return health.record_hits(outline.text, outline.at(Anchor.RECORD))


def _paper(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    return papers.paper_hits(outline.text, outline.at(Anchor.PAPER))


def _wallet(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    return wallets.wallet_hits(outline.text, outline.at(Anchor.LONG))


def _birthday(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    text = outline.text
    dates = _BIRTHDAY.finditer(text) if around.columned("birth") else _near(outline)
    for match in dates:
        if around.nearest(match.start()) == "birth":
            yield Hit(*match.span(), "DOB", 0.9, "DOB", match[0])


def _near(outline: Outline) -> Iterator[re.Match[str]]:
    """Yield the first date behind each word for birth."""
    done = -1
    for place in outline.at(Anchor.BIRTH):
        match = _BIRTHDAY.search(outline.text, max(place, done), place + BIRTH_WINDOW)
        if match is not None:
            done = match.end()
            yield match


def _numbers(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:
    return numbers.hits(outline.text, around, regions)


def _iban(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    return ibans.iban_hits(outline.text, outline.at(Anchor.IBAN))


def _secret(outline: Outline, around: Surroundings, regions: tuple[str, ...]) -> Iterator[Hit]:  # noqa: ARG001
    return secrets.hits(outline.text, outline)


def _marked(outline: Outline) -> bool:
    return any(mark in outline.raw for mark in (b":", b"-", b"."))


RECOGNISERS: tuple[Recogniser, ...] = (
    Recogniser(label="EMAIL", type="EMAIL", gate=lambda one: "@" in one.text, hits=_email),
    Recogniser(
        label="URL", type="URL", gate=lambda one: ":" in one.text and "://" in one.text, hits=_url
    ),
    Recogniser(label="IBAN", type="IBAN", gate=lambda one: bool(one.digits), hits=_iban),
    Recogniser(
        label="CREDIT_CARD", type="CARD", gate=lambda one: one.numbers, hits=_numbers
    ),  # and PHONE
    Recogniser(
        label="IP", type="IPADDR", gate=lambda one: one.dotted or b":" in one.raw, hits=_address
    ),
    Recogniser(label="MAC", type="MACADDR", gate=_marked, hits=_mac),
    Recogniser(label="NATID", type="NATID", gate=lambda one: bool(one.digits), hits=_national),
    Recogniser(label="MRN", type="HEALTHID", gate=lambda one: bool(one.digits), hits=_health),
    Recogniser(label="DOCUMENT", type="NATID", gate=lambda one: bool(one.digits), hits=_paper),
    Recogniser(label="CRYPTO", type="WALLET", gate=lambda one: bool(one.digits), hits=_wallet),
    Recogniser(label="DOB", type="DOB", gate=lambda one: bool(one.digits), hits=_birthday),
    Recogniser(label="SECRET", type="SECRET", gate=lambda _: True, hits=_secret),
)
