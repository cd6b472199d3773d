"""Texts that no rule was written against, in languages that none of the sets is written in.

The sentences were written, and the seed was set, before any recogniser had read one of them; the
values are Faker's. It is a check with limits: who wrote the sentences knew which types are scored,
and Faker writes numbers that nobody was ever assigned.
Change no template after reading what was found: write new ones beside them, with a seed of their
own.
"""

import random
import re
from collections.abc import Callable

from bench.masking.sets import Document

SEED = 20261128
EACH = 12  # documents of every template
HALF = 0.5
CARD_DIGITS = 16
NAME = "unseen"
SCORED = frozenset({"EMAIL", "PHONE", "CREDIT_CARD", "IBAN", "IP", "URL", "MAC", "NATIONAL_ID"})

# Sentences as people write them; what stands in braces is a value, in small letters a look-alike.
WRITTEN = {
    "nl_NL": (
        ("Goedemiddag,\n\nIk wacht al sinds {date} op bestelling {order}. Bel me even op"
        " {PHONE} of"
        " mail naar {EMAIL}.\n\nMet vriendelijke groet,\n{PERSON}"),
        "Graag het bedrag van {amount} terugstorten op {IBAN} t.n.v. {PERSON}. Mijn BSN is {ID}.",
        "Klant belde vanaf {PHONE}, burgerservicenummer {ID}, pakket {track} niet ontvangen.",
    ),
    "sv_SE": (
        "Hej! Jag heter {PERSON} och mitt personnummer är {ID}. Order {order} kom aldrig fram.",
        "Ring mig på {PHONE} efter klockan {time}. Annars går det bra med {EMAIL}. Mvh {PERSON}",
        "Kortet {CARD} debiterades två gånger den {date}, {amount} varje gång.",
    ),
    "fi_FI": (
        ("Hei, tilaukseni {order} on kadonnut. Henkilötunnukseni on {ID} ja"
        " puhelinnumeroni {PHONE}."),
        "Palautus tilille {IBAN}, kiitos. Summa oli {amount}. T. {PERSON}, {EMAIL}",
        "Asiakas {PERSON} soitti numerosta {PHONE} {date}, viite {ean}.",
    ),
    "pt_BR": (
        "Olá, meu CPF é {ID} e o pedido {order} ainda não chegou. Meu telefone: {PHONE}.",
        "Cobraram {amount} no cartão {CARD} em {date}. Respondam para {EMAIL}. Att, {PERSON}",
        "Cliente {PERSON}, CPF {ID}, rastreio {track}, pede contato pelo {PHONE}.",
    ),
    "ro_RO": (
        "Bună ziua, sunt {PERSON}, CNP {ID}. Comanda {order} din {date} nu a ajuns.",
        "Vă rog să returnați {amount} în contul {IBAN}. Telefon {PHONE}, e-mail {EMAIL}.",
    ),
    "tr_TR": (
        ("Merhaba, T.C. kimlik numaram {ID}. {order} numaralı siparişim {date}"
        " tarihinden beri yok."),
        "Bana {PHONE} numarasından veya {EMAIL} adresinden ulaşabilirsiniz. {PERSON}",
        "İade tutarı {amount}, hesap {IBAN}, kart {CARD}.",
    ),
    "hr_HR": (
        "Poštovani, moj OIB je {ID}, a narudžba {order} nije stigla. Mobitel: {PHONE}.",
        "Molim povrat {amount} na račun {IBAN}. Lijep pozdrav, {PERSON} ({EMAIL})",
    ),
    "cs_CZ": (
        ("Dobrý den, objednávka {order} nedorazila. Volejte {PHONE} nebo pište na"
        " {EMAIL}. {PERSON}"),
        "Peníze ({amount}) prosím pošlete na {IBAN}; balík {track}, datum {date}.",
    ),
    "en_IN": (
        ("Sir, kindly refund {amount} for order {order}. My mobile is {PHONE} and mail id {EMAIL}."
        " Regards {PERSON}"),
        "Charged twice on card no {CARD} dated {date}. Pls call {PHONE} asap, {PERSON}",
    ),
    "en_NZ": (
        ("Kia ora team, {PERSON} here. Parcel {track} went missing. Txt me on {PHONE} or flick an"
        " email to {EMAIL}, cheers."),
        "Can you check what {URL} says about size {size}? It wanted my card {CARD} again.",
    ),
    "en_IE": (
        ("Howya, the IBAN for the refund is {IBAN} and it was {amount}, order ref {order}. Ring us"
        " on {PHONE}.\n\n{PERSON}\n{EMAIL}"),
        ("> On {date} at {time} {PERSON} <{EMAIL}> wrote:\n> my new number is {PHONE}\n\nDone. The"
        " case is {order} and the article {ean}."),
    ),
}  # fmt: skip
# What programs write, with values of a locale drawn anew.
MACHINES = (
    "{date}T{time}:07Z api[{pid}] WARN login of {EMAIL} from {IP} refused, build {version}",
    '{IP} - - "GET {URL}" 200 {pid} trace={uuid}',
    "dhcpd: lease {IP} to {MAC} for {pid} s, commit {sha}",
    ("order;customer;mail;phone;iban\n{order};{PERSON};{EMAIL};{PHONE};{IBAN}\n{order};{PERSON};"
    "{EMAIL};{PHONE};{IBAN}\n"),
    ('{{"order": "{order}", "payer": {{"name": "{PERSON}", "mail": "{EMAIL}", "card": "{CARD}"}},'
    ' "ean": "{ean}", "total": "{amount}"}}'),
    "ticket: {pid}\nreporter: {PERSON}\ncontact: {PHONE}\nsource_ip: {IP6}\nrelease: {version}\n",
    "PUT /v2/customers/{pid}?mail={EMAIL}&trace={uuid} 204 in {time}",
    "Device {MAC} (firmware {version}, serial {ean}) last seen at {IP6} on {date}",
    ("Released {version} ({sha}) on {date}; {pid} tests, {size} images, EAN {ean}, tracking"
    " {track}, ref {order}, total {amount}"),
)  # fmt: skip
_SLOT = re.compile(r"\{\{|\}\}|\{([A-Za-z0-9]+)\}")
_GAPS = ("", "", " ", "-")


