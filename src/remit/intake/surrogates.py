"""Surrogates for tokens where a type that we cannot change refuses a token.

An author's own models may ask for an address that parses, or for a pattern. Such a leaf is given a
value of the same kind that nobody can own, for as long as the author's code has it; whatever comes
back out of that code is turned into the token again before anything else sees it. A surrogate is
never recorded, never sent, and never shown to a model.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeVar

from pydantic import ValidationError

from remit.domain.value import Json
from remit.intake import tokens
from remit.intake.reserved import Forms, surrogates_for

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Validate(Protocol[T_co]):
    """Validates a JSON value; raises pydantic's `ValidationError`."""

    def __call__(self, value: Json, /) -> T_co: ...


class Surrogates:
    """The surrogates that one run has given out; `live` knows the tokens of its case."""

    def __init__(self, live: Callable[[str], bool]) -> None:
        self._live = live
        self._tokens: dict[str, str] = {}  # each way to write a surrogate, in lower case
        self._search: re.Pattern[str] | None = None

    def fitted(self, validate: Validate[T], value: Json) -> T:
        """Return what validates, with surrogates for leaves that are tokens and are refused.

        Raises pydantic's `ValidationError` where none fits: there is none for that kind of value,
        or its range is used up.
        """
        given: dict[str, Forms] = {}
        ahead: dict[str, Iterator[Forms]] = {}
        while True:
            pairs = {token: forms[0] for token, forms in given.items()}
            try:
                done = validate(exchanged(value, pairs))
            except ValidationError as error:
                refused = self._refused(error, pairs)
                if not refused:
                    raise
                for token in refused:
                    forms = next(ahead.setdefault(token, self._free(token, given)), None)
                    if forms is None:
                        raise
                    given[token] = forms
                continue
            self._give(given)
            return done

    def settled(self, value: Json) -> Json:
        """Return the value with every surrogate as its token again, inside of texts too."""
        if self._search is None:
            return value
        match value:
            case str():
                return self._search.sub(lambda found: self._tokens[found[0].lower()], value)
            case dict():
                return {self.settled_text(key): self.settled(one) for key, one in value.items()}
            case list():
                return [self.settled(one) for one in value]
            case _:
                return value

    def settled_text(self, text: str) -> str:
        """Return the text with every surrogate as its token again."""
        return str(self.settled(text))

    def _refused(self, error: ValidationError, pairs: dict[str, str]) -> tuple[str, ...]:
        """Return the tokens that stand, or for which something stands, in refused leaves."""
        behind = {surrogate.lower(): token for token, surrogate in pairs.items()}
        found: dict[str, None] = {}
        for fault in error.errors(include_url=False, include_context=False):
            leaf = fault["input"]
            if not isinstance(leaf, str):
                continue
            token = behind.get(leaf.lower()) or _read_whole(leaf)
            if token and self._live(token):
                found[token] = None
        return tuple(found)

    def _free(self, token: str, given: Mapping[str, Forms]) -> Iterator[Forms]:
        """Yield what may stand in for a token and stands for no other one, nor is tried for it."""
        for forms in surrogates_for(token):
            tried = any(one == forms and other != token for other, one in given.items())
            if not tried and self._tokens.get(forms[0].lower(), token) == token:
                yield forms

    def _give(self, given: dict[str, Forms]) -> None:
        fresh = {form.lower(): token for token, forms in given.items() for form in forms}
        if not fresh.keys() - self._tokens.keys():
            return
        self._tokens |= fresh
        longest = sorted(self._tokens, key=len, reverse=True)
        ways = "|".join(map(re.escape, longest))
        self._search = re.compile(rf"(?<!\w)(?:{ways})(?!\w)", re.IGNORECASE)


def _read_whole(leaf: str) -> str:
    """Return the token that a leaf is, in lower case too; empty where it is none."""
    read = next(tokens.reads(leaf), None)
    return read.token if read is not None and leaf == leaf[read.start : read.end] else ""


def exchanged(value: Json, pairs: dict[str, str]) -> Json:
    """Return the value with its leaves that are a first of a pair as the second."""
    if not pairs:
        return value
    match value:
        case str():
            return pairs.get(value, value)
        case dict():
            return {key: exchanged(one, pairs) for key, one in value.items()}
        case list():
            return [exchanged(one, pairs) for one in value]
        case _:
            return value
