"""Read phone numbers and e-mail addresses; the home of phonenumbers and email-validator."""

import re
import unicodedata
from email.utils import parseaddr
from functools import cache

import phonenumbers
from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from remit.intake.context import NormaliseContext, territory
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

PHONE_CHARACTERS_MAX = 60
EMAIL_CHARACTERS_MAX = 320
PLAIN_CHARACTERS_MAX = 100
FICTIONAL_EACH = 100  # 555-0100 to 555-0199 of each area of the North American plan

_SEVERAL = re.compile(
    r"\s*(?:[/,]|;(?!ext=))\s*|\s*&\s*|\s+(?:or|oder|ou|lub|o|and|und|et|oraz|y)\s+", re.IGNORECASE
)
_SCHEME = re.compile(r"^tel:\s*", re.IGNORECASE)
_EXTENSION = re.compile(
    r"(?:;?ext(?:ension|n)?|anexo|poste|int|x)[.:=]?\s*\d{1,12}$|^(?:tel|phone)\b[.:]?",
    re.IGNORECASE,
)
_KEYS = re.compile(r"[A-Za-z]{3}[A-Za-z\d -]*$")  # a word to dial stands last
_LETTERS = re.compile(r"[^\W\d_]")
_MAILTO = re.compile(r"^mailto:(?=[^?]+$)", re.IGNORECASE)
_RESERVED = re.compile(r"@[^@]*\.(?:test|invalid|localhost|local|onion|arpa)$", re.IGNORECASE)
_PLAIN = re.compile(
    r"(?!\.)(?!.*(?:\.\.|--|\.@))[A-Za-z0-9_+.-]{1,64}"
    r"@((?:[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?\.)+[a-z]{2,24})"
)
_SPECIAL = tuple(f".{name}" for name in SPECIAL_USE_DOMAIN_NAMES)
_ADDRESS = re.compile(r"[^\s<>,;@()\[\]\"]+@[^\s<>,;@()\[\]\"]+")
_LAST_LABEL = re.compile(r"\.[^\W\d_]{2,}$|\.xn--[a-z0-9-]+$", re.IGNORECASE)


def normalise_phone(text: str, context: NormaliseContext) -> Field:
    """Return the number as E.164 (with `;ext=`), or why it is none."""
    raw = _SCHEME.sub("", unicodedata.normalize("NFKC", text).strip())
    if not raw:
        return refused(Kind.PHONE, Code.FIELD_MISSING)
    if len(raw) > PHONE_CHARACTERS_MAX or not any(char.isdigit() for char in raw):
        return refused(Kind.PHONE, Code.PHONE_NOT_VALID)
    region, grounds = _region(context)
    if several := _several(raw, region):
        return refused(Kind.PHONE, Code.PHONE_SEVERAL, several)
    international = raw.lstrip("( ").startswith("+")
    if not international and region is None:
        return refused(Kind.PHONE, Code.PHONE_REGION_MISSING, _with_plus(raw))
    digits = re.sub(r"\D", "", raw)
    if not international and len(digits) <= 4 and _KEYS.search(raw) is None:
        return refused(Kind.PHONE, Code.PHONE_SHORT_CODE)
    number = parsed(raw, None if international else region)
    if number is None:
        return refused(Kind.PHONE, Code.PHONE_NOT_VALID, _with_plus(raw))
    if international:
        grounds = ()
    plain = _EXTENSION.sub("", raw)
    if (letters := _LETTERS.search(plain)) is not None:
        whole = parsed(raw[: letters.start()], None if international else region)
        if whole is not None:  # the letters are a remark, not keys
            return refused(Kind.PHONE, Code.PHONE_NOT_VALID, (written(whole),))
        if _KEYS.search(plain) is None:
            return refused(Kind.PHONE, Code.PHONE_NOT_VALID)
        told = Assumption(code="letters_as_digits", sentence="letters read as on a keypad")
        grounds = (*grounds, told)
    return found(Kind.PHONE, written(number), grounds)


