"""Classifiers, trained once for each content and seed."""

import contextlib
import hashlib
import importlib.util
import tempfile
from collections.abc import Sequence
from pathlib import Path

from remit.intake.plugins import PLUGINS
from remit.intake.scrub import scrub
from remit.models import classifier, local
from remit.models.choice import Classifier, Progress
from remit.models.vectors import Encoder
from remit.retrieval import embeddings
from remit.settings import Project


def encoder_of(project: Project) -> Encoder | None:
    """Load the sentence encoder that the settings name; None where they name none.

    Raises `ModelInputError` for a folder without one and `MissingExtraError` without the extra.
    """
    if project.settings.encoder is None:
        return None
    loaded = embeddings.load(project.path(project.settings.encoder))
    return Encoder(encode=loaded.encode, digest=loaded.digest)


def trained(
    file: Path,
    *,
    text: str,
    label: str,
    seed: int,
    folder: Path,
    names: Sequence[str] = (),
    encoder: Encoder | None = None,
    progress: Progress | None = None,
) -> Classifier:
    """Return the classifier of a labelled file, trained once for each content and seed."""
    home = kept(
        file, text=text, label=label, seed=seed, folder=folder, names=names, encoder=encoder
    )
    if (home / "classifier.json").is_file():
        return classifier.load(home, encoder=encoder)
    made = classifier.train(
        labelled(file, text=text, label=label),
        seed=seed, names=names, encoder=encoder, progress=progress,
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        made.save(Path(unfinished) / "new")
        with contextlib.suppress(OSError):  # another process was first with the same content
            (Path(unfinished) / "new").rename(home)
    return made


def kept(
    file: Path,
    *,
    text: str,
    label: str,
    seed: int,
    folder: Path,
    names: Sequence[str] = (),
    encoder: Encoder | None = None,
) -> Path:
    """Return where the classifier of a labelled file is kept: by content, masking and seed."""
    masked = b"\x00masked\x00" + ",".join(PLUGINS.names).encode()
    named = "".join(f"\x00{name}" for name in names).encode()
    content = hashlib.sha256(file.read_bytes() + masked + named).hexdigest()
    kind = "local" if importlib.util.find_spec("sklearn") else "nearest"
    with_encoder = "" if encoder is None else f"-{encoder.digest[:16]}"
    return folder / f"{kind}{local.FORMAT}-{content[:16]}-{seed}-{text}-{label}{with_encoder}"


def labelled(file: Path, *, text: str, label: str) -> list[tuple[str, str]]:
    """Read (text, label) rows of a `.jsonl` or `.csv` file, gzip too, without private values.

    What is learnt is kept in files. Raises `InputFileError` naming the file and line.
    """
    from remit.authoring import rows

    return [
        (scrub(str(row.fields.get(text, ""))), str(row.fields.get(label, "")))
        for row in rows.read(file)
        if row.fields is not None
    ]
