"""A vote of the nearest examples: the core's classifier, with no library and no training time.

Examples are ranked by BM25 over words and pairs (Robertson and Zaragoza 2009); ten of them vote.
How often a vote of that strength is right is learnt by leaving each example out in turn, and made
monotone by pooling adjacent violators, so a stronger vote never claims less.
"""

import hashlib
import heapq
import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from remit.domain.step import Confidence
from remit.errors import ModelInputError
from remit.models import examples, features
from remit.models.choice import RUNNERS_UP_MAX, Choice, Progress, silent, unscored
from remit.models.examples import Row

FORMAT = 2
NEIGHBOURS = 10
LENGTH_NORM, SATURATION = 0.75, 1.2  # b and k1 of BM25
VOTE_SHARPNESS = 6.0  # a neighbour weighs exp(6 (score / best score - 1))
LEFT_OUT_MAX = 500  # examples left out in turn; every n-th when there are more
LEFT_OUT_MIN = 30  # below it no confidence is claimed

Posting = tuple[int, float]  # example, weight of the word in it
Level = tuple[float, float]  # strength of vote from which it holds, share that was right


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestClassifier:
    """Examples, an index of their words, and how far a vote can be trusted."""

    classes: tuple[str, ...]
    rows: tuple[Row, ...]
    index: dict[str, tuple[Posting, ...]]
    scripts: frozenset[str]
    levels: tuple[Level, ...]  # ascending; empty: no confidence is claimed
    fingerprint: str
    unproven: frozenset[str] = frozenset()  # classes of which only the name is known

    def choose(self, text: str) -> Choice:
        """Pick a class for a masked text; no confidence with too few examples to judge."""
        if not features.readable(text, scripts=self.scripts):
            return unscored()
        vote = self._vote(text)
        if vote is None:
            return unscored()
        top, *others = sorted(vote.shares, key=lambda name: (-vote.shares[name], name))
        trusted = self._trusted(vote.strength) if self.levels else vote.shares[top]
        left = (1 - trusted) / max(1 - vote.shares[top], 1e-9)
        return Choice(
            choice=top,
            confidence=Confidence(ppm=_ppm(trusted), kind="nearest")
            if self.levels and top not in self.unproven
            else None,
            runners_up=tuple(
                (name, _ppm(left * vote.shares[name])) for name in others[:RUNNERS_UP_MAX]
            ),
            nearness_ppm=_ppm(vote.nearness),
        )

    def save(self, folder: Path) -> None:
        """Write `classifier.json` into a folder, which is made if missing."""
        folder.mkdir(parents=True, exist_ok=True)
        manifest = {
            "format": FORMAT,
            "kind": "nearest",
            "rows": self.rows,
            "levels": self.levels,
            "unproven": sorted(self.unproven),
            "fingerprint": self.fingerprint,
        }
        (folder / "classifier.json").write_text(
            json.dumps(manifest, ensure_ascii=False) + "\n", "utf-8"
        )

    def _vote(self, text: str, *, without: int | None = None) -> "_Vote | None":
        near: dict[int, float] = {}
        sought = 0.0
        for word in sorted(set(features.word_terms(text))):
            postings = self.index.get(word, ())
            sought += _rarity(len(postings), len(self.rows))
            for example, weight in postings:
                near[example] = near.get(example, 0.0) + weight
        near.pop(-1 if without is None else without, None)
        found = heapq.nsmallest(NEIGHBOURS, near.items(), key=lambda item: (-item[1], item[0]))
        if not found:
            return None
        best = found[0][1]
        votes: dict[str, float] = {}
        for example, score in found:
            label = self.rows[example][1]
            votes[label] = votes.get(label, 0.0) + math.exp(VOTE_SHARPNESS * (score / best - 1))
        total = sum(votes.values())
        return _Vote(
            shares={label: vote / total for label, vote in votes.items()},
            nearness=min(best / sought, 1.0),
        )

    def _trusted(self, strength: float) -> float:
        return max(
            (right for start, right in self.levels if start <= strength), default=self.levels[0][1]
        )

    def left_out(self, progress: Progress, *, examples: int) -> list[tuple[float, bool]]:
        """Return strength and rightness of the vote on each of the first examples, left out."""
        stride = max(1, -(-examples // LEFT_OUT_MAX))
        chosen = range(0, examples, stride)
        results: list[tuple[float, bool]] = []
        for done, example in enumerate(chosen, start=1):
            text, label = self.rows[example]
            vote = self._vote(text, without=example)
            if vote is not None:
                top = min(vote.shares, key=lambda name: (-vote.shares[name], name))
                results.append((vote.strength, top == label))
            if done % 50 == 0 or done == len(chosen):
                progress(done, len(chosen), "leaving examples out in turn")
        return results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vote:
    """How the nearest voted, and how near the nearest of them is."""

    shares: dict[str, float]
    nearness: float  # BM25 of the nearest over the text's total rarity

    @property
    def strength(self) -> float:
        """A clear vote of examples that say something else is a weak vote."""
        return max(self.shares.values()) * math.sqrt(self.nearness)


def train(
    rows: Sequence[Row],
    *,
    seed: int,
    names: Sequence[str] = (),
    progress: Progress | None = None,
) -> NearestClassifier:
    """Index labelled, masked texts; nothing here is random, so `seed` changes nothing.

    `names` are classes that may have no row. Of a class with few rows the name is learnt too.
    """
    del seed
    classes = examples.check(rows, names=names)
    bare = _indexed(examples.completed(rows, classes))
    levels = _levels(bare.left_out(progress or silent, examples=len(rows)))
    unproven = frozenset(classes).difference(label for _, label in rows)
    made = _digest(bare.rows, levels, unproven)
    return replace(bare, levels=levels, unproven=unproven, fingerprint=made)


def load(folder: Path) -> NearestClassifier:
    """Read stored examples; `ModelInputError` when they are missing or were changed."""
    try:
        manifest = json.loads((folder / "classifier.json").read_text("utf-8"))
        rows = tuple((str(text), str(label)) for text, label in manifest["rows"])
        levels = tuple((float(start), float(right)) for start, right in manifest["levels"])
        unproven = frozenset(map(str, manifest["unproven"]))
        made = _digest(rows, levels, unproven)
        intact = manifest["format"] == FORMAT and manifest["fingerprint"] == made
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelInputError(
            f"no usable classifier in `{folder}`; run `remit train` again"
        ) from error
    if not intact:
        raise ModelInputError(f"the classifier in `{folder}` was changed; run `remit train` again")
    return replace(_indexed(rows), levels=levels, unproven=unproven, fingerprint=made)


def _indexed(rows: Sequence[Row]) -> NearestClassifier:
    classes = examples.check(rows)
    counts = [features.word_terms(text) for text, _ in rows]
    frequency: Counter[str] = Counter()
    for count in counts:
        frequency.update(count.keys())
    mean = sum(count.total() for count in counts) / len(counts)
    index: dict[str, list[Posting]] = {}
    for example, count in enumerate(counts):
        length = 1 - LENGTH_NORM + LENGTH_NORM * count.total() / mean
        for word, times in count.items():
            seen = frequency[word]
            weight = (
                _rarity(seen, len(rows)) * times * (SATURATION + 1) / (times + SATURATION * length)
            )
            index.setdefault(word, []).append((example, weight))
    return NearestClassifier(
        classes=classes,
        rows=tuple(rows),
        index={word: tuple(postings) for word, postings in index.items()},
        scripts=features.scripts_of(text for text, _ in rows),
        levels=(),
        fingerprint="",
    )


def _levels(results: list[tuple[float, bool]]) -> tuple[Level, ...]:
    """Pool adjacent violators: steps of rising strength whose share of right ones never falls."""
    if len(results) < LEFT_OUT_MIN:
        return ()
    groups: list[tuple[float, int, int]] = []  # start, right, cases
    for strength, right in sorted(results):
        groups.append((strength, int(right), 1))
        while len(groups) > 1 and groups[-2][1] * groups[-1][2] >= groups[-1][1] * groups[-2][2]:
            last, before = groups.pop(), groups.pop()
            groups.append((before[0], before[1] + last[1], before[2] + last[2]))
    return tuple((start, (right + 0.5) / (cases + 1)) for start, right, cases in groups)


def _rarity(seen: int, total: int) -> float:
    return math.log(1 + (total - seen + 0.5) / (seen + 0.5))


def _ppm(share: float) -> int:
    return round(share * 1_000_000)


def _digest(rows: Sequence[Row], levels: Sequence[Level], unproven: frozenset[str]) -> str:
    said = [FORMAT, rows, levels, sorted(unproven)]
    content = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(content.encode()).hexdigest()
