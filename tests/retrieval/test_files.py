"""The one writer: whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from retrieval.files import replace_json, replace_text, replacing, replacing_folder, written


def test_a_text_and_a_value_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.json"
    replace_text(path, "早\n")
    assert path.read_bytes() == "早\n".encode()
    replace_json(path, {"a": ["é"]})
    assert path.read_text(encoding="utf-8") == '{\n  "a": [\n    "é"\n  ]\n}\n'
    assert [one.name for one in path.parent.iterdir()] == ["file.json"]


def test_a_fault_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "file"
    replace_text(path, "old")
    with pytest.raises(ValueError, match="Out of range"):
        replace_json(path, float("nan"))

    def half() -> None:
        with replacing(path) as new:
            new.write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        half()
    assert path.read_text() == "old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_a_folder_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    for name in ("first", "second"):
        with replacing_folder(folder) as new:
            (new / name).write_text(name)
    assert [one.name for one in folder.iterdir()] == ["second"]
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


def test_a_folder_is_left_alone_after_a_fault_or_by_choice(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    with replacing_folder(folder) as new:
        (new / "first").write_text("first")

    def half() -> None:
        with replacing_folder(folder) as new:
            (new / "second").write_text("second")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    with replacing_folder(folder) as new:
        new.rmdir()
    assert [one.name for one in folder.iterdir()] == ["first"]
    assert [one.name for one in tmp_path.iterdir()] == ["model"]


def test_when_a_file_was_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert written(path) == 0
    replace_text(path, "a")
    assert written(path) > 0
