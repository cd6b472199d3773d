"""Laws of streams: what comes out never depends on where the text was cut."""

import random
from collections.abc import Callable, Iterator

import pytest

from remit.errors import MaskingFailedError, TokenUnknownError
from remit.intake import stream, tokens
from remit.intake.mask import Masker
from remit.intake.scrub import DROPPED
from remit.intake.stream import MaskingStream, RestoringStream
from remit.intake.vault import ScopeVault
from tests.faults.lengths import times
from tests.properties.test_tokens import SEED, Record, document, filled

TEXTS = times(40, long=400)
HELD_MAX = 24
BOUNDED = 40  # characters of a piece, where a test wants many of them


def restored(feed: RestoringStream, pieces: list[str]) -> str:
    return "".join([*map(feed.feed, pieces), feed.end()])


def fresh(seed: int) -> Masker:
    """Return a masker that draws the same tokens each time."""
    draws = random.Random(seed).randbytes
    return Masker(
        ScopeVault("case", root_key=b"k" * 32, check_key=b"k" * 32, rows=(), random_bytes=draws)
    )


def halves(text: str) -> Iterator[list[str]]:
    """Yield the text cut in two at every position, then in single characters."""
    for at in range(len(text) + 1):
        yield [text[:at], text[at:]]
    yield list(text)


def answer(work: Callable[[], str]) -> str:
    """Return what comes, or the name of the refusal: that must not depend on the cuts either."""
    try:
        return work()
    except TokenUnknownError as error:
        return error.code


def test_a_restored_stream_is_the_restored_whole_at_every_cut(record_property: Record) -> None:
    rng, cuts, given = random.Random(SEED), 0, 0
    for number in range(TEXTS):
        mine = filled(rng, 6)
        own = mine.mask_text(document(rng, sorted(mine.vault.tokens()))).text
        text = own if number % 2 else document(rng, sorted(mine.vault.tokens()))
        text = text[: times(250, long=400)]
        whole = answer(lambda text=text, mine=mine: restored(mine.restoring_stream(), [text]))  # type: ignore[misc]
        given += whole != TokenUnknownError.code
        for pieces in halves(text):
            cuts += 1
            feed = mine.restoring_stream()
            assert answer(lambda feed=feed, pieces=pieces: restored(feed, pieces)) == whole  # type: ignore[misc]
    assert given > TEXTS / 3
    record_property("cuts", cuts)


def test_a_restored_stream_is_what_restoring_a_text_gives() -> None:
    rng = random.Random(SEED)
    for _ in range(TEXTS):
        mine = filled(rng, 6)
        masked = mine.mask_text(document(rng, sorted(mine.vault.tokens())))
        text = f"{masked.text} and so on"
        assert restored(mine.restoring_stream(), list(text)) == mine.restore(text)


@pytest.mark.parametrize("separator", ["_", "\\_", "%5F", "&#95;", "\\u005f", "-", " ", "\uff3f"])
def test_no_more_is_held_back_than_a_token_is_long(separator: str) -> None:
    mine = filled(random.Random(SEED), 40)
    for known in mine.vault.known_values():
        written = known.token.replace("_", separator)
        feed, shown = mine.restoring_stream(), ""
        for at, char in enumerate(written):
            assert len(written[:at]) <= HELD_MAX
            assert shown == ""
            shown += feed.feed(char)
        assert shown == known.surface  # with its last character: nothing more is awaited
        assert feed.feed("plain words,") == "plain words,"


def test_what_cannot_grow_any_more_is_not_held_back() -> None:
    feed = filled(random.Random(SEED), 1).restoring_stream()
    assert feed.feed("dear EMA") == "dear "
    assert feed.feed("IR") == "EMAIR"
    assert feed.feed("x" * 500 + "emailx") == "x" * 500 + "emailx"


def test_a_masked_stream_never_depends_on_its_cuts(
    monkeypatch: pytest.MonkeyPatch, record_property: Record
) -> None:
    monkeypatch.setattr(stream, "PIECE_CHARACTERS_MAX", BOUNDED)
    rng, cuts = random.Random(SEED), 0
    for number in range(times(12, long=120)):
        text = written(rng)
        whole = masked(fresh(number).masking_stream(), [text])
        for pieces in halves(text):
            cuts += 1
            assert masked(fresh(number).masking_stream(), pieces) == whole
    record_property("cuts", cuts)


def masked(feed: MaskingStream, pieces: list[str]) -> str:
    return "".join([*map(feed.feed, pieces), feed.end()])


def written(rng: random.Random) -> str:
    """Return a text with lines, sentences, values, and stretches that end nowhere."""
    parts = (
        "Mail anna@example.org. ", "Call +49 30 901820!\n", "no end " * 9, "so.", " ", "\n",
        "\n\n",
        "x" * 60, "? ", "card 4111 1111 1111 1111\r\n", ".", "EMAIL_7K3QX2MD ",
    )  # fmt: skip
    return "".join(rng.choices(parts, k=rng.randint(3, 9)))


def test_a_masked_stream_is_masked_and_drops_what_has_no_end() -> None:
    mine = fresh(1)
    line = "Please write to anna@example.org about order 12345.\n"
    text = line * 400 + "anna@example.org " * 600 + "\nBye, anna@example.org"
    token = mine.vault.token_for("EMAIL", "anna@example.org", "anna@example.org")
    shown = masked(mine.masking_stream(), [text[at : at + 7] for at in range(0, len(text), 7)])

    assert shown == (
        line.replace("anna@example.org", token) * 400 + f"{DROPPED}\n" + f"Bye, {token}"
    )
    assert [read.token for read in tokens.reads(shown)] == [token] * 401


def test_a_masked_stream_that_failed_lets_nothing_more_through() -> None:
    def broken(text: str) -> str:
        raise MaskingFailedError(f"{len(text)} characters")

    feed = MaskingStream(broken)
    with pytest.raises(MaskingFailedError):
        feed.feed("line\n" * 2_000)
    with pytest.raises(MaskingFailedError, match="failed before"):
        feed.end()
