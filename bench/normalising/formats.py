"""Dates and amounts as CLDR writes them in 46 locales: inputs that nobody here thought of."""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

from babel.dates import format_date
from babel.numbers import format_currency

LOCALES = (
    "en_US en_GB en_AU en_IN de_DE de_AT de_CH fr_FR fr_CA fr_CH pl_PL es_ES es_MX it_IT nl_NL"
    " pt_BR pt_PT sv_SE da_DK nb_NO fi_FI cs_CZ sk_SK hu_HU ro_RO ru_RU uk_UA tr_TR el_GR bg_BG"
    " hr_HR sl_SI et_EE lv_LV lt_LT sr_RS ca_ES ja_JP ko_KR zh_CN zh_TW vi_VN id_ID ms_MY af_ZA"
    " sq_AL"
).split()
SHAPES = ("full", "long", "medium", "short")
CURRENCIES = ("EUR", "USD", "PLN", "JPY", "CHF", "INR", "SEK", "GBP")
AMOUNTS = ("5", "12.5", "1234", "1234.5", "1234567.89", "-19.99", "0.05", "100000")
WINDOW = "1970"  # first year of the hundred that two digits name
DAYS = 6
Row = dict[str, object]


def rows(seed: int = 7) -> list[Row]:
    """Return rows as the table has them; `locale` is what a context may say of them."""
    return [*_dates(random.Random(seed)), *_amounts()]


def _dates(chance: random.Random) -> Iterator[Row]:
    for locale in LOCALES:
        for shape in SHAPES:
            for _ in range(DAYS):
                day = date(1990, 1, 1) + timedelta(days=chance.randrange(22_000))
                yield {
                    "kind": "date",
                    "raw": format_date(day, shape, locale=locale),
                    "meant": day.isoformat(),
                    "locale": locale,
                    "shape": shape,
                }


def _amounts() -> Iterator[Row]:
    for locale in LOCALES:
        for currency in CURRENCIES:
            for written in AMOUNTS:
                amount = Decimal(written)
                amount = amount.to_integral_value() if currency == "JPY" else amount
                yield {
                    "kind": "money",
                    "raw": format_currency(amount, currency, locale=locale),
                    "meant": f"{amount:f} {currency}",
                    "locale": locale,
                    "shape": "amount",
                }
