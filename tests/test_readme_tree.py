"""The README's list of files is what the files say of themselves; `make tree` rewrites it."""

from pathlib import Path

from tests.readme_tree import BEGIN, END, ROOT, modules, sentence, tree


def test_the_readme_lists_each_file_with_its_sentence() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = text.partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == tree(ROOT), "README.md differs from the docstrings; type `make tree`"


def test_the_list_shows_paths_and_sentences_in_two_columns(tmp_path: Path) -> None:
    (tmp_path / "chatbot" / "engines").mkdir(parents=True)
    (tmp_path / "retrieval").mkdir()
    (tmp_path / "chatbot" / "engines" / "local.py").write_text('"""Generate here."""\n')
    (tmp_path / "chatbot" / "store.py").write_text('"""Keep conversations.\n\nMore.\n"""\n')
    (tmp_path / "retrieval" / "text.py").write_text('"""Split text into terms."""\n')
    assert tree(tmp_path).splitlines() == [
        "```text",
        "retrieval/text.py         Split text into terms.",
        "chatbot/store.py          Keep conversations.",
        "chatbot/engines/local.py  Generate here.",
        "```",
    ]


def test_a_file_without_docstring_has_an_empty_sentence(tmp_path: Path) -> None:
    (tmp_path / "ui").mkdir()
    (tmp_path / "ui" / "bare.py").write_text("x = 1\n")
    assert [sentence(path) for path in modules(tmp_path)] == [""]
