"""Classifiers, trained once for each content and seed."""

import contextlib
import hashlib
import importlib.util
import tempfile
from pathlib import Path

from remit.intake.plugins import PLUGINS
from remit.intake.scrub import scrub
from remit.models import classifier
from remit.models.choice import Classifier, Progress


def trained(
    file: Path, *, text: str, label: str, seed: int, folder: Path, progress: Progress | None = None
) -> Classifier:
    """Return the classifier of a labelled file, trained once for each content and seed."""
    home = kept(file, text=text, label=label, seed=seed, folder=folder)
    if (home / "classifier.json").is_file():
        return classifier.load(home)
    made = classifier.train(labelled(file, text=text, label=label), seed=seed, progress=progress)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        made.save(Path(unfinished) / "new")
        with contextlib.suppress(OSError):  # another process was first with the same content
            (Path(unfinished) / "new").rename(home)
    return made


def kept(file: Path, *, text: str, label: str, seed: int, folder: Path) -> Path:
    """Return where the classifier of a labelled file is kept: by content, masking and seed."""
    masked = b"\x00masked\x00" + ",".join(PLUGINS.names).encode()
    content = hashlib.sha256(file.read_bytes() + masked).hexdigest()
    kind = "local" if importlib.util.find_spec("sklearn") else "nearest"
    return folder / f"{kind}-{content[:16]}-{seed}-{text}-{label}"


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