def documents() -> list[Document]:
    """Return the texts with their labels, the same ones each time."""
    import faker

    faker.Faker.seed(SEED)
    rng = random.Random(SEED)
    values = {name: _values(faker.Faker(name), rng) for name in WRITTEN}
    return [
        *(
            _filled(template, values[name])
            for name, templates in WRITTEN.items()
            for template in templates * EACH
        ),
        *(_filled(template, values[rng.choice(list(WRITTEN))]) for template in MACHINES * EACH),
    ]


def _filled(template: str, values: dict[str, Callable[[], str]]) -> Document:
    text, done = "", 0
    spans = []
    for slot in _SLOT.finditer(template):
        text += template[done : slot.start()]
        done = slot.end()
        if slot[1] is None:
            text += slot[0][0]
            continue
        value = values[slot[1]]()
        if slot[1].isupper():
            kind = {"ID": "NATIONAL_ID", "CARD": "CREDIT_CARD", "IP6": "IP"}.get(slot[1], slot[1])
            spans.append((len(text), len(text) + len(value), kind))
        text += value
    return Document(
        set=NAME,
        text=text + template[done:],
        gold=tuple(one for one in spans if one[2] in SCORED),
        scored=SCORED,
        persons=tuple(one for one in spans if one[2] == "PERSON"),
    )


def _values(fake: "object", rng: random.Random) -> dict[str, Callable[[], str]]:
    """Return what draws each kind of value, and each kind of what only looks like one."""
    draw: Callable[[str], str] = lambda name: str(getattr(fake, name)())  # noqa: E731

    def digits(count: int) -> str:
        return "".join(rng.choices("0123456789", k=count))

    def card() -> str:
        number, gap = draw("credit_card_number"), rng.choice(_GAPS)
        return gap.join(re.findall(".{1,4}", number)) if len(number) == CARD_DIGITS else number

    def iban() -> str:
        number = draw("iban")
        return " ".join(re.findall(".{1,4}", number)) if rng.random() < HALF else number

    return {
        "PERSON": lambda: draw("name"),
        "EMAIL": lambda: draw("free_email" if rng.random() < HALF else "company_email"),
        "PHONE": lambda: draw("phone_number"),
        "CARD": card,
        "IBAN": iban,
        "IP": lambda: draw("ipv4_public"),
        "IP6": lambda: draw("ipv6"),
        "URL": lambda: f"{draw('url')}{draw('uri_path')}?user={draw('user_name')}",
        "MAC": lambda: draw("mac_address"),
        "ID": lambda: draw("ssn"),
        "order": lambda: rng.choice(("", "#", "NL-", "2026-")) + digits(rng.choice((6, 8, 10))),
        "amount": lambda: rng.choice(("€ {}.{}", "{},{} EUR", "{}.{}")).format(
            digits(3).lstrip("0") or "7", digits(2)
        ),
        "date": lambda: f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}",
        "time": lambda: f"{rng.randint(0, 23):02}:{rng.randint(0, 59):02}",
        "version": lambda: f"{rng.randint(0, 9)}.{rng.randint(0, 40)}.{rng.randint(0, 400)}",
        "uuid": lambda: draw("uuid4"),
        "sha": lambda: draw("sha1")[:12],
        "track": lambda: rng.choice(("3S", "RR", "JD")) + digits(13),
        "ean": lambda: draw("ean13"),
        "size": lambda: f"{digits(3)}x{digits(3)}",
        "pid": lambda: str(rng.randint(100, 99_999)),
    }  # fmt: skip
