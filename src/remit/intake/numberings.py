"""Schemes of numbers with check digits: which there are, what they are called, whose they are.

A scheme is named as python-stdnum names it (`pl.pesel`, `eu.vat`, `isbn`). That library is
imported, never copied.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import ModuleType

from stdnum.exceptions import InvalidChecksum, ValidationError

from remit.domain.frozen import dataclass
from remit.intake.reasons import ReasonCode as Code

_NAME = re.compile(r"(?:[a-z]{2}_?\.)?[a-z][a-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One scheme; `words` are what a key or column that holds it is called."""

    name: str
    words: tuple[str, ...]
    country: str | None = None


def _row(name: str, words: str) -> Scheme:
    country = name.partition(".")[0].rstrip("_").upper() if "." in name else None
    return Scheme(
        name=name, words=tuple(words.split()), country=None if country == "EU" else country
    )


# What an undeclared number may be; any other scheme of python-stdnum may be declared.
KNOWN: Mapping[str, Scheme] = {
    line.split(":")[0].strip(): _row(*(part.strip() for part in line.split(":")))
    for line in """
    at.uid: uid ust
    au.abn: abn
    au.acn: acn
    au.tfn: tfn
    be.nn: nn rijksregisternummer
    be.vat: vat btw tva
    bg.egn: egn
    bic: bic swift
    br.cnpj: cnpj
    br.cpf: cpf
    ca.sin: sin
    ch.ssn: ahv avs
    ch.uid: uid
    cz.rc: rc rodnecislo
    de.idnr: idnr steuerid
    de.vat: vat ustid ustidnr
    dk.cpr: cpr
    dk.cvr: cvr
    ean: ean gtin barcode
    es.cif: cif
    es.dni: dni
    es.nie: nie
    es.nif: nif
    eu.vat: vat
    fi.hetu: hetu
    fr.nir: nir
    fr.siren: siren
    fr.siret: siret
    fr.tva: tva vat
    gb.nhs: nhs
    gb.utr: utr
    gb.vat: vat
    ie.pps: pps ppsn
    imei: imei
    imo: imo
    in_.aadhaar: aadhaar
    in_.gstin: gstin
    in_.pan: pan
    isbn: isbn
    isin: isin
    issn: issn
    it.codicefiscale: codicefiscale cf
    it.iva: iva partitaiva
    lei: lei
    mx.rfc: rfc
    nl.bsn: bsn
    nl.btw: btw vat
    no.fodselsnummer: fodselsnummer
    no.orgnr: orgnr
    pl.nip: nip
    pl.pesel: pesel
    pl.regon: regon
    pt.nif: nif contribuinte
    ro.cnp: cnp
    se.orgnr: orgnr
    se.personnummer: personnummer
    sg.uen: uen
    us.ein: ein
    us.ssn: ssn
    """.strip().splitlines()
}


def check(name: str, number: str) -> tuple[str | None, Code | None]:
    """Return the number in the scheme's compact form, or why it is none of that scheme.

    Raises `ValueError` for a scheme that does not exist.
    """
    scheme = module(name)
    try:
        return str(scheme.validate(number)), None
    except InvalidChecksum:
        return None, Code.ID_CHECKSUM
    except ValidationError:
        return None, Code.ID_LENGTH


def fitting(names: tuple[str, ...], number: str) -> Mapping[str, str]:
    """Return scheme -> compact form for each of the schemes that the number fits."""
    tried = ((name, check(name, number)[0]) for name in names)
    return {name: value for name, value in tried if value is not None}


def agrees(name: str, key: str, country: str | None) -> str | None:
    """Return what else speaks for a scheme: `key`, `country` or nothing."""
    known = KNOWN.get(name) or _row(name, name.rpartition(".")[2])
    words = {word for word in re.split(r"[^a-z0-9]+", key.casefold()) if word}
    if words & set(known.words) or re.sub(r"[^a-z0-9]", "", key.casefold()) in known.words:
        return "key"
    return "country" if country is not None and known.country == country else None


@cache
def module(name: str) -> ModuleType:
    """Return the module of python-stdnum that knows a scheme.

    Raises `ValueError` for a scheme that does not exist.
    """
    if _NAME.fullmatch(name) is None:
        raise ValueError(f"`{name}` is no scheme; write it as python-stdnum does: `pl.pesel`")
    try:
        found = import_module(f"stdnum.{name}")
    except ImportError as error:
        raise ValueError(f"python-stdnum knows no scheme `{name}`") from error
    if not hasattr(found, "validate"):
        raise ValueError(f"python-stdnum has no check for `{name}`")
    return found
