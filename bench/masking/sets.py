"""The annotated sets, read where they lie beside the project and never copied into it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from bench.places import ROOT

FOLDER = ROOT.parent / "shared" / "data" / "pii"
SLICE = 1024  # characters

_CONTACTS = frozenset({"EMAIL", "PHONE"})
_GENERAL = _CONTACTS | {"CREDIT_CARD", "IBAN", "IP", "URL", "US_SSN"}
SCORED = {
    "presidio_synth_v2": _GENERAL,
    "presidio_generated_large": _GENERAL,
    "pl_pii_bench": _CONTACTS | {"CREDIT_CARD", "IBAN", "NATIONAL_ID"},
    "ambientmeta_subset": _CONTACTS | {"CREDIT_CARD", "US_SSN", "NPI", "MRN"},
    "presidio_unit_cases": frozenset[str](),  # each row only its own type
    "tau2_records": _CONTACTS,
    "remit_msgs": _GENERAL | {"NATIONAL_ID", "MAC", "CRYPTO"},
}
_OF_RECOGNISER = {
    "credit_card": "CREDIT_CARD", "crypto": "CRYPTO", "email": "EMAIL", "iban": "IBAN", "ip": "IP",
    "mac": "MAC", "phone": "PHONE", "url": "URL", "us_npi": "NPI", "us_ssn": "US_SSN",
}  # fmt: skip
Gold = tuple[int, int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One annotated text and the types that count in it."""

    set: str
    text: str
    gold: tuple[Gold, ...]
    scored: frozenset[str]
    persons: tuple[Gold, ...]


def read() -> tuple[list[Document], list[str]]:
    """Return the documents of every set that is there, and what is skipped, in words."""
    documents: list[Document] = []
    skipped: list[str] = []
    for name in SCORED:
        file = FOLDER / f"{name}.jsonl"
        if file.is_file():
            documents += _documents(name, file.read_text(encoding="utf-8"))
        else:
            skipped.append(f"skipped: there is no ../shared/data/pii/{name}.jsonl")
    return documents, skipped


def _documents(name: str, lines: str) -> Iterator[Document]:
    for line in lines.split("\n"):
        if not line:
            continue
        row = json.loads(line)
        scored = SCORED[name]
        if name == "presidio_unit_cases":
            scored = frozenset({_OF_RECOGNISER.get(row["recogniser"], "NATIONAL_ID")})
        spans = [(one[0], one[1], one[2]) for one in row["spans"]]
        yield Document(
            set=name,
            text=row["text"],
            gold=tuple(span for span in spans if span[2] in scored),
            scored=scored,
            persons=tuple(span for span in spans if span[2] == "PERSON"),
        )


def corpora(documents: list[Document]) -> dict[str, list[str]]:
    """Return the slices of 1 KB on which time is taken, from dense to plain."""
    dense = [one.text for one in documents if one.set == "remit_msgs"]
    typical = [one.text for one in documents if one.set == "presidio_generated_large"]
    plain = [
        one.text
        for one in documents
        if one.set in ("presidio_generated_large", "presidio_synth_v2")
        and not one.gold
        and not any(char.isdigit() or char in "@:/" for char in one.text)
    ]
    named = {"dense": dense, "typical": typical, "plain": plain}
    return {name: list(_slices("\n".join(texts))) for name, texts in named.items() if texts}


def _slices(text: str) -> Iterator[str]:
    for start in range(0, len(text) - SLICE + 1, SLICE):
        yield text[start : start + SLICE]
