"""`remit train`: judged on rows that it did not see, kept where the next run looks."""

import json
import shutil
import zipfile
from pathlib import Path

import pytest

from remit.assembly import kept, trained
from remit.cli import main as cli
from remit.cli.new import scaffold
from remit.intake.plugins import PLUGINS


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("DATABASE", "KEYS", "TRAINED", "PROJECT"):
        monkeypatch.delenv(f"REMIT_{name}", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    scaffold("help-desk", tmp_path / "p", today="2026-11-24")
    return tmp_path / "p"


def train(project: Path, *options: str) -> int:
    return cli.main(["--project", str(project), "train", "help-desk", *options])


def test_it_says_how_good_it_is_and_where_it_is_kept(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(project) == 0
    shown = capsys.readouterr().out
    assert "rows         44" in shown
    for words in ("accuracy", "at 1 % error", "at 2 % error", "at 5 % error",
                  "expected calibration error", "fingerprint"):  # fmt: skip
        assert words in shown


def test_held_out_rows_are_not_learnt_from(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(project, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["training"] + found["held_out"] == found["rows"] == 44
    assert found["held_out"] > 0
    assert found["fingerprint"] != found["judged_fingerprint"]


def test_the_next_run_uses_what_was_kept(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(project, "--json") == 0
    (saved,) = json.loads(capsys.readouterr().out)["saved"]
    assert Path(saved).parent == project / ".remit" / "trained"
    file = project / "cases.jsonl"
    assert cli.main(["--project", str(project), "run", "help-desk", "--input", str(file)]) == 0
    assert "training" not in capsys.readouterr().err


def test_the_same_rows_and_seed_give_the_same_fingerprint(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = []
    for folder in ("one", "two"):
        assert train(project, "--json", "--out", str(tmp_path / folder)) == 0
        found.append(json.loads(capsys.readouterr().out)["fingerprint"])
        shutil.rmtree(project / ".remit" / "trained")
    assert found[0] == found[1]
    assert (tmp_path / "one" / "classifier.json").is_file()


def test_other_rows_say_that_the_workflow_does_not_use_them(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.csv"
    rows = [f"please {verb} it number {n},{verb}" for n in range(20) for verb in ("send", "stop")]
    file.write_text("body,team\n" + "\n".join(rows) + "\n", "utf-8")
    assert train(project, "--input", str(file), "--text", "body", "--label", "team") == 0
    assert "still uses its own rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "options", "words"),
    [
        (None, (), "there is no file"),
        ("body,label\na,b\n", (), "has no column `text`; write `--text COLUMN`"),
        ("text,label\na,b\n", (), "have 1 labels"),
        ("text,label\n,b\nc,d\n", (), "has no text or no label"),
        ("text,label\na,b\n", ("--classifier", "tone"), "1 labels"),
    ],
)
def test_rows_that_cannot_be_learnt_from_are_a_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], content: str | None,
    options: tuple[str, ...], words: str,
) -> None:  # fmt: skip
    file = project / "rows.csv"
    if content is not None:
        file.write_text(content, "utf-8")
    assert train(project, "--input", str(file), *options) == 2
    said = capsys.readouterr().err
    assert words in said
    assert "Traceback" not in said


def test_a_classifier_that_is_not_set_up_needs_rows(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train(project, "--classifier", "tone") == 2
    assert "sets up no classifier `tone`" in capsys.readouterr().err


def test_what_is_learnt_and_kept_holds_no_private_value(tmp_path: Path) -> None:
    address, number = "anna.lindqvist@example.org", "+49 30 901820"
    rows = [
        {"text": f"{wish} number {row}, write to {address} or call {number}", "label": label}
        for row in range(12)
        for wish, label in (("give the money back", "refund"), ("where is it", "status"))
    ]
    file = tmp_path / "training.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))

    trained(file, text="text", label="label", seed=7, folder=tmp_path / "kept")

    assert not [part for part in ("lindqvist", "901820") if is_kept(part, tmp_path / "kept")]


@pytest.mark.parametrize("first", ["train", "run"])
def test_what_the_project_switches_on_masks_what_is_learnt(project: Path, first: str) -> None:
    settings = project / "remit.toml"
    rows = project / "training.jsonl"
    given = [json.loads(line) for line in rows.read_text().splitlines()]
    rows.write_text("".join(
        json.dumps(row | {"text": f"{row['text']} Yours, Katarzyna Lewandowska."}) + "\n"
        for row in given
    ))  # fmt: skip
    home = project / ".remit" / "trained"

    def made() -> bool:
        if first == "train":
            assert train(project) == 0
        else:
            cases = str(project / "cases.jsonl")
            done = cli.main(["--project", str(project), "run", "help-desk", "--input", cases])
            assert done == 0
        return is_kept("lewandowska", home)

    try:
        assert made()  # nothing of ours finds a name in free text
        shutil.rmtree(home)
        settings.write_text('recognisers = ["names"]\n' + settings.read_text())
        assert not made()
    finally:
        PLUGINS.use(())


def test_one_that_was_kept_before_more_is_masked_is_not_used_again(tmp_path: Path) -> None:
    file = tmp_path / "training.jsonl"
    file.write_text("{}\n")
    place = {"text": "text", "label": "label", "seed": 7, "folder": tmp_path}
    try:
        before = kept(file, **place)  # type: ignore[arg-type]  # as declared
        PLUGINS.use(["names"])
        assert kept(file, **place) != before  # type: ignore[arg-type]  # as declared
    finally:
        PLUGINS.use(())


def is_kept(part: str, folder: Path) -> bool:
    """Tell whether a kept classifier holds a word, as text or in its arrays."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    for path in files:
        said = path.read_bytes()
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as packed:
                said = b"".join(packed.read(name) for name in packed.namelist())
        if part.encode() in said or part.encode("utf-32-le") in said:
            return True
    return False
