"""Train or load the classifier that this installation can run."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from remit.errors import ModelInputError
from remit.models import local, nearest
from remit.models.choice import Classifier, Progress
from remit.models.examples import Row
from remit.models.vectors import Encoder


def train(
    rows: Sequence[Row],
    *,
    seed: int,
    names: Sequence[str] = (),
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Classifier:
    """Train the regression where the extra `local` is installed, else index examples.

    Only the regression has a use for an encoder; given one without the extra, it says so.
    """
    if encoder is not None or find_spec("sklearn") is not None:
        return local.train(rows, seed=seed, names=names, encoder=encoder, progress=progress)
    return nearest.train(rows, seed=seed, names=names, progress=progress)


def load(folder: Path, *, encoder: Encoder | None = None) -> Classifier:
    """Read whichever classifier a folder holds; `ModelInputError` says what is wrong with it."""
    try:
        kind = json.loads((folder / "classifier.json").read_text("utf-8"))["kind"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelInputError(f"no classifier in `{folder}`; run `remit train` first") from error
    match kind:
        case "local":
            return local.load(folder, encoder=encoder)
        case "nearest":
            return nearest.load(folder)
        case _:
            raise ModelInputError(
                f"the classifier in `{folder}` is of an unknown kind; run `remit train`"
            )
