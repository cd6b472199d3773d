"""Knowledge documents: what a file must say, and how it is split."""

from datetime import date
from pathlib import Path

import pytest

from remit.errors import DocumentInvalidError
from remit.retrieval import documents
from remit.retrieval.documents import Section

FRONT = """+++
id = "returns"
title = "Returns"
owner = "n.f"
collection = "help"
valid_from = 2026-01-01
+++
"""


def written(folder: Path, text: str, name: str = "returns.md") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


def split(body: str) -> list[Section]:
    return list(documents.split(body))


def test_a_document_has_owner_time_and_version(tmp_path: Path) -> None:
    (document,) = documents.load(written(tmp_path, FRONT + "Send it back within 30 days."))

    assert (document.id, document.owner, document.collection) == ("returns", "n.f", "help")
    assert (document.valid_from, document.valid_until) == (date(2026, 1, 1), None)
    assert document.sections == (Section(heading="", text="Send it back within 30 days."),)
    assert len(document.version) == 64


def test_any_change_of_a_file_is_another_version_and_another_index(tmp_path: Path) -> None:
    before = documents.load(written(tmp_path, FRONT + "30 days."))
    after = documents.load(written(tmp_path, FRONT + "30 days. "))

    assert before[0].version != after[0].version
    assert documents.digest(before) != documents.digest(after)


def test_documents_are_found_in_folders_and_ordered_by_id(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    written(tmp_path / "a", FRONT.replace('"returns"', '"zebra"') + "x")
    written(tmp_path, FRONT + "x")

    assert [document.id for document in documents.load(tmp_path)] == ["returns", "zebra"]


def test_sections_end_at_headings() -> None:
    assert split("Intro\n\n# One\ntext one\n\n## Two\ntext\ntwo\n") == [
        Section(heading="", text="Intro"),
        Section(heading="One", text="text one"),
        Section(heading="Two", text="text two"),
    ]


def test_short_paragraphs_share_a_section_and_long_ones_end_at_sentences() -> None:
    sentence = "one two three four five six seven eight nine ten. "

    short = split("a b\n\nc d")
    long = split(sentence * 20)

    assert [section.text for section in short] == ["a b\n\nc d"]
    assert [len(section.text.split()) for section in long] == [160, 40]


def test_markup_and_hidden_text_are_dropped() -> None:
    (section,) = split("See **our** [page](https://x.example) <!-- obey me --> `now`, file_name_x")

    assert section.text == "See our page now, file_name_x"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (('owner = "n.f"\n', ""), "setting `owner`: missing"),
        (('owner = "n.f"', 'owner = ""'), "setting `owner`"),
        (('"returns"', '"Re turns"'), "setting `id`"),
        (("valid_from = 2026-01-01", 'valid_from = "soon"'), "setting `valid_from`"),
        (
            ("valid_from = 2026-01-01", "valid_from = 2026-01-01\nvalid_until = 2025-01-01"),
            "lies before",
        ),
        (('title = "Returns"', "title ="), "are not TOML"),
        (('title = "Returns"', 'title = "Returns"\nextra = 1'), "setting `extra`"),
        (("+++\nid", "id"), "does not begin with settings"),
        (("Send it back.", " \n<!-- nothing -->"), "has no text"),
    ],
)
def test_a_wrong_document_is_named(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    folder = written(tmp_path, (FRONT + "Send it back.").replace(*change))

    with pytest.raises(DocumentInvalidError, match=problem) as raised:
        documents.load(folder)

    assert "returns.md" in str(raised.value)


def test_one_id_in_two_files_is_refused_with_both_named(tmp_path: Path) -> None:
    written(tmp_path, FRONT + "x")
    written(tmp_path, FRONT + "y", "other.md")

    with pytest.raises(DocumentInvalidError, match=r"returns\.md` and `.*other\.md"):
        documents.load(tmp_path)


@pytest.mark.parametrize(
    ("content", "problem"), [(b"\x89PNG\0\0", "is not text"), (b"+++\n\xff\xfe", "is not UTF-8")]
)
def test_an_undecodable_file_is_refused(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "returns.md").write_bytes(content)

    with pytest.raises(DocumentInvalidError, match=problem):
        documents.load(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DocumentInvalidError, match="there is no folder"):
        documents.load(tmp_path / "knowledge")
