"""The part of the local classifier that works on sentence vectors: a regression and a vote.

Vectors come from a plain callable that the composition root passes in; nothing is loaded here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from remit.errors import MissingExtraError, ModelInputError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Integers = NDArray[np.integer[Any]]

NEIGHBOURS = 10
VOTE_SHARPNESS = 20.0  # a neighbour weighs exp(20 cos)
VOTE_SMOOTHING = 0.1  # share of the regression in the vote, so no choice is ever impossible
AXES = 2  # texts, numbers
TINY = 1e-12

Encode = Callable[[Sequence[str]], Any]  # texts to rows of numbers, one row a text


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoder:
    """What turns texts into vectors, and the digest of everything that decides them."""

    encode: Encode
    digest: str

    def rows(self, texts: Sequence[str]) -> "Floats":
        """Return one row of length 1 a text; `ModelInputError` when the callable gives others."""
        np = numpy()
        found = np.asarray(self.encode(texts), dtype=np.float32)
        if found.ndim != AXES or len(found) != len(texts) or not np.isfinite(found).all():
            raise ModelInputError(
                f"the sentence encoder gave {found.shape} numbers for {len(texts)} texts; "
                "it must give one row of finite numbers for each"
            )
        lengths = np.sqrt((found * found).sum(axis=1, keepdims=True))
        rows: Floats = found / np.maximum(lengths, TINY)
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceHead:
    """A regression on sentence vectors, and the vectors of the examples."""

    digest: str  # of the encoder
    coefficients: "Floats"  # width × classes
    intercepts: "Floats"
    examples: "Floats"  # one row each, as 16-bit numbers

    def shares(self, row: "Floats") -> "Floats":
        """Return the shares of the regression, by class."""
        return softmax(row @ self.coefficients + self.intercepts)

    def near(self, row: "Floats") -> "Floats":
        """Return the cosine to each example."""
        near: Floats = self.examples @ row
        return near


def vote(near: "Floats", labels: "Integers", shares: "Floats") -> "tuple[Floats, float]":
    """Return the smoothed vote of the ten nearest by class, and the nearest's cosine.

    Ties go to the earlier example.
    """
    np = numpy()
    wanted = min(NEIGHBOURS, len(near))
    least = np.partition(near, len(near) - wanted)[len(near) - wanted]
    found = np.flatnonzero(near >= least)
    found = found[np.lexsort((found, -near[found]))][:wanted]
    votes = np.bincount(
        labels[found],
        weights=np.exp(VOTE_SHARPNESS * (near[found] - 1.0)),
        minlength=len(shares),
    )
    smoothed = (1 - VOTE_SMOOTHING) * votes / votes.sum() + VOTE_SMOOTHING * shares
    return smoothed, max(float(near[found[0]]), 0.0)


def averaged(parts: "Sequence[tuple[float, Floats]]") -> "Floats":
    """Return the weighted sum of log shares."""
    np = numpy()
    total: Floats = sum(weight * np.log(shares + TINY) for weight, shares in parts)
    return total


def softmax(scores: "Floats") -> "Floats":
    """Return shares that sum to 1, along the last axis."""
    np = numpy()
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def numpy() -> Any:
    """Return the library, or raise `MissingExtraError`."""
    try:
        import numpy as np
        import sklearn  # noqa: F401 - is it there?
    except ImportError as error:
        raise MissingExtraError(
            "the local classifier needs the extra: install `remit[local]`"
        ) from error
    return np
