"""The local classifier: rarity-weighted features, logistic regression and the nearest examples.

Regression and a vote of the ten nearest examples are averaged in log space, weight 1 to ¼, and one
temperature makes the result calibrated. It is fitted on rows that the scored model had not seen
(three-fold cross-fitting). Needs the extra `local`; nothing is ever pickled.
"""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remit.errors import MissingExtraError, ModelInputError
from remit.models import examples, features
from remit.models.choice import Choice, Progress, ranked, silent, unscored
from remit.models.examples import FOLDS, Row
from remit.models.features import Vocabulary

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Integers = NDArray[np.integer[Any]]

FORMAT = 1
INVERSE_PENALTY = 10.0
ITERATIONS_MAX = 100
TOLERANCE = 1e-3
NEIGHBOURS = 10
VOTE_SHARPNESS = 20.0  # a neighbour weighs exp(20 cos)
VOTE_SMOOTHING = 0.1  # share of the regression in the vote, so no choice is ever impossible
VOTE_WEIGHT = 0.25
ROWS_FOR_RARE_TERMS = 1_000  # above it a term must stand in two texts
ROWS_FOR_CALIBRATION_MIN = 30  # below it the temperature stays 1


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalClassifier:
    """A trained classifier: arrays, vocabulary and a temperature."""

    classes: tuple[str, ...]
    vocabulary: Vocabulary
    scripts: frozenset[str]
    coefficients: "Floats"  # terms × classes
    intercepts: "Floats"
    posting_starts: "Integers"  # where each term's examples begin in the two arrays below
    posting_examples: "Integers"
    posting_weights: "Floats"
    labels: "Integers"  # class of each example
    temperature: float
    seed: int
    fingerprint: str = field(default="")

    def choose(self, text: str) -> Choice:
        """Pick a class for a masked text, with calibrated confidence and four runners-up."""
        if not features.readable(text, scripts=self.scripts):
            return unscored()
        scored = self._scored(text)
        if scored is None:
            return unscored()
        scores, nearness = scored
        shares = _softmax(scores / self.temperature)
        named = dict(zip(self.classes, shares.tolist(), strict=True))
        return ranked(named, kind="classifier", nearness=nearness)

    def regression(self, text: str) -> "Floats":
        """Return the shares of the logistic regression alone, by class."""
        columns, weights = self._vector(text)
        return _softmax(weights @ self.coefficients[columns] + self.intercepts)

    def scores(self, text: str) -> "Floats | None":
        """Return log shares by class before the temperature, or None when no term is known."""
        scored = self._scored(text)
        return scored[0] if scored is not None else None

    def save(self, folder: Path) -> None:
        """Write `classifier.npz`, then `classifier.json`; makes the folder if missing."""
        np = _numpy()
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / "classifier.npz", **self._arrays())
        manifest = self._manifest() | {"fingerprint": self.fingerprint}
        (folder / "classifier.json").write_text(
            json.dumps(manifest, ensure_ascii=False) + "\n", "utf-8"
        )

    def _scored(self, text: str) -> "tuple[Floats, float] | None":
        np = _numpy()
        columns, weights = self._vector(text)
        if not len(columns):
            return None
        shares = _softmax(weights @ self.coefficients[columns] + self.intercepts)
        voted, nearness = self._vote(columns, weights)
        vote = (1 - VOTE_SMOOTHING) * voted + VOTE_SMOOTHING * shares
        tiny = 1e-12
        return np.log(shares + tiny) + VOTE_WEIGHT * np.log(vote + tiny), nearness

    def _vector(self, text: str) -> "tuple[Integers, Floats]":
        np = _numpy()
        pairs = self.vocabulary.vector(text)
        columns = np.fromiter((column for column, _ in pairs), dtype=np.int64, count=len(pairs))
        return columns, np.fromiter(
            (weight for _, weight in pairs), dtype=np.float64, count=len(pairs)
        )

    def _vote(self, columns: "Integers", weights: "Floats") -> "tuple[Floats, float]":
        np = _numpy()
        starts = self.posting_starts[columns]
        counts = self.posting_starts[columns + 1] - starts
        ends = counts.cumsum()
        positions = np.arange(int(ends[-1])) + (starts - ends + counts).repeat(counts)
        near = np.bincount(
            self.posting_examples[positions],
            weights=self.posting_weights[positions] * weights.repeat(counts),
            minlength=len(self.labels),
        )
        wanted = min(NEIGHBOURS, len(near))
        least = np.partition(near, len(near) - wanted)[len(near) - wanted]
        found = np.flatnonzero(near >= least)
        found = found[np.lexsort((found, -near[found]))][:wanted]
        votes = np.bincount(
            self.labels[found],
            weights=np.exp(VOTE_SHARPNESS * (near[found] - 1.0)),
            minlength=len(self.classes),
        )
        return votes / votes.sum(), float(near[found[0]])

    def _arrays(self) -> "dict[str, Any]":
        names = (
            "coefficients",
            "intercepts",
            "posting_starts",
            "posting_examples",
            "posting_weights",
            "labels",
        )
        return {name: getattr(self, name) for name in names}

    def _manifest(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "kind": "local",
            "classes": list(self.classes),
            "terms": list(self.vocabulary.columns),
            "rarity": list(self.vocabulary.rarity),
            "scripts": sorted(self.scripts),
            "temperature": self.temperature,
            "seed": self.seed,
        }

    def digest(self) -> str:
        """Compute the fingerprint from what is held now; `load` compares the two."""
        manifest = json.dumps(self._manifest(), sort_keys=True, ensure_ascii=False)
        content = hashlib.sha256(manifest.encode())
        for name, array in sorted(self._arrays().items()):
            content.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
            content.update(array.tobytes())
        return content.hexdigest()