def parsed(text: str, region: str | None) -> PhoneNumber | None:
    """Return the valid number that the text is in that region, or None."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def written(number: PhoneNumber) -> str:
    """Return a number in its one form: E.164, with `;ext=` where there is an extension."""
    plain = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{plain};ext={number.extension}" if number.extension else plain


@cache
def fictional_areas() -> tuple[str, ...]:
    """Return the areas of the North American plan that have numbers which are kept for fiction."""
    first = ((area, area * 10**7 + 5_550_100) for area in range(200, 1_000))
    return tuple(
        f"{area}"
        for area, number in first
        if phonenumbers.is_valid_number(PhoneNumber(country_code=1, national_number=number))
    )


def fictional_number(place: int) -> tuple[str, ...]:
    """Return one of these numbers, in each form that libraries write; E.164 first."""
    area, end = fictional_areas()[place // FICTIONAL_EACH], f"{place % FICTIONAL_EACH:02}"
    rest = f"{area}-555-01{end}"
    return f"+1{area}55501{end}", f"tel:+1-{rest}", f"+1 {rest}", f"({area}) 555-01{end}"


def _region(context: NormaliseContext) -> tuple[str | None, tuple[Assumption, ...]]:
    if declared := context.formats.get("phone"):
        return declared, ()
    where = territory(context)
    if where is None:
        return None, ()
    told = Assumption(
        code=f"region_by_{where[1]}",
        sentence=f"read as a number of {where[0]}, from the {where[1]}",
    )
    return where[0], (told,)


def _several(raw: str, region: str | None) -> tuple[str, ...]:
    left, *rest = _SEVERAL.split(raw)
    if not rest or len(re.sub(r"\D", "", left)) < 6:
        return ()
    first = parsed(left, region)
    if first is None:
        return ()
    second = rest[0]
    other = parsed(second, region)
    if other is None:
        digits = re.sub(r"\D", "", second)
        kept = re.sub(r"\D+$", "", left)
        joined = kept[: len(kept) - len(digits)] + digits  # the part that both numbers share
        other = parsed(joined, region)
    return (written(first), written(other)) if other is not None else ()


def _with_plus(raw: str) -> tuple[str, ...]:
    number = parsed("+" + raw[2:], None) if raw.startswith("00") else None
    return (written(number),) if number is not None else ()


def normalise_email(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the address with its domain in lower case, or why it is none."""
    raw = unicodedata.normalize("NFC", text).strip()
    if not raw:
        return refused(Kind.EMAIL, Code.FIELD_MISSING)
    if len(raw) > EMAIL_CHARACTERS_MAX:
        return refused(Kind.EMAIL, Code.EMAIL_SYNTAX)
    if is_plain(raw):
        return found(Kind.EMAIL, raw)
    raw = _MAILTO.sub("", raw)
    addresses = _ADDRESS.findall(raw)
    if len(addresses) > 1:
        return refused(Kind.EMAIL, Code.EMAIL_SEVERAL, addresses)
    grounds: tuple[Assumption, ...] = ()
    if "<" in raw:
        name, address = parseaddr(raw)
        if address:
            told = Assumption(
                code="display_name_split", sentence="the name before it was left out"
            )
            raw, grounds = address, (told,) if name else ()
    try:
        checked = validate_email(raw, check_deliverability=False)
    except EmailNotValidError:
        if _RESERVED.search(raw):
            return refused(Kind.EMAIL, Code.EMAIL_RESERVED_DOMAIN)
        return refused(Kind.EMAIL, Code.EMAIL_SYNTAX, _corrected(raw))
    domain = checked.ascii_domain.lower()
    if len(checked.local_part) > 64 or not _LAST_LABEL.search("." + domain):
        return refused(Kind.EMAIL, Code.EMAIL_SYNTAX)
    if _mixed(checked.local_part) or _mixed(checked.domain):
        told = Assumption(
            code="mixed_script", sentence="letters of several scripts that look alike"
        )
        grounds = (*grounds, told)
    return found(Kind.EMAIL, f"{checked.local_part}@{domain}", grounds)


def is_plain(address: str) -> bool:
    """Return whether an address is of the form that most have, which needs no library to judge.

    Whatever is not, goes to email-validator; a property holds that it says the same of these.
    """
    match = _PLAIN.fullmatch(address) if len(address) <= PLAIN_CHARACTERS_MAX else None
    return match is not None and not f".{match[1]}".endswith(_SPECIAL)


def _corrected(raw: str) -> tuple[str, ...]:
    dotted = raw.replace(",", ".")
    if dotted == raw:
        return ()
    try:
        validate_email(dotted, check_deliverability=False)
    except EmailNotValidError:
        return ()
    return (dotted,)


def _mixed(text: str) -> bool:
    if text.isascii():
        return False
    scripts = {unicodedata.name(char, "?").partition(" ")[0] for char in text if char.isalpha()}
    return len(scripts) > 1
