"""Presidio with patterns only: no model, no download; all countries where asked."""

import logging
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
import finding
import presidio_analyzer
import spacy
import tldextract
import yaml
from presidio_analyzer import AnalyzerEngine
from presidio_analyzer.nlp_engine import SpacyNlpEngine
from presidio_analyzer.recognizer_registry import RecognizerRegistryProvider
from spacy.language import Language

SCORE_MIN = 0.4
TYPES = {
    "EMAIL_ADDRESS": "EMAIL", "PHONE_NUMBER": "PHONE", "IBAN_CODE": "IBAN", "IP_ADDRESS": "IP",
    "MAC_ADDRESS": "MAC", "US_NPI": "NPI", "ZA_MOBILE_NUMBER": "PHONE",
    "ZA_TELEPHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CREDIT_CARD", "CRYPTO": "CRYPTO",
    "URL": "URL", "US_SSN": "US_SSN", "MEDICAL_RECORD_NUMBER": "MRN",
}  # fmt: skip
# Of the country recognisers, those that find no tax, social security or identity number.
OTHER = re.compile(
    r"^[A-Z]{3,}|BANK|ROUTING|LICEN[CS]E|PASSPORT|POST|PLZ|VEHICLE|PLATE|KFZ|HEALTH_INS|CLAIM"
    r"|PRESCRIPTION|REFERRAL|AUTHORIZATION|MBI|VOTER|TRAFFIC|BRN|ORGANISATION|COMPANY|HANDELS|UEN"
    r"|BSNR|LANR|FUEHRERSCHEIN"
)


@Language.component("lower_lemma")
def lower_lemma(doc):  # noqa: ANN001, ANN201 - spaCy's own types exist only in its environment
    """Let context words work without a model: the lemma is the word in lower case."""
    for token in doc:
        token.lemma_ = token.lower_
    return doc


class BlankEngine(SpacyNlpEngine):
    """A pipeline of rules alone."""

    def __init__(self) -> None:
        super().__init__()
        blank = spacy.blank("en")
        blank.add_pipe("lower_lemma")
        self.nlp = {"en": blank}


def engine(*, countries: bool) -> AnalyzerEngine:
    """Return an analyzer without the recogniser that needs a model."""
    tldextract.tldextract.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=())
    tldextract.extract = tldextract.tldextract.TLD_EXTRACTOR
    folder = Path(presidio_analyzer.__file__).parent / "conf"
    settings = yaml.safe_load((folder / "default_recognizers.yaml").read_text())
    kept = []
    for row in settings["recognizers"]:
        if row["name"] == "SpacyRecognizer" or "LangExtract" in row["name"]:
            continue
        if row.get("type") == "predefined" and "country_code" in row and countries:
            row["enabled"] = True
            row["supported_languages"] = ["en"]
        kept.append(row)
    settings["recognizers"] = kept
    nlp = BlankEngine()
    provider = RecognizerRegistryProvider(registry_configuration=settings, nlp_engine=nlp)
    registry = provider.create_recognizer_registry()
    return AnalyzerEngine(registry=registry, nlp_engine=nlp, supported_languages=["en"])


def main() -> None:
    """Run it."""
    parser = finding.options()
    parser.add_argument("--countries", action="store_true")
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    analyzer = engine(countries=asked.countries)

    def found(text: str) -> list[finding.Find]:
        results = analyzer.analyze(text=text, language="en", score_threshold=SCORE_MIN)
        return [(one.start, one.end, _type(one.entity_type), one.score) for one in results]

    finding.run(asked, found)


def _type(entity: str) -> str:
    return TYPES.get(entity, entity if OTHER.search(entity) else "NATIONAL_ID")


if __name__ == "__main__":
    main()
