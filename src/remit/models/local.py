"""The local classifier: rarity-weighted features, logistic regression and the nearest examples.

Regression and a vote of the ten nearest examples are averaged in log space, weight 1 to ¼, and one
temperature makes the result calibrated. It is fitted on rows that the scored model had not seen
(three-fold cross-fitting). With a sentence encoder a second regression takes half of that weight,
and vectors say which examples are near. Needs the extra `local`; nothing is ever pickled.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from remit.errors import ModelInputError
from remit.models import examples, features
from remit.models.choice import Choice, Progress, ranked, silent, unscored
from remit.models.examples import FOLDS, Row
from remit.models.features import Vocabulary
from remit.models.vectors import Encoder, SentenceHead, averaged, numpy, softmax, vote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Integers = NDArray[np.integer[Any]]

FORMAT = 2
INVERSE_PENALTY = 20.0
ITERATIONS_MAX = 200
TOLERANCE = 1e-3
VOTE_WEIGHT = 0.25
ROWS_FOR_RARE_TERMS = 1_000  # above it a term must stand in two texts
ROWS_FOR_CALIBRATION_MIN = 30  # below it the temperature stays 1
HEAD = ("head_coefficients", "head_intercepts", "head_examples")


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
    unproven: frozenset[str] = frozenset()  # classes of which only the name is known
    head: SentenceHead | None = None
    encoder: Encoder | None = field(default=None, repr=False)
    fingerprint: str = field(default="")

    def choose(self, text: str) -> Choice:
        """Pick a class for a masked text, with calibrated confidence and four runners-up.

        A class of which only the name is known gets no confidence: nothing may rest on it.
        """
        if not features.readable(text, scripts=self.scripts):
            return unscored()
        scored = self.scored(text)
        if scored is None:
            return unscored()
        scores, nearness = scored
        shares = softmax(scores / self.temperature)
        named = dict(zip(self.classes, shares.tolist(), strict=True))
        choice = ranked(named, kind="classifier", nearness=nearness)
        return replace(choice, confidence=None) if choice.choice in self.unproven else choice

    def regression(self, text: str) -> "Floats":
        """Return the shares of the logistic regression on terms alone, by class."""
        columns, weights = self._vector(text)
        return softmax(weights @ self.coefficients[columns] + self.intercepts)

    def save(self, folder: Path) -> None:
        """Write `classifier.npz`, then `classifier.json`; makes the folder if missing."""
        np = numpy()
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(folder / "classifier.npz", **self._arrays())
        manifest = self._manifest() | {"fingerprint": self.fingerprint}
        (folder / "classifier.json").write_text(
            json.dumps(manifest, ensure_ascii=False) + "\n", "utf-8"
        )

    def scored(self, text: str, row: "Floats | None" = None) -> "tuple[Floats, float] | None":
        """Return log shares by class before the temperature, and the nearest example's cosine.

        None when no term is known. `row` is the text's sentence vector where it is at hand.
        """
        columns, weights = self._vector(text)
        if not len(columns):
            return None
        shares = softmax(weights @ self.coefficients[columns] + self.intercepts)
        if self.head is None:
            voted, nearness = vote(self._near(columns, weights), self.labels, shares)
            return averaged([(1.0, shares), (VOTE_WEIGHT, voted)]), nearness
        if row is None:
            if self.encoder is None:
                raise ModelInputError("this classifier needs the sentence encoder it learnt with")
            row = self.encoder.rows([text])[0]
        meant = self.head.shares(row)
        voted, nearness = vote(self.head.near(row), self.labels, meant)
        return averaged([(0.5, shares), (0.5, meant), (VOTE_WEIGHT, voted)]), nearness

    def _vector(self, text: str) -> "tuple[Integers, Floats]":
        np = numpy()
        pairs = self.vocabulary.vector(text)
        columns = np.fromiter((column for column, _ in pairs), dtype=np.int64, count=len(pairs))
        return columns, np.fromiter(
            (weight for _, weight in pairs), dtype=np.float64, count=len(pairs)
        )

    def _near(self, columns: "Integers", weights: "Floats") -> "Floats":
        """Return the cosine of the terms to those of each example."""
        np = numpy()
        starts = self.posting_starts[columns]
        counts = self.posting_starts[columns + 1] - starts
        ends = counts.cumsum()
        positions = np.arange(int(ends[-1])) + (starts - ends + counts).repeat(counts)
        near: Floats = np.bincount(
            self.posting_examples[positions],
            weights=self.posting_weights[positions] * weights.repeat(counts),
            minlength=len(self.labels),
        )
        return near

    def _arrays(self) -> "dict[str, Any]":
        names = (
            "coefficients",
            "intercepts",
            "posting_starts",
            "posting_examples",
            "posting_weights",
            "labels",
        )
        arrays = {name: getattr(self, name) for name in names}
        if self.head is not None:
            kept = self.head.examples.astype("float16")
            of_head = (self.head.coefficients, self.head.intercepts, kept)
            arrays |= dict(zip(HEAD, of_head, strict=True))
        return arrays

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
            "unproven": sorted(self.unproven),
            "encoder": "" if self.head is None else self.head.digest,
        }

    def digest(self) -> str:
        """Compute the fingerprint from what is held now; `load` compares the two."""
        manifest = json.dumps(self._manifest(), sort_keys=True, ensure_ascii=False)
        content = hashlib.sha256(manifest.encode())
        for name, array in sorted(self._arrays().items()):
            content.update(f"\0{name} {array.dtype.str} {array.shape}\0".encode())
            content.update(array.tobytes())
        return content.hexdigest()


def train(
    rows: Sequence[Row],
    *,
    seed: int,
    names: Sequence[str] = (),
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> LocalClassifier:
    """Learn from labelled, masked texts; the same rows give the same classifier.

    `names` are classes that may have no row. Of a class with few rows the name is learnt too.
    Raises `ModelInputError` for unusable rows and `MissingExtraError` without the extra.
    """
    numpy()
    classes = examples.check(rows, names=names)
    steps = FOLDS + 1
    report = progress or silent
    report(0, steps, "reading examples")
    known = _encoded(rows, classes, encoder)
    outcomes: list[tuple[Floats, int]] = []
    for part in range(FOLDS):
        others = [row for row in rows if examples.fold(row[0]) != part]
        mine = [row for row in rows if examples.fold(row[0]) == part]
        if mine and others:
            outcomes += _unseen(_fit(others, classes, known, seed=seed), mine, known)
        report(part + 1, steps, f"calibrating, part {part + 1} of {FOLDS}")
    fitted = replace(
        _fit(list(rows), classes, known, seed=seed),
        temperature=_temperature(outcomes),
        unproven=frozenset(classes) - {label for _, label in rows},
        encoder=encoder,
    )
    if encoder is not None and fitted.head is not None:
        fitted = replace(fitted, head=replace(fitted.head, digest=encoder.digest))
    report(steps, steps, "trained on all examples")
    return replace(fitted, fingerprint=fitted.digest())


def load(folder: Path, *, encoder: Encoder | None = None) -> LocalClassifier:
    """Read a stored classifier; `ModelInputError` when it is missing or was changed."""
    np = numpy()
    try:
        manifest = json.loads((folder / "classifier.json").read_text("utf-8"))
        with np.load(folder / "classifier.npz", allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
        learnt_with = str(manifest["encoder"])
        head = _head(learnt_with, *(arrays.pop(name) for name in HEAD)) if learnt_with else None
        classifier = LocalClassifier(
            classes=tuple(manifest["classes"]),
            vocabulary=Vocabulary(
                columns={term: column for column, term in enumerate(manifest["terms"])},
                rarity=manifest["rarity"],
            ),
            scripts=frozenset(manifest["scripts"]),
            temperature=manifest["temperature"],
            seed=manifest["seed"],
            unproven=frozenset(manifest["unproven"]),
            head=head,
            encoder=encoder if head is not None else None,
            fingerprint=manifest["fingerprint"],
            **arrays,
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelInputError(
            f"no usable classifier in `{folder}`; run `remit train` again"
        ) from error
    if manifest.get("format") != FORMAT or classifier.digest() != classifier.fingerprint:
        raise ModelInputError(f"the classifier in `{folder}` was changed; run `remit train` again")
    if learnt_with != ("" if encoder is None or head is None else encoder.digest):
        raise ModelInputError(
            f"the classifier in `{folder}` learnt with another sentence encoder; "
            "name that one or run `remit train` again"
        )
    return classifier


Known = Mapping[str, "Floats"]  # the vector of each text; empty without an encoder


def _encoded(rows: Sequence[Row], classes: Sequence[str], encoder: Encoder | None) -> Known:
    if encoder is None:
        return {}
    named = examples.spoken(classes)
    texts = sorted({text for text, _ in (*rows, *named)})
    return dict(zip(texts, encoder.rows(texts), strict=True))


def _fit(
    given: list[Row], classes: tuple[str, ...], known: Known, *, seed: int
) -> LocalClassifier:
    np = numpy()
    rows = examples.completed(given, classes)
    texts = [text for text, _ in rows]
    vocabulary = features.learn(
        texts, seen_in_texts_min=2 if len(rows) > ROWS_FOR_RARE_TERMS else 1
    )
    vectors = [vocabulary.vector(text) for text in texts]
    places = {name: place for place, name in enumerate(classes)}
    labels = np.array([places[label] for _, label in rows], dtype=np.int32)
    lengths = np.array([len(vector) for vector in vectors], dtype=np.int64)
    columns = np.array([column for vector in vectors for column, _ in vector], dtype=np.int32)
    weights = np.array([weight for vector in vectors for _, weight in vector], dtype=np.float32)
    width = len(vocabulary.columns)
    coefficients, intercepts = _regress_terms(lengths, columns, weights, labels, width=width)
    order = np.argsort(columns, kind="stable")
    head = None
    if known:
        seen = np.stack([known[text] for text in texts])
        head = _head("", *_regress(seen, labels), seen)
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
        head=head,
    )


def _head(
    digest: str, coefficients: "Floats", intercepts: "Floats", rows: "Floats"
) -> SentenceHead:
    return SentenceHead(
        digest=digest,
        coefficients=coefficients,
        intercepts=intercepts,
        examples=rows.astype("float16").astype("float32"),  # as it will be read back
    )


def _regress_terms(
    lengths: "Integers", columns: "Integers", weights: "Floats", labels: "Integers", *, width: int
) -> "tuple[Floats, Floats]":
    np = numpy()
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    starts = np.concatenate(([0], lengths.cumsum()))
    matrix = csr_matrix((weights, columns, starts), shape=(len(lengths), width))
    return _regress(matrix, labels)


def _regress(matrix: Any, labels: "Integers") -> "tuple[Floats, Floats]":
    """Fit a multinomial logistic regression; of two classes the first column is zero."""
    np = numpy()
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=INVERSE_PENALTY, max_iter=ITERATIONS_MAX, tol=TOLERANCE)
    fitted.fit(matrix, labels)
    rows, intercepts = fitted.coef_, fitted.intercept_
    if len(rows) == 1:
        rows = np.vstack([np.zeros_like(rows), rows])
        intercepts = np.concatenate([[0.0], intercepts])
    return np.ascontiguousarray(rows.T, dtype=np.float32), intercepts.astype(np.float64)


def _unseen(
    classifier: LocalClassifier, rows: list[Row], known: Known
) -> "list[tuple[Floats, int]]":
    places = {name: place for place, name in enumerate(classifier.classes)}
    scored = [(classifier.scored(text, known.get(text)), places[label]) for text, label in rows]
    return [(found[0], label) for found, label in scored if found is not None]


def _temperature(outcomes: "list[tuple[Floats, int]]") -> float:
    """Return the temperature of least log loss (Guo et al. 2017, arXiv 1706.04599)."""
    np = numpy()
    if len(outcomes) < ROWS_FOR_CALIBRATION_MIN:
        return 1.0
    scores = np.stack([row for row, _ in outcomes])
    right = np.array([label for _, label in outcomes])

    def slope(inverse: float) -> float:
        """Return the log loss's slope in 1/T: the expected score less the truth's."""
        shares = softmax(scores * inverse)
        expected = (shares * scores).sum(axis=1)
        return float((expected - scores[np.arange(len(right)), right]).mean())

    return 1.0 / _root(slope, low=0.1, high=10.0)


def _root(slope: Callable[[float], float], *, low: float, high: float) -> float:
    """Return where a rising function crosses zero, in log steps, or the nearer end."""
    for _ in range(40):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if slope(middle) > 0 else (middle, high)
    return round(math.sqrt(low * high), 6)
