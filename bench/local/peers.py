"""What is measured, ours and what a user would pick instead, each by the same rows."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from scipy.sparse import hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from bench.local.data import Data
from bench.local.measures import Told
from remit.models import local, nearest
from remit.models.choice import Choice, Classifier
from remit.models.examples import Row
from remit.models.local import LocalClassifier
from remit.models.vectors import Encoder

TERMS, VECTORS = "ours", "ours, with the encoder"
CONFIDENCE = ", by confidence alone"
PLAIN, NEAREST = "scikit-learn, largest probability", "nearest examples only"


class Answers(Protocol):
    """Answers each text with a label, a confidence and a score."""

    def __call__(self, texts: Sequence[str]) -> list[tuple[str, float, float]]: ...


def told(data: Data, answers: Answers) -> Told:
    """Return what was said of the tested messages and of the strangers."""
    said = answers([text for text, _ in data.tested])
    strange = answers([text for text, _ in data.strange])
    return Told(
        right=np.array(
            [found == label for (found, _, _), (_, label) in zip(said, data.tested, strict=True)]
        ),
        confidence=np.array([confidence for _, confidence, _ in said]),
        score=np.array([score for _, _, score in said]),
        strange=np.array([score for _, _, score in strange]),
    )


def answering(classifier: Classifier, *, nearness: bool = True) -> Answers:
    """Return the answers of one of our classifiers; 0 where it has no confidence.

    Without `nearness` the confidence alone is the score.
    """

    def answers(texts: Sequence[str]) -> list[tuple[str, float, float]]:
        chosen = [classifier.choose(text) for text in texts]
        return [
            (
                one.choice,
                sure(one),
                one.score_ppm / 1_000_000 if nearness else sure(one),
            )
            for one in chosen
        ]

    return answers


def sure(choice: Choice) -> float:
    """Return the confidence of a choice, 0 for none."""
    return choice.confidence.share if choice.confidence else 0.0


def ours(rows: Sequence[Row], encoder: Encoder | None = None, **more: Any) -> LocalClassifier:
    """Train the regression, with or without sentence vectors."""
    return local.train(rows, seed=7, encoder=encoder, **more)


def voting(rows: Sequence[Row]) -> Classifier:
    """Index the examples: what the core does without a library."""
    return nearest.train(rows, seed=7)


def plain(rows: Sequence[Row]) -> Answers:
    """Fit what everybody fits first, and take its largest probability for how sure it is."""
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=60_000)
    pieces = TfidfVectorizer(
        analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True, max_features=60_000
    )
    texts = [text for text, _ in rows]
    matrix = hstack([words.fit_transform(texts), pieces.fit_transform(texts)])
    fitted = LogisticRegression(max_iter=local.ITERATIONS_MAX, tol=local.TOLERANCE)
    fitted.fit(matrix.tocsr(), [label for _, label in rows])

    def answers(texts: Sequence[str]) -> list[tuple[str, float, float]]:
        seen = hstack([words.transform(texts), pieces.transform(texts)]).tocsr()
        shares = fitted.predict_proba(seen)
        best = shares.argmax(axis=1)
        return [
            (str(fitted.classes_[label]), float(row[label]), float(row[label]))
            for label, row in zip(best, shares, strict=True)
        ]

    return answers


Peers = dict[str, Callable[[Sequence[Row]], Answers]]


def all_of(encoder: Encoder | None) -> Peers:
    """Return what is measured, by name."""
    found: Peers = {TERMS: lambda rows: answering(ours(rows))}
    if encoder is not None:
        found[VECTORS] = lambda rows: answering(ours(rows, encoder))
    return found | {PLAIN: plain, NEAREST: lambda rows: answering(voting(rows))}
