"""Read declared language tags (BCP 47), never the language of a text; the home of langcodes."""

import re

from remit.intake.context import NormaliseContext
from remit.intake.dates import folded
from remit.intake.outcome import Assumption, Field, Kind, found, refused
from remit.intake.reasons import ReasonCode as Code

LANGUAGE_CHARACTERS_MAX = 35
UNDETERMINED = "und"

# The two-letter codes in use, which need no library (ISO 639-1).
_TWO_LETTERS = frozenset(
    "aa ab ae af ak am an ar as av ay az ba be bg bm bn bo br bs ca ce ch co cr cs cu cv cy da de"
    " dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz"
    " ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li"
    " ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os"
    " pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te"
    " tg th ti tk tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu".split()
)
_TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")


def normalise_language(text: str, context: NormaliseContext) -> Field:  # noqa: ARG001 - one signature for all kinds
    """Return the tag in its one form, or `und` on the ground that it is no tag."""
    raw = folded(text)
    if not raw:
        return refused(Kind.LANGUAGE, Code.FIELD_MISSING)
    if raw in _TWO_LETTERS or raw == UNDETERMINED:
        return found(Kind.LANGUAGE, raw)
    if len(raw) > LANGUAGE_CHARACTERS_MAX or _TAG.fullmatch(raw) is None:
        return _undetermined()
    try:
        from langcodes import Language
        from langcodes.tag_parser import LanguageTagError
    except ImportError:
        return refused(Kind.LANGUAGE, Code.FIELD_EXTRA_MISSING, seen=raw)
    try:
        read = Language.get(raw)
    except LanguageTagError:
        return _undetermined()
    return found(Kind.LANGUAGE, read.to_tag()) if read.is_valid() else _undetermined()


def _undetermined() -> Field:
    told = Assumption(code="language_undetermined", sentence="no tag of a language, read as none")
    return found(Kind.LANGUAGE, UNDETERMINED, (told,))
