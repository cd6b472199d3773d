"""The table of national identity numbers: how each looks, what names it, how it is checked."""

import re
from collections.abc import Callable
from functools import cache
from importlib import import_module

from remit.domain.frozen import dataclass
from remit.intake import check_digits

Check = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """One kind of number of one country.

    `names` are the words that name it, in lower case; `shape` is its compact form; `check` is a
    module of python-stdnum or one of ours; `alone` is a written form that needs no context, given
    that the check passes. `telling` names mean nothing else: behind one, a number of the right
    shape is taken even where its check digit is wrong, since a mistyped number is still
    somebody's.
    """

    label: str
    country: str
    names: tuple[str, ...]
    shape: str
    check: str
    alone: str = ""
    telling: bool = False
    type: str = "NATID"


def _row(
    label: str, names: str, shape: str, check: str, alone: str = "", *, telling: bool = False
) -> Scheme:
    named = tuple(name.strip() for name in names.split("|"))
    return Scheme(
        label=label, country=label[:2], names=named, shape=shape, check=check, alone=alone,
        telling=telling,
    )  # fmt: skip


_SSN = r"(?!000|666|9)\d{3}(?!00)\d\d(?!0000)\d{4}"
SCHEMES: tuple[Scheme, ...] = (
    _row("PL_PESEL", "pesel", r"\d{11}", "pl.pesel", telling=True),
    _row("PL_NIP", "nip", r"\d{10}", "pl.nip",
         r"\d{3}-\d{3}-\d\d-\d\d|\d{3}-\d\d-\d\d-\d{3}", telling=True),
    _row("PL_REGON", "regon", r"\d{9}(?:\d{5})?", "pl.regon", telling=True),
    _row("PL_ID_CARD", "dowód osobisty|dowodem osobistym|dowodu osobistego|dowod osobisty"
         "|nr dowodu|seria i numer", r"[A-Z]{3}\d{6}", "own.polish_card", telling=True),
    _row("ES_DNI", "dni|nif", r"\d{7,8}[A-Z]", "own.spanish_dni", r"\d{7,8}-?[A-Z]"),
    _row("ES_NIE", "nie", r"[XYZ]\d{7}[A-Z]", "es.nie", r"[XYZ]-?\d{7}-?[A-Z]"),
    _row("IT_CODICE_FISCALE", "codice fiscale|c.f.", r"[A-Z]{6}[\dL-V]{2}[A-EHLMPRST][\dL-V]{2}"
         r"[A-Z][\dL-V]{3}[A-Z]", "own.any",
         r"[A-Z]{6}[\dL-V]{2}[A-EHLMPRST][\dL-V]{2}[A-Z][\dL-V]{3}[A-Z]"),
    _row("IT_PARTITA_IVA", "partita iva|p.iva|p. iva", r"\d{11}", "it.iva"),
    _row("FI_HETU", "hetu|henkilötunnus", r"\d{6}[-+A-FU-Y]\d{3}[\dA-Y]", "own.finnish_code",
         r"\d{6}[-+A-FU-Y]\d{3}[\dA-Y]"),
    _row("DE_STEUER_ID", "idnr|steuer-id|steuerid|steueridentifikationsnummer"
         "|identifikationsnummer", r"[1-9]\d{10}", "de.idnr"),
    _row("DE_STEUERNUMMER", "steuernummer|steuer-nr|st.-nr", r"\d{10,13}", "de.stnr"),
    _row("DE_RVNR", "rentenversicherungsnummer|sozialversicherungsnummer|rvnr|sv-nummer",
         r"\d{8}[A-Z]\d{3}", "own.german_insurance", r"\d\d ?\d{6} ?[A-Z] ?\d{3}"),
    _row("FR_NIR", "nir|sécurité sociale|securite sociale|insee",
         r"[12]\d{4}(?:\d\d|2(?:A|B))\d{8}", "fr.nir",
         r"[12] ?\d\d ?\d\d ?(?:\d\d|2[AB]) ?\d{3} ?\d{3} ?\d\d"),
    _row("FR_SPI", "spi|numéro fiscal", r"[0-3]\d{12}", "fr.nif"),
    _row("BE_NN", "rijksregisternummer|registre national|nrn", r"\d{11}", "be.nn",
         r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d"),
    _row("NL_BSN", "bsn|burgerservicenummer|sofinummer", r"\d{8,9}", "nl.bsn"),
    _row("CH_AHV", "ahv|avs|ahv-nr|ahv-nummer", r"756\d{10}", "ch.ssn",
         r"756\.?\d{4}\.?\d{4}\.?\d\d"),
    _row("AT_SVNR", "svnr|sv-nr|sozialversicherungsnummer", r"[1-9]\d{9}", "at.vnr"),
    _row("SE_PERSONNUMMER", "personnummer|pnr|personal identity code", r"(?:\d\d)?\d{10}",
         "own.swedish_number",
         # Without a mark only of the last century: 202611280705 is a time.
         r"(?:1[89]|20)?\d\d[01]\d[0-3]\d[-+]\d{4}|19\d\d[01]\d[0-3]\d{5}"),
    _row("DK_CPR", "cpr|cpr-nummer", r"[0-3]\d[01]\d{7}", "dk.cpr"),
    _row("NO_FODSELSNUMMER", "fødselsnummer|fodselsnummer|fnr|personnummer", r"\d{11}",
         "no.fodselsnummer"),
    _row("CZ_RC", "rodné číslo|rodne cislo|rč", r"\d{9,10}", "cz.rc",
         r"\d\d[0-3578]\d[0-3]\d/\d{3,4}"),
    _row("RO_CNP", "cnp|cod numeric personal", r"[1-9]\d{12}", "ro.cnp"),
    _row("BG_EGN", "егн|egn", r"\d{10}", "bg.egn"),
    _row("GR_AMKA", "amka|αμκα", r"\d{11}", "gr.amka"),
    _row("TR_KIMLIK", "tckn|kimlik|turkish id", r"[1-9]\d{10}", "tr.tckimlik"),
    _row("HR_OIB", "oib", r"\d{11}", "hr.oib"),
    _row("PT_NIF", "nif|contribuinte", r"[1-35689]\d{8}", "pt.nif"),
    _row("KR_RRN", "rrn|주민등록번호|resident registration", r"\d\d[01]\d[0-3]\d[1-8]\d{6}",
         "own.korean_number", r"\d\d[01]\d[0-3]\d-[1-8]\d{6}"),
    _row("TH_PIN", "thai national id|thai id|เลขประจำตัวประชาชน", r"[1-8]\d{12}", "th.pin",
         r"[1-8]-\d{4}-\d{5}-\d\d-\d"),
    _row("ZA_ID", "south african id|rsa id|sa id|resident number", r"\d{13}", "own.south_african",
         r"\d\d[01]\d[0-3]\d{5}[0-2][89]\d"),
    _row("AU_TFN", "tfn|tax file", r"\d{8,9}", "au.tfn", r"\d{3} \d{3} \d{3}"),
    _row("AU_ABN", "abn", r"\d{11}", "au.abn", r"\d\d \d{3} \d{3} \d{3}"),
    _row("AU_MEDICARE", "medicare", r"[2-6]\d{9,10}", "own.medicare", r"[2-6]\d{3} \d{5} \d"),
    _row("CA_SIN", "sin|social insurance", r"[1-79]\d{8}", "ca.sin",
         r"[1-79]\d\d([- ])\d{3}\1\d{3}"),
    _row("US_SSN", "ssn|social security|social is", _SSN, "own.american_number",
         r"(?!000|666|9)\d{3}([-. ])(?!00)\d\d\1(?!0000)\d{4}", telling=True),
    _row("US_ITIN", "itin|taxpayer identification",
         r"9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}",
         "own.any",
         r"9\d\d-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}"),
    _row("GB_NINO", "national insurance|nino|ni number",
         r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]\d{6}[A-D]", "own.any",
         r"(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z] ?\d\d ?\d\d ?\d\d ?[A-D]"),
    _row("GB_NHS", "nhs", r"\d{10}", "gb.nhs"),
    _row("IE_PPS", "pps|ppsn", r"\d{7}[A-W][A-IW]?", "ie.pps"),
    _row("IN_AADHAAR", "aadhaar|aadhar", r"[2-9]\d{11}", "in_.aadhaar"),
    _row("IN_PAN", "pan|permanent account", r"[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z]", "in_.pan"),
    _row("SG_NRIC", "nric|fin", r"[STFGM]\d{7}[A-Z]", "own.singaporean_number",
         r"[STFGM]\d{7}[A-Z]"),
    _row("MX_CURP", "curp", r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[\dA-Z]\d", "mx.curp",
         r"[A-Z]{4}\d{6}[HMX][A-Z]{5}[\dA-Z]\d"),
    _row("BR_CPF", "cpf", r"\d{11}", "br.cpf", r"\d{3}\.\d{3}\.\d{3}-\d\d"),
    _row("CL_RUT", "rut", r"\d{7,8}[\dK]", "cl.rut", r"\d{1,2}\.\d{3}\.\d{3}-[\dK]"),
    _row("AR_CUIT", "cuit|cuil", r"\d{11}", "ar.cuit", r"(?:2[0347]|3[034])-\d{8}-\d"),
    _row("CN_RIC", "身份证|resident identity card", r"[1-9]\d{16}[\dX]", "own.chinese_number",
         r"[1-9]\d{16}[\dX]"),
    _row("JP_MY_NUMBER", "マイナンバー|my number|個人番号", r"\d{12}", "own.japanese_number"),
    _row("US_NPI", "npi|national provider|provider identifier", r"\d{10}", "own.provider",
         telling=True),
)  # fmt: skip
# Not a person's national number but one of health care, with a type of its own.
HEALTH = frozenset({"US_NPI"})

