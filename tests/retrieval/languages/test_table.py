"""The language table: what each entry must have, and that its data files are complete."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.languages.table import CODES, FALLBACK, LANGUAGES, data, gap, language


@pytest.mark.parametrize("code", CODES)
def test_an_entry_is_found_by_its_code_and_has_stop_words(code: str) -> None:
    entry = language(code)
    assert (entry.code, entry.gap) == (code, gap(code))
    assert len(entry.stop_words) > 50
    assert entry.segmentation == "jieba" or entry.stemmer


def test_codes_are_unique_and_the_fallback_is_one_of_them() -> None:
    assert len({entry.code for entry in LANGUAGES}) == len(LANGUAGES) == len(CODES)
    assert FALLBACK in LANGUAGES


def test_data_files_are_read_by_code_and_a_missing_one_is_named(tmp_path: Path) -> None:
    for code in CODES[1:]:
        (tmp_path / f"{code}.toml").write_text(f'hello = "{code}"\n')
    with pytest.raises(FileNotFoundError, match=rf"{CODES[0]}\.toml"):
        data(tmp_path)
    (tmp_path / f"{CODES[0]}.toml").write_text("hello = 1\n")
    assert data(tmp_path)[CODES[0]] == {"hello": 1}
    assert data(tmp_path)[CODES[1]] == {"hello": CODES[1]}
