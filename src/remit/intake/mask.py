"""The masker of one scope: values become tokens, and tokens values again where that is allowed."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from remit.domain.erasure import Ending
from remit.domain.frozen import dataclass
from remit.domain.members import changed
from remit.domain.value import Json
from remit.errors import MaskingFailedError, RemitError
from remit.intake import tokens
from remit.intake.canonical_forms import canonical_form
from remit.intake.detect import NAME, Finder, Finding, Known, KnownValues
from remit.intake.known import stands
from remit.intake.public_values import PUBLIC
from remit.intake.rendering import (
    Region,
    Span,
    as_spans,
    pack,
    rebuilt,
    render,
    tidy,
    unpack,
    widened,
)
from remit.intake.restorer import DEPTH_MAX, Restorer
from remit.intake.scrub import scrub
from remit.intake.stream import MaskingStream, RestoringStream
from remit.intake.surrogates import Surrogates
from remit.intake.surroundings import class_of
from remit.intake.vault import ScopeVault, Stored, VaultRow

__all__ = ["Masked", "Masker", "scrub"]

ROUNDS_MAX = 6
TEXT_CHARACTERS_MAX = 1_048_576
TEXTS_SEEN_MAX = 4_096
INTEGER_MIN = 10**8  # a smaller number is no card, account or phone
_SURFACES = "surfaces"
_RAW = "raw"

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Masked:
    """A masked text; `surfaces` is the sealed note of how values were written in it.

    `regions` are its tokens' places, in order.
    """

    text: str
    tokens: tuple[str, ...]
    surfaces: bytes = b""
    regions: tuple[Region, ...] = ()


_NOTHING = Masked(text="", tokens=())


class Masker:
    """Masks for one scope; new values go into its vault.

    `regions` are countries whose national phone numbers are read, and `public` are values that
    stay clear; where they are not given, they are what the owner said of all texts. Whatever goes
    wrong inside a method ends in `MaskingFailedError`.
    """

    def __init__(
        self,
        vault: ScopeVault,
        *,
        regions: tuple[str, ...] | None = None,
        public: Iterable[str] | None = None,
    ) -> None:
        self._vault = vault
        self._back = Restorer(vault)
        self.surrogates = Surrogates(lambda token: token in vault.tokens())
        self._regions = PUBLIC.regions if regions is None else regions
        self._finder = Finder(self._regions)
        self._public = (
            PUBLIC.forms if public is None else frozenset(value.casefold() for value in public)
        )
        self._known = KnownValues()
        self._known_size = 0
        # What was masked since the vault last grew, by text, trust and class of the label.
        self._seen: dict[tuple[str, bool, str | None], Masked] = {}
        self._seen_size = 0

    @property
    def vault(self) -> ScopeVault:
        """The vault of this scope, to be handed to the executor and to nobody else."""
        return self._vault

    def mask_text(self, text: str, *, trusted_tokens: bool = False, label: str = "") -> Masked:
        """Return the text with every find as a token.

        `trusted_tokens` says that the text is our own, so that this scope's tokens in it are
        tokens; in a text from outside they are look-alikes and masked themselves. `label` is the
        key or column that the text stood under.
        """
        if trusted_tokens:
            text = self.surrogates.settled_text(text)
        return _guarded(lambda: self._text(text, trusted_tokens, label))

    def mask_value(self, type: str, value: str) -> str:
        """Return the token of a value that is private as a whole, from its canonical form."""
        return _guarded(lambda: self._whole(type, value))

    def mask_json(
        self,
        value: Json,
        *,
        private: Mapping[str, str] | None = None,
        trusted_tokens: bool = False,
    ) -> Json:
        """Return the value with declared private leaves as tokens and all other text searched.

        `private` gives dotted path -> token type (`*` is any item or key). Keys are searched too.
        """
        paths = {tuple(path.split(".")): kind for path, kind in (private or {}).items()}
        if trusted_tokens:
            value = self.surrogates.settled(value)
        return _guarded(lambda: self._settled(value, paths, trusted=trusted_tokens))

    def restore(self, value: Json) -> Json:
        """Return the value with its tokens turned back; for the executor only.

        A leaf that is one token becomes the canonical value; a token inside a text becomes the
        value as it was first written. Restored text is not read again. Raises `TokenRefusedError`.
        """
        return _guarded(lambda: self._back.value(value))

    def restore_text(self, masked: Masked) -> str:
        """Return exactly the text that was masked; for the executor only."""
        return _guarded(lambda: self._exact(masked))

    def restoring_stream(self) -> RestoringStream:
        """Return what turns tokens back in a text that comes in pieces; for the executor only."""
        return RestoringStream(lambda text: _guarded(lambda: self._back.text(text)))

    def masking_stream(self, *, label: str = "") -> MaskingStream:
        """Return what masks a text from outside that comes in pieces."""
        return MaskingStream(lambda text: self.mask_text(text, label=label).text)

    def contains_unknown_token(self, value: Json) -> tuple[str, ...]:
        """Return what reads as a token in a value but is none of this scope's."""
        return _guarded(lambda: tuple(dict.fromkeys(self._back.unknown(value))))

    def holds(self, token: str, value: Json) -> bool:
        """Tell whether the value of a token stands somewhere in a form, in any dress."""
        one = self._vault.value_of(token)
        known = Known.of(one.type, one.canonical, one.surface)
        return _guarded(lambda: stands(known, value))

    def tokens_in(self, other: "Masker") -> dict[str, str]:
        """Return each token of this scope with the one of the same value in another scope."""
        return {
            one.token: other.vault.token_for(one.type, one.canonical, one.surface, form=one.form)
            for one in self.vault.known_values()
        }

    def resealed(self, root_key: bytes, *, key_id: str, without: str) -> list[Stored]:
        """Return the vault rows of this scope under another key, one without its value."""
        return [
            row.stored for row in self._vault.resealed(root_key, key_id=key_id, without=without)
        ]

    def seal(self, raw: bytes) -> bytes:
        """Return the raw bytes of a message, sealed as they came."""
        return _guarded(lambda: self._vault.seal_bytes(raw, purpose=_RAW))

    def unseal(self, sealed: bytes) -> bytes:
        """Return the raw bytes of a message, to be read again; raises `VaultLockedError`."""
        return _guarded(lambda: self._vault.open_bytes(sealed, purpose=_RAW))

    # -- text ------------------------------------------------------------------------------------

    def _text(self, text: str, trusted: bool, label: str) -> Masked:  # noqa: FBT001
        """Mask a text once: what came of it before holds while no new value is known."""
        if not text:
            return _NOTHING
        kind = class_of(label) if label else None
        if self._vault.size == self._seen_size:
            known = self._seen.get((text, trusted, kind))
            if known is not None:
                return known
        masked = self._stable(text, trusted, label)
        if self._vault.size != self._seen_size or len(self._seen) >= TEXTS_SEEN_MAX:
            self._seen.clear()
            self._seen_size = self._vault.size
        self._seen[text, trusted, kind] = masked
        # Its own tokens are tokens now, and the last look at it found nothing beside them.
        places = tuple(Region(r.start, r.end, r.start, r.end, r.token) for r in masked.regions)
        settled = changed(masked, surfaces=b"", regions=places) if places else masked
        self._seen[masked.text, True, kind] = settled
        return masked

    def _stable(self, text: str, trusted: bool, label: str) -> Masked:  # noqa: FBT001
        """Mask a text as whoever looks later will, who knows the values that it brings."""
        for _ in range(ROUNDS_MAX):
            before, masked = self._vault.size, self._masked(text, trusted, label)
            if self._vault.size == before:
                return masked
        return self._as_one(text)

    def _masked(self, text: str, trusted: bool, label: str) -> Masked:  # noqa: FBT001
        if len(text) > TEXT_CHARACTERS_MAX:
            raise MaskingFailedError("a text is too long to be masked; split it")
        kept, spans = self._read_tokens(text, label, trusted=trusted)
        for _ in range(ROUNDS_MAX):
            if kept or spans:
                masked, regions = render(text, spans, kept, self._token)
            else:
                masked, regions = text, []
            found = self._find(masked, label)
            if not found and masked is text:
                return Masked(text=text, tokens=())
            fresh = as_spans(masked, found, regions, public=self._public)
            if not fresh:
                return self._checked(text, masked, regions)
            spans = tidy([*spans, *fresh])
        return self._as_one(text)

    def _read_tokens(
        self, text: str, label: str, *, trusted: bool
    ) -> tuple[list[Region], list[Span]]:
        kept: list[Region] = []
        spans: list[Span] = []
        live = self._vault.tokens() if trusted else frozenset()
        for read in tokens.reads(text):
            if read.token in live:
                kept.append(Region(read.start, read.end, read.start, read.end, read.token))
            else:
                spans.append(Span(read.start, read.end, "TEXT", ""))
        if spans and not kept:
            spans = widened(spans, self._find(text, label))
        return kept, spans

    def _find(self, text: str, label: str) -> tuple[Finding, ...]:
        return self._finder.find(text, known=self._all_known(), label=label)

    def _token(self, span: Span, surface: str) -> str:
        return self._vault.token_for(span.type, span.canonical or surface, surface)

    def _checked(self, text: str, masked: str, regions: list[Region]) -> Masked:
        places = [(region.start, region.end) for region in regions]
        reads = [(read.start, read.end) for read in tokens.reads(masked)]
        if reads != places or rebuilt(text, masked, regions) != text:
            return self._as_one(text)
        odd = {
            number: text[region.source_start : region.source_end]
            for number, region in enumerate(regions)
            if (region.token if region.kept else self._vault.value_of(region.token).surface)
            != text[region.source_start : region.source_end]
        }
        note = self._vault.seal_bytes(pack(odd), purpose=_SURFACES) if odd else b""
        names = tuple(dict.fromkeys(region.token for region in regions))
        return Masked(text=masked, tokens=names, surfaces=note, regions=tuple(regions))

    def _as_one(self, text: str) -> Masked:
        token = self._vault.token_for("TEXT", text, text)
        whole = Region(0, len(token), 0, len(text), token, kept=False)
        return Masked(text=token, tokens=(token,), regions=(whole,))

    def _is_name(self, key: str) -> bool:
        """Tell whether a key is the name of a field and holds no known value: as most are."""
        if NAME.fullmatch(key) is None:
            return False
        return not any(self._all_known().hits(key))

    def _all_known(self) -> KnownValues:
        if self._vault.size != self._known_size:
            for value in self._vault.known_values()[self._known_size :]:
                self._known.add(Known.of(value.type, value.canonical, value.surface))
            self._known_size = self._vault.size
        return self._known

    # -- json ------------------------------------------------------------------------------------

    def _settled(
        self, value: Json, paths: Mapping[tuple[str, ...], str], *, trusted: bool
    ) -> Json:
        before = self._vault.size
        masked = self._json(value, (), "", paths, trusted)
        for _ in range(ROUNDS_MAX):
            if self._vault.size == before:
                return masked
            before = self._vault.size
            masked = self._json(masked, (), "", {}, True)  # noqa: FBT003 - our own tokens now
        return masked

    def _json(
        self,
        value: Json,
        path: tuple[str, ...],
        label: str,
        paths: Mapping[tuple[str, ...], str],
        trusted: bool,  # noqa: FBT001
    ) -> Json:
        if len(path) > DEPTH_MAX:
            raise MaskingFailedError("a value is nested too deep to be masked")
        kind = _declared(path, paths)
        if isinstance(value, dict):
            masked: dict[str, Json] = {}
            for key, item in value.items():
                shown = key if self._is_name(key) else self._text(key, trusted, "").text
                if shown in masked:
                    shown = self._vault.token_for("TEXT", f"{key}\x00{len(masked)}", key)
                inner = paths if kind is None else {(*path, key): kind}
                masked[shown] = self._json(item, (*path, key), key, inner, trusted)
            return masked
        if isinstance(value, list):
            inner = paths if kind is None else {(*path, "*"): kind}
            return [self._json(item, (*path, "*"), label, inner, trusted) for item in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        if kind is not None:
            return self._leaf(kind, value, trusted=trusted)
        if isinstance(value, int):
            return self._integer(value, label)
        return self._text(value, trusted, label).text

    def _leaf(self, kind: str, value: str | int, *, trusted: bool) -> str:
        if isinstance(value, int):
            return self._vault.token_for(kind, f"{value}", f"{value}", form="integer")
        if trusted and value in self._vault.tokens():
            return value
        return self._whole(kind, value)

    def _whole(self, kind: str, value: str) -> str:
        return self._vault.token_for(kind, canonical_form(kind, value, self._regions), value)

    def _integer(self, value: int, label: str) -> Json:
        if abs(value) < INTEGER_MIN:
            return value
        text = f"{value}"
        if found := self._find(text, label):
            return self._vault.token_for(found[0].type, text, text, form="integer")
        return value

    # -- back ------------------------------------------------------------------------------------

    def _exact(self, masked: Masked) -> str:
        if not masked.surfaces:
            return self._back.text(masked.text)
        note = unpack(self._vault.open_bytes(masked.surfaces, purpose=_SURFACES))
        return self._back.text(masked.text, note)


def open_scope(
    scope: str,
    *,
    root_key: bytes,
    check_key: bytes,
    rows: Iterable[Stored],
    random_bytes: Callable[[int], bytes],
    key_id: str = "",
    ended: Ending | None = None,
    regions: tuple[str, ...] | None = None,
) -> tuple[Masker, Callable[[], list[Stored]]]:
    """Return the masker of a scope, and what hands over the vault rows it has made since.

    A row is (scope, token, type, blind index, sealed value, key), as the store keeps it; `key_id`
    names the key that new ones are under.
    """
    vault = ScopeVault(
        scope,
        root_key=root_key,
        check_key=check_key,
        rows=map(VaultRow.of, rows),
        key_id=key_id,
        random_bytes=random_bytes,
        ended=ended,
    )

    def take() -> list[Stored]:
        return [row.stored for row in vault.take_new_rows()]

    return Masker(vault, regions=regions), take


def _declared(path: tuple[str, ...], paths: Mapping[tuple[str, ...], str]) -> str | None:
    for pattern, kind in paths.items():
        parts = zip(pattern, path, strict=False)
        if len(pattern) == len(path) and all(wanted in ("*", part) for wanted, part in parts):
            return kind
    return None


def _guarded(work: Callable[[], T]) -> T:
    # Raised outside the handler, so that no chain leads back to an exception that holds a value.
    try:
        return work()
    except RemitError:
        raise
    except Exception:  # noqa: BLE001, S110 - whatever it was: no call is made
        pass
    raise MaskingFailedError("the masker stopped; nothing was sent, and the case is held")