OF_LABEL = {scheme.label: scheme for scheme in SCHEMES}
_LETTER = re.compile(r"\[[A-WYZ]|\[XYZ")
# A number of general context ("tax id", "documento") may be of any of these.
GENERAL = tuple(
    one
    for one in SCHEMES
    if one.label not in HEALTH | {"US_SSN", "KR_RRN"} and _LETTER.search(one.shape) is None
)


@cache
def shape_of(scheme: Scheme) -> re.Pattern[str]:
    """Return the compiled compact form of a scheme."""
    return re.compile(scheme.shape)


@cache
def check_of(scheme: Scheme) -> Check:
    """Return what tells whether a compact number passes the scheme's check."""
    home, _, name = scheme.check.rpartition(".")
    if home == "own":
        ours: Check = getattr(check_digits, name)
        return ours
    module = import_module(f"stdnum.{scheme.check}")
    is_valid: Check = module.is_valid

    def check(compact: str) -> bool:
        try:
            return is_valid(compact)
        except Exception:  # noqa: BLE001 - a defect of one validator may not unmask a number
            return True

    return check


def fits(scheme: Scheme, compact: str) -> bool:
    """Tell whether a compact number has the scheme's shape and passes its check."""
    return shape_of(scheme).fullmatch(compact) is not None and check_of(scheme)(compact)