def train(rows: Sequence[Row], *, seed: int, progress: Progress | None = None) -> LocalClassifier:
    """Learn from labelled, masked texts; the same rows give the same classifier.

    Raises `ModelInputError` for unusable rows and `MissingExtraError` without the extra.
    """
    _numpy()
    classes = examples.check(rows)
    steps = FOLDS + 1
    report = progress or silent
    report(0, steps, "reading examples")
    outcomes: list[tuple[Floats, int]] = []
    for part in range(FOLDS):
        others = [row for row in rows if examples.fold(row[0]) != part]
        mine = [row for row in rows if examples.fold(row[0]) == part]
        if {label for _, label in others} == set(classes):
            outcomes += _unseen(_fit(others, classes, seed=seed), mine)
        report(part + 1, steps, f"calibrating, part {part + 1} of {FOLDS}")
    fitted = replace(_fit(list(rows), classes, seed=seed), temperature=_temperature(outcomes))
    report(steps, steps, "trained on all examples")
    return replace(fitted, fingerprint=fitted.digest())


def load(folder: Path) -> LocalClassifier:
    """Read a stored classifier; `ModelInputError` when it is missing or was changed."""
    np = _numpy()
    try:
        manifest = json.loads((folder / "classifier.json").read_text("utf-8"))
        with np.load(folder / "classifier.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        classifier = LocalClassifier(
            classes=tuple(manifest["classes"]),
            vocabulary=Vocabulary(
                columns={term: column for column, term in enumerate(manifest["terms"])},
                rarity=manifest["rarity"],
            ),
            scripts=frozenset(manifest["scripts"]),
            temperature=manifest["temperature"],
            seed=manifest["seed"],
            fingerprint=manifest["fingerprint"],
            **arrays,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelInputError(
            f"no usable classifier in `{folder}`; run `remit train` again"
        ) from error
    if manifest.get("format") != FORMAT or classifier.digest() != classifier.fingerprint:
        raise ModelInputError(f"the classifier in `{folder}` was changed; run `remit train` again")
    return classifier


def _fit(rows: list[Row], classes: tuple[str, ...], *, seed: int) -> LocalClassifier:
    np = _numpy()
    texts = [text for text, _ in rows]
    vocabulary = features.learn(
        texts, seen_in_texts_min=2 if len(rows) > ROWS_FOR_RARE_TERMS else 1
    )
    vectors = [vocabulary.vector(text) for text in texts]
    labels = np.array([classes.index(label) for _, label in rows], dtype=np.int32)
    lengths = np.array([len(vector) for vector in vectors], dtype=np.int64)
    columns = np.array([column for vector in vectors for column, _ in vector], dtype=np.int32)
    weights = np.array([weight for vector in vectors for _, weight in vector], dtype=np.float32)
    width = len(vocabulary.columns)
    coefficients, intercepts = _regress(lengths, columns, weights, labels, width=width)
    order = np.argsort(columns, kind="stable")
    return LocalClassifier(
        classes=classes,
        vocabulary=vocabulary,
        scripts=features.scripts_of(texts),
        coefficients=coefficients,
        intercepts=intercepts,
        posting_starts=np.concatenate(([0], np.bincount(columns, minlength=width).cumsum())),
        posting_examples=np.repeat(np.arange(len(rows), dtype=np.int32), lengths)[order],
        posting_weights=weights[order],
        labels=labels,
        temperature=1.0,
        seed=seed,
    )


def _regress(
    lengths: "Integers", columns: "Integers", weights: "Floats", labels: "Integers", *, width: int
) -> "tuple[Floats, Floats]":
    """Fit a multinomial logistic regression; of two classes the first column is zero."""
    np = _numpy()
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]
    from sklearn.linear_model import LogisticRegression

    starts = np.concatenate(([0], lengths.cumsum()))
    matrix = csr_matrix((weights, columns, starts), shape=(len(lengths), width))
    fitted = LogisticRegression(C=INVERSE_PENALTY, max_iter=ITERATIONS_MAX, tol=TOLERANCE)
    fitted.fit(matrix, labels)
    rows, intercepts = fitted.coef_, fitted.intercept_
    if len(rows) == 1:
        rows = np.vstack([np.zeros_like(rows), rows])
        intercepts = np.concatenate([[0.0], intercepts])
    return np.ascontiguousarray(rows.T, dtype=np.float32), intercepts.astype(np.float64)


