"""Proofs of inclusion and consistency: vectors from the text of RFC 6962, run by every verifier.

They have the shape of transparency-dev's test data. Ours is the tree, the one joined into each
export, and `tlog` of golang.org/x/mod, by other authors.
"""

import base64
import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from remit.ledger import joined, merkle
from tests import rfc6962
from tests.gobuild import built

PROGRAM = Path(__file__).parents[1] / "fixtures/vectors.go"

Vectors = Sequence[dict[str, Any]]
Accepts = Callable[[Vectors], list[bool]]


@pytest.fixture(scope="module")
def vectors() -> dict[str, Vectors]:
    return {
        "inclusion": list(rfc6962.inclusion_vectors()),
        "consistency": list(rfc6962.consistency_vectors()),
    }


def ours(names: dict[str, Any]) -> Accepts:
    def decoded(vector: dict[str, Any]) -> dict[str, Any]:
        proof = [base64.b64decode(one) for one in vector["proof"]]
        hashes = ("root", "leafHash", "root1", "root2")
        return {n: base64.b64decode(v) if n in hashes else v for n, v in vector.items()} | {
            "proof": proof
        }

    def accepts(vectors: Vectors) -> list[bool]:
        found = []
        for one in map(decoded, vectors):
            if "leafHash" in one:
                answer = names["verify_inclusion"](
                    one["leafHash"], index=one["leafIdx"], size=one["treeSize"],
                    proof=one["proof"], root=one["root"],
                )  # fmt: skip
            else:
                answer = names["verify_consistency"](
                    first=one["size1"], second=one["size2"], first_root=one["root1"],
                    second_root=one["root2"], proof=one["proof"],
                )  # fmt: skip
            found.append(answer)
        return found

    return accepts


@pytest.fixture(scope="module", params=["merkle", "verify.py", "go"])
def accepts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Accepts:
    """Each verifier, as a function from vectors to whether it accepts them."""
    if request.param == "merkle":
        return ours(vars(merkle))
    if request.param == "verify.py":
        names: dict[str, Any] = {"__name__": "verify"}
        exec(compile(joined.python_source(), "verify.py", "exec"), names)
        return ours(names)
    program = built(PROGRAM, tmp_path_factory.mktemp("vectors"))

    def go(vectors: Vectors) -> list[bool]:
        lines = "".join(f"{json.dumps(vector)}\n" for vector in vectors)
        done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
        return [line == "true" for line in done.stdout.split()]

    return go


@pytest.mark.parametrize("kind", ["inclusion", "consistency"])
def test_good_proofs_are_accepted_and_broken_ones_are_not(
    accepts: Accepts, vectors: dict[str, Vectors], kind: str
) -> None:
    wanted = vectors[kind]
    assert len(wanted) > 10_000
    answers = accepts(wanted)
    wrong = [
        one["desc"]
        for one, answer in zip(wanted, answers, strict=True)
        if answer is bool(one["wantErr"])
    ]
    assert wrong == []


def test_our_proofs_are_those_of_the_text() -> None:
    def node(height: int, index: int) -> bytes:
        return rfc6962.root(index << height, (index + 1) << height)

    for size in (*range(1, 66), 255, 256, 257, 300):
        for index in range(size):
            assert merkle.inclusion(index, size, node) == rfc6962.path(index, 0, size)
            assert merkle.consistency(index + 1, size, node) == rfc6962.proof(index + 1, size)


def test_the_tree_grows_as_the_text_says() -> None:
    tree, frontier = merkle.Tree(), merkle.Frontier()
    for size in range(1, 1_030):
        item = rfc6962.root(size - 1, size)
        tree.append(item)
        frontier.append(item)
        if size < 310 or size > 1_020:
            assert tree.root() == frontier.root() == rfc6962.root(0, size)
    paged = merkle.Tree()
    for start in range(0, 1_024, 256):
        paged.extend([rfc6962.root(n, n + 1) for n in range(start, start + 256)])
    assert paged.root() == rfc6962.root(0, 1_024)
    assert [(level, n) for level, n, _ in paged.partial()] == [(1, 0)]
