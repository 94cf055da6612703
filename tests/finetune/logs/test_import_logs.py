"""An import is the same whether it was killed on the way or not, and what it keeps is redacted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.errors import ImportRefused, LogsUnreadable
from finetune.logs import import_logs as module
from finetune.logs.import_logs import import_logs
from finetune.logs.reader import read_logs

COUNT = 60


@pytest.fixture
def export(tmp_path: Path) -> Path:
    rows = ["id,role,author,message,customer_id"]
    for i in range(COUNT):
        rows.append(f'T{i},customer,,"my name is Dana Voss, order WW-20488{i:02}, where is it?",c{i % 7}')
        rows.append(f"T{i},agent,Maya,Thanks Dana. Yours Maya,c{i % 7}")
    file = tmp_path / "desk.csv"
    file.write_text("\n".join([*rows, "bad row"]), encoding="utf-8")
    return file


def test_what_is_kept_is_redacted_and_reads_like_any_log(export: Path, tmp_path: Path) -> None:
    report = import_logs([export], tmp_path / "out")
    text = (tmp_path / "out" / "conversations.jsonl").read_text(encoding="utf-8")
    assert not [secret for secret in ("Dana", "Voss", "WW-", "Maya", '"c1"') if secret in text]
    found = list(read_logs([tmp_path / "out"]))
    assert len(found) == report.conversations == COUNT
    assert [m.text for m in found[0].messages] == [
        "my name is [name-2], order [order-1], where is it?",
        "Thanks [name-2]. Yours [name-1]",
    ]
    assert report.dropped == {"1 columns instead of 5": (1, f"desk.csv:{2 * COUNT + 2}")}
    assert len(report.examples) == 10
    assert "Dana" in report.examples[0][0]
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["redacted"]["order"] == COUNT
    assert "Dana" not in json.dumps(manifest)


@pytest.mark.parametrize("killed_at", [1, 17, COUNT - 1])
def test_a_killed_import_goes_on_to_the_same_result(
    export: Path, tmp_path: Path, killed_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = import_logs([export], tmp_path / "whole")
    monkeypatch.setattr(module, "_SAVED", -1.0)
    real, seen = module.redact_conversation, []

    def dies(conversation, memory):  # type: ignore[no-untyped-def]
        seen.append(conversation)
        if len(seen) == killed_at:
            raise KeyboardInterrupt
        return real(conversation, memory)

    monkeypatch.setattr(module, "redact_conversation", dies)
    with pytest.raises(KeyboardInterrupt):
        import_logs([export], tmp_path / "again")
    assert not (tmp_path / "again").exists()
    monkeypatch.setattr(module, "redact_conversation", real)
    again = import_logs([export], tmp_path / "again")
    assert again.resumed == killed_at - 1
    for name in ("conversations.jsonl", "manifest.json"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert again.examples == whole.examples
    assert sorted(p.name for p in (tmp_path / "again").iterdir()) == ["conversations.jsonl", "manifest.json"]


def test_other_files_begin_anew_and_do_not_replace_another_log(export: Path, tmp_path: Path) -> None:
    import_logs([export], tmp_path / "out")
    import_logs([export], tmp_path / "out")
    other = tmp_path / "other.csv"
    other.write_text(export.read_text())
    with pytest.raises(ImportRefused, match=r"imported from desk\.csv: give another --name"):
        import_logs([other], tmp_path / "out")


def test_a_file_that_cannot_be_read_does_not_stop_the_others(export: Path, tmp_path: Path) -> None:
    bad, empty = tmp_path / "bad.csv", tmp_path / "empty.jsonl"
    bad.write_text("a,b,c\n1,2,3\n")
    empty.write_text("")
    report = import_logs([bad, empty, export], tmp_path / "out")
    assert report.conversations == COUNT
    assert "bad.csv has no column with the messages" in report.unread[0]
    assert report.dropped["the file is empty"] == (1, "empty.jsonl:0")
    with pytest.raises(LogsUnreadable, match="no column with the messages"):
        import_logs([bad], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_message_that_is_a_name_asked_for_is_one(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    said = [("customer", "hello"), ("agent", "Hi! What is your name?"), ("customer", "viswa")]
    file.write_text(json.dumps({"id": 1, "messages": [{"role": r, "text": t} for r, t in said]}))
    import_logs([file], tmp_path / "out")
    (found,) = read_logs([tmp_path / "out"])
    assert found.messages[2].text == "[name-1]"
