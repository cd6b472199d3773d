"""The bench of the local classifier: its measures, and a small slice of public intents."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bench.autonomy.part import MissingDataError
from bench.local import data, peers, streams
from bench.local.__main__ import main
from bench.local.measures import Told
from remit.models import local

LABELS = 12


def told(*, size: int = 2_000, errors: float = 0.2) -> Told:
    dice = np.random.default_rng(5)
    score = dice.random(size)
    return Told(
        right=dice.random(size) > 2 * errors * (1 - score),
        confidence=score,
        score=score,
        strange=np.round(dice.random(100) / 2, 2),
    )


def test_how_well_strangers_are_told_is_what_the_library_says() -> None:
    one = told()
    both = np.concatenate([one.score, one.strange])
    truth = np.concatenate([np.ones(len(one.score)), np.zeros(len(one.strange))])

    assert one.auroc == pytest.approx(roc_auc_score(truth, both), abs=1e-9)


def test_strangers_are_found_below_what_keeps_the_others() -> None:
    one = Told(
        right=np.ones(100, dtype=bool), confidence=np.ones(100),
        score=np.arange(1, 101) / 100, strange=np.array([0.01, 0.05, 0.07, 0.9]),
    )  # fmt: skip

    assert one.found(kept=0.94) == 0.5
    assert one.found(kept=1.0) == 0.0


def test_what_acts_alone_is_certified_on_other_messages() -> None:
    share, wrong, above = told(size=8_000).certified(error_max=0.1, seed=1)

    assert 0.1 < share < 0.5
    assert wrong < 0.1
    assert above <= 0.1
    assert told(errors=0.5).certified(error_max=0.01, seed=1)[0] < 0.02


def test_a_slice_of_public_intents_is_understood_and_strangers_are_noticed() -> None:
    try:
        whole = data.clinc()
    except MissingDataError as error:
        pytest.skip(f"not shipped: {error}")
    labels = set(whole.labels[:LABELS])
    part = data.Data(
        name="slice",
        training=[row for row in whole.few(40) if row[1] in labels],
        tested=[row for row in whole.tested if row[1] in labels],
        strange=whole.strange,
    )

    ours = peers.told(part, peers.answering(local.train(part.training, seed=7)))

    assert ours.accuracy > 0.92
    assert ours.error < 0.06
    assert ours.auroc > 0.9


def test_missing_data_is_said(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(data, "CASES", tmp_path)

    assert main(["--without-encoder"]) == 3
    assert "not run: `banking77/train.jsonl.gz` is not in the folder" in capsys.readouterr().out


def test_a_stream_is_what_the_ladder_reads(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bench.autonomy.ladder_clinc import pools

    monkeypatch.setattr(streams, "FOLDER", tmp_path)
    one = told()

    known, strange = pools(streams.write("SLICE", one), missing="")

    np.testing.assert_allclose(known[0], one.score, atol=1e-6)
    np.testing.assert_array_equal(known[1], ~one.right)
    assert len(strange[0]) == 100
    assert strange[1].all()