def _unseen(classifier: LocalClassifier, rows: list[Row]) -> "list[tuple[Floats, int]]":
    scored = [(classifier.scores(text), classifier.classes.index(label)) for text, label in rows]
    return [(scores, label) for scores, label in scored if scores is not None]


def _temperature(outcomes: "list[tuple[Floats, int]]") -> float:
    """Return the temperature of least log loss (Guo et al. 2017, arXiv 1706.04599)."""
    np = _numpy()
    if len(outcomes) < ROWS_FOR_CALIBRATION_MIN:
        return 1.0
    scores = np.stack([row for row, _ in outcomes])
    right = np.array([label for _, label in outcomes])

    def slope(inverse: float) -> float:
        """Return the log loss's slope in 1/T: the expected score less the truth's."""
        shares = _softmax(scores * inverse)
        expected = (shares * scores).sum(axis=1)
        return float((expected - scores[np.arange(len(right)), right]).mean())

    return 1.0 / _root(slope, low=0.1, high=10.0)


def _root(slope: Callable[[float], float], *, low: float, high: float) -> float:
    """Return where a rising function crosses zero, in log steps, or the nearer end."""
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return round(math.sqrt(low * high), 6)


def _softmax(scores: "Floats") -> "Floats":
    np = _numpy()
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _numpy() -> Any:
    try:
        import numpy as np
        import sklearn  # noqa: F401 - is it there?
    except ImportError as error:
        raise MissingExtraError(
            "the local classifier needs the extra: install `remit[local]`"
        ) from error
    return np
