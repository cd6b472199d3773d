"""The shrunken rate of a cell: what its own labels say, drawn towards those of its siblings."""

from collections.abc import Hashable, Mapping
from typing import Final, TypeVar

from remit.evidence import inputs

Name = TypeVar("Name", bound=Hashable)
_CELLS_MIN: Final = 2  # with labels, before anything can be said of how they differ


def rates(counts: Mapping[Name, tuple[int, int]]) -> dict[Name, float]:
    """Return a rate of errors for each cell, from (wrong, labels) of it and its siblings.

    The rates of the cells are taken to come from one beta distribution, fitted by moments: each
    cell gets (wrong + s m)/(labels + s), m the rate of all together with half a label added on
    each side, s as large as the cells are alike. Where they differ no more than chance has it, all
    get m; a cell without labels gets m. Source: Kleinman 1973 (JASA 68, 46-54), weights in
    proportion to labels. Limits: for display and ordering only, it promises nothing and never
    decides; cells that are unlike their siblings for a reason are drawn towards them all the same.
    No labels at all give no rates. Raises `EvidenceInputError` for what is no count.
    """
    known: list[tuple[int, int]] = []
    for wrong, labels in counts.values():
        inputs.count("wrong", wrong, most=inputs.count("labels", labels))
        if labels:
            known.append((wrong, labels))
    total = sum(labels for _, labels in known)
    if not total:
        return {}
    mean = (sum(wrong for wrong, _ in known) + 0.5) / (total + 1)
    alike = _alike(known, total)
    if alike is None:
        return dict.fromkeys(counts, mean)
    return {
        name: (wrong + alike * mean) / (labels + alike)
        if labels + alike
        else mean
        for name, (wrong, labels) in counts.items()
    }  # fmt: skip


def _alike(known: list[tuple[int, int]], total: int) -> float | None:
    """Return the sum of the two parameters of the beta, None where it is infinite."""
    mean = sum(wrong for wrong, _ in known) / total
    if len(known) < _CELLS_MIN or not 0 < mean < 1:
        return None
    spread = sum(labels / total * (wrong / labels - mean) ** 2 for wrong, labels in known)
    by_chance = sum((1 - labels / total) / total for _, labels in known)
    room = sum(labels / total * (1 - labels / total) for _, labels in known)
    within = mean * (1 - mean)
    if room <= by_chance:  # one label a cell: chance explains any spread
        return None
    correlation = min((spread - within * by_chance) / (within * (room - by_chance)), 1.0)
    return None if correlation <= 0 else 1 / correlation - 1
