"""Signs and words of currencies; a sign that several countries use names none by itself."""

import re
from collections.abc import Mapping

from remit.domain.money import Money
from remit.intake import cldr
from remit.intake.context import NormaliseContext, territory
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

WITHDRAWN = frozenset(
    "DEM FRF ITL ESP NLG ATS BEF PTE GRD IEP FIM HRK LTL LVL EEK SKK SIT".split()
)

# ISO 4217:2015 codes in use
CODES = frozenset(
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP"
    " BYN BZD"
    " CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS"
    " GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW"
    " KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR"
    " MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR"
    " SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD"
    " UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW".split()
)
_UNIQUE = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "₹": "INR", "r$": "BRL", "us$": "USD", "a$": "AUD",
    "c$": "CAD", "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "mx$": "MXN", "zł": "PLN",
    "kč": "CZK", "₺": "TRY", "₩": "KRW", "₽": "RUB", "₴": "UAH", "฿": "THB", "₫": "VND",
    "₪": "ILS",
    "jp¥": "JPY", "cn¥": "CNY", "nt$": "TWD", "$us": "USD", "£gb": "GBP", "$ca": "CAD",
    "$au": "AUD", "円": "JPY", "元": "CNY",
}  # fmt: skip
_SHARED: dict[str, dict[str, str]] = {
    "$": {
        "US": "USD", "CA": "CAD", "AU": "AUD", "NZ": "NZD", "MX": "MXN", "SG": "SGD", "HK": "HKD",
        "AR": "ARS", "CL": "CLP", "CO": "COP",
    },
    "£": {"GB": "GBP", "EG": "EGP", "LB": "LBP", "GI": "GIP", "FK": "FKP"},
    "¥": {"JP": "JPY", "CN": "CNY"},
    "kr": {"SE": "SEK", "NO": "NOK", "DK": "DKK", "IS": "ISK"},
    "fr": {"CH": "CHF", "LI": "CHF", "BI": "BIF", "DJ": "DJF"},
    "rs": {"IN": "INR", "PK": "PKR", "LK": "LKR", "NP": "NPR", "MU": "MUR"},
}  # fmt: skip
_ALIASES = {
    "dollar": "$", "dollars": "$", "pound": "£", "pounds": "£", "yen": "¥", "￥": "¥",
    "sfr": "fr", "fr.": "fr", "rs.": "rs", "kr.": "kr",
}  # fmt: skip
_SPLIT = re.compile(r"\s+")


CURRENCY_CHARACTERS_MAX = 60


def normalise_currency(text: str, context: NormaliseContext) -> Field:
    """Return the currency's three letters (ISO 4217), or why the text names none or several."""
    raw = " ".join(text.split())
    if not raw:
        return refused(Kind.CURRENCY, Code.FIELD_MISSING)
    if len(raw) > CURRENCY_CHARACTERS_MAX:
        return refused(Kind.CURRENCY, Code.CURRENCY_MISSING, seen=raw)
    options = currency_words(raw)
    if options is None:
        return _by_name(raw)
    if len(options) == 1:
        (only,) = options.values()
        if only in WITHDRAWN:
            return refused(Kind.CURRENCY, Code.CURRENCY_WITHDRAWN, [only], seen=raw)
        return found(Kind.CURRENCY, only)
    local, told = of_sender(options, context)
    if local is None:
        return refused(Kind.CURRENCY, Code.CURRENCY_AMBIGUOUS, options.values(), seen=raw)
    return found(Kind.CURRENCY, local, told)


def of_sender(
    options: Mapping[str, str], context: NormaliseContext
) -> tuple[str | None, tuple[Assumption, ...]]:
    """Return which of the currencies behind a sign the owner declared or the sender's country has.

    The ground is empty for a declared one.
    """
    declared = context.formats.get("currency")
    if declared in options.values():
        return declared, ()
    where = territory(context)
    local = options.get(where[0]) if where else None
    if where is None or local is None:
        return None, ()
    told = Assumption(
        code=f"currency_by_{where[1]}", sentence=f"the sign read as {local}, from the {where[1]}"
    )
    return local, (told,)


def _by_name(raw: str) -> Field:
    """Read the name of a currency as some language writes it: exactly, never by likeness."""
    names = cldr.currency_names()
    if names is None:
        return refused(Kind.CURRENCY, Code.FIELD_EXTRA_MISSING, seen=raw)
    meant = sorted(CODES.intersection(names.get(cldr.name_folded(raw), ())))
    if len(meant) == 1:
        return found(Kind.CURRENCY, meant[0])
    code = Code.CURRENCY_AMBIGUOUS if meant else Code.CURRENCY_MISSING
    return refused(Kind.CURRENCY, code, meant, seen=raw)


def currency_words(words: str) -> Mapping[str, str] | None:
    """Return country -> currency that the words beside a number may mean, or None for other words.

    A single meaning stands under the empty country. A code beside a sign decides, if they agree.
    """
    options: dict[str, str] | None = None
    for word in _SPLIT.split(words.strip()):
        meant = _one(word)
        if meant is None:
            return None
        if options is None:
            options = meant
            continue
        common = set(options.values()) & set(meant.values())
        if len(common) != 1:
            return None
        options = {"": common.pop()}
    if options is not None and len(set(options.values())) == 1:
        return {next(iter(options.values())): next(iter(options.values()))}
    return options


def minor_digits(currency: str) -> int:
    """Return how many decimals a currency has (ISO 4217:2015)."""
    return len(Money.of(f"0 {currency}").written.partition(".")[2])


def _one(word: str) -> dict[str, str] | None:
    if word.upper() in CODES or word.upper() in WITHDRAWN:
        return {"": word.upper()}
    lower = word.casefold()
    if lower in _UNIQUE:
        return {"": _UNIQUE[lower]}
    return _SHARED.get(_ALIASES.get(lower, lower))
