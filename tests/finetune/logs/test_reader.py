"""Logs of many shapes are read, and what is broken is named by file and line."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.errors import LogsUnreadable
from finetune.logs.conversation import Conversation, Problem
from finetune.logs.reader import WINDOW, read_logs

HEADER = (
    "ticket_id,created_at,channel,customer_id,author_role,author,message,status,rating,"
    "linked_article,language"
)
ROWS = [
    'T1,2025-03-02T09:14:00Z,chat,c1,customer,,"hi, where is my refund?",resolved,5,returns/refund-time,en',
    "T1,2025-03-02T09:15:00Z,chat,c1,agent,Maya,Within 5 business days.,resolved,5,returns/refund-time,en",
    "T2,2025-03-03T09:14:00Z,chat,c2,customer,,多少钱包邮,resolved,,,zh",
    "T2,2025-03-03T09:15:00Z,chat,c2,agent,小林,满99元包邮。,resolved,,,zh",
]


def written(folder: Path, name: str, lines: list[str], encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes("\n".join(lines).encode(encoding))
    return path


def test_a_ticket_export(tmp_path: Path) -> None:
    first, second = read_logs([written(tmp_path, "t.csv", [HEADER, *ROWS])])
    assert first.id == "T1"
    assert (first.customer_id, first.status, first.rating, first.language) == ("c1", "resolved", 5.0, "en")
    assert first.linked_article == "returns/refund-time"
    assert first.started_at == datetime(2025, 3, 2, 9, 14, tzinfo=UTC)
    assert [(m.role, m.text, m.author) for m in first.messages] == [
        ("customer", "hi, where is my refund?", ""),
        ("agent", "Within 5 business days.", "Maya"),
    ]
    assert (second.language, second.rating) == ("zh", None)


def test_rows_of_a_conversation_may_be_mixed_with_others(tmp_path: Path) -> None:
    mixed = [HEADER, ROWS[0], ROWS[2], ROWS[1], ROWS[3]]
    assert {c.id: len(c.messages) for c in read_logs([written(tmp_path, "t.csv", mixed)])} == {
        "T1": 2,
        "T2": 2,
    }


def test_a_conversation_that_comes_back_much_later_is_a_problem(tmp_path: Path) -> None:
    filler = [f"F{i},,chat,c9,customer,,hello there,open,,," for i in range(WINDOW + 2)]
    problems: list[Problem] = []
    file = written(tmp_path, "t.csv", [HEADER, ROWS[0], *filler, ROWS[1]])
    found = list(read_logs([file], problems))
    assert found[0].id == "T1"
    assert len(found[0].messages) == 1
    assert [(p.line, "sort by it" in p.reason) for p in problems] == [(WINDOW + 5, True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_of_a_chinese_export_with_chinese_columns(tmp_path: Path, encoding: str) -> None:
    lines = ["会话ID;角色;内容;评分", "A;客户;多少钱包邮;5", "A;客服;满99元包邮，不满收12元;5"]
    (found,) = read_logs([written(tmp_path, "t.csv", lines, encoding)])
    assert [(m.role, m.text) for m in found.messages] == [
        ("customer", "多少钱包邮"),
        ("agent", "满99元包邮，不满收12元"),
    ]
    assert found.rating == 5


def test_accents_of_an_old_windows_export(tmp_path: Path) -> None:
    lines = ["id,role,message", "1,customer,do you ship to Évora? olá", "1,agent,Yes we ship to Portugal."]
    (found,) = read_logs([written(tmp_path, "t.csv", lines, "cp1252")])
    assert "Évora" in found.messages[0].text


def test_columns_with_unknown_names_are_told_by_their_contents(tmp_path: Path) -> None:
    lines = [
        "chat id,who,words",
        "1,user,how long does a refund take",
        "1,staff,it takes up to 5 business days",
    ]
    (found,) = read_logs([written(tmp_path, "t.csv", lines)])
    assert [m.role for m in found.messages] == ["customer", "agent"]


def test_no_message_column_is_an_error_that_names_the_columns(tmp_path: Path) -> None:
    file = written(tmp_path, "t.csv", ["id,role,total", "1,agent,5", "2,customer,6"])
    with pytest.raises(
        LogsUnreadable, match=r"t\.csv has no column with the messages \(columns: id, role, total\)"
    ):
        list(read_logs([file]))


def test_no_role_is_an_error(tmp_path: Path) -> None:
    file = written(tmp_path, "t.csv", ["id,message", "1,how are you doing today", "1,fine and how are you"])
    with pytest.raises(LogsUnreadable, match="does not tell customers from agents"):
        list(read_logs([file]))


def test_questions_and_answers_in_two_columns(tmp_path: Path) -> None:
    file = written(tmp_path, "faq.csv", ["问题,答案", "满多少包邮？,满99元包邮。", ",没有问题"])
    problems: list[Problem] = []
    (found,) = read_logs([file], problems)
    assert (found.source, found.customer_id, found.language, found.status) == ("faq", "", "zh", "resolved")
    assert [(p.line, p.reason) for p in problems] == [(3, "no question or no answer")]


CHAT = {
    "id": "C1", "started_at": "2025-01-01T00:00:00Z", "customer": {"id": "c7"}, "assignee": "Maya",
    "status": "Resolved", "csat": 4, "linked_article": None,
    "messages": [{"from": "customer", "at": "2025-01-01T00:00:00Z", "text": "refund when?"},
                 {"from": "bot", "text": "beep"},
                 {"from": "agent", "at": "2025-01-01T00:01:00Z", "text": "In 5 days."}],
}  # fmt: skip


def test_json_lines_with_nested_fields(tmp_path: Path) -> None:
    (found,) = read_logs([written(tmp_path, "c.jsonl", [json.dumps(CHAT)])])
    assert (found.customer_id, found.rating, found.status) == ("c7", 4.0, "resolved")
    assert [(m.role, m.author) for m in found.messages] == [("customer", ""), ("agent", "Maya")]


def test_json_lines_with_one_message_each(tmp_path: Path) -> None:
    rows = [{"conversation_id": 5, "sender": {"role": "user"}, "role": r, "body": t} for r, t in
            [("user", "refund when?"), ("support", "in 5 days")]]  # fmt: skip
    (found,) = read_logs([written(tmp_path, "c.jsonl", [json.dumps(r) for r in rows])])
    assert (found.id, [m.role for m in found.messages]) == ("5", ["customer", "agent"])


def test_broken_lines_are_named_and_the_rest_goes_in(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    good = json.dumps(CHAT)
    file.write_bytes(
        "\n".join([good, good[:50], "7", "[1]", json.dumps({"id": 3})]).encode()
        + b"\n\xff\xfe\xfa{}\n"
        + good.encode()
    )
    problems: list[Problem] = []
    assert len(list(read_logs([file], problems))) == 2
    assert [p.line for p in problems] == [2, 3, 4, 6, 5]
    assert str(problems[0]).startswith(f"{file}:2: broken JSON")


def test_rows_of_another_width_encoding_or_role_are_named(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    bad = "T1,,chat,c1,robot overlord,,I am here now,open,,,"
    lines = [HEADER, *ROWS, "T1,too,few", bad]
    file.write_bytes("\n".join(lines).encode() + b"\nT3,,chat,c1,customer,,caf\xe9 open?,open,,,\n")
    problems: list[Problem] = []
    found = list(read_logs([file], problems))
    assert [len(c.messages) for c in found] == [2, 2, 1]
    assert found[2].messages[0].text == "café open?"
    assert {(p.line, p.reason) for p in problems} == {
        (6, "3 columns instead of 11"),
        (7, 'unknown author role "robot overlord"'),
        (8, "not valid utf-8-sig: read as cp1252"),
    }


def test_an_empty_file_is_reported_and_the_others_are_read(tmp_path: Path) -> None:
    empty, good = written(tmp_path, "a.csv", []), written(tmp_path, "b.csv", [HEADER, *ROWS])
    problems: list[Problem] = []
    assert len(list(read_logs([tmp_path], problems))) == 2
    assert [str(p) for p in problems] == [f"{empty}: the file is empty"]
    assert good.exists()


@pytest.mark.parametrize("lines", [["{broken", "[2"], ['{"id": 1, "messages": []}']])
def test_a_file_with_nothing_readable_is_an_error_before_anything_is_read(
    tmp_path: Path, lines: list[str]
) -> None:
    good = written(tmp_path, "a.csv", [HEADER, *ROWS])
    bad = written(tmp_path, "b.jsonl", lines)
    with pytest.raises(LogsUnreadable, match=r"b\.jsonl holds no readable conversation \(line 1"):
        next(read_logs([good, bad]))


def test_nothing_at_all(tmp_path: Path) -> None:
    with pytest.raises(LogsUnreadable, match="no conversation in"):
        list(read_logs([tmp_path]))
    with pytest.raises(LogsUnreadable, match="There is no file"):
        list(read_logs([tmp_path / "nowhere.csv"]))


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=40), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_a_csv_export(tmp_path_factory: pytest.TempPathFactory, texts: list[str]) -> None:
    file = tmp_path_factory.mktemp("wild") / "t.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["id", "role", "message"])
        rows.writerow([0, "customer", "这是第一条消息 hello there"])
        rows.writerows([i + 1, "agent", text] for i, text in enumerate(texts))
    found = {c.id: c.messages[0].text for c in read_logs([file], [])}
    for i, text in enumerate(texts):
        if text.replace("\0", "").strip() and "\r" not in text:
            assert found[str(i + 1)] == text.replace("\0", "").strip()


@given(st.binary(max_size=400))
@settings(max_examples=100, deadline=None)
def test_any_bytes_end_in_conversations_or_one_clear_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    folder = tmp_path_factory.mktemp("bytes")
    for name in ("wild.csv", "wild.jsonl"):
        (folder / name).write_bytes(content)
        outcome: list[object] = []
        try:
            outcome += read_logs([folder / name], [])
        except LogsUnreadable as error:
            outcome = [str(error)]
        assert all(isinstance(one, Conversation) or name in str(one) for one in outcome)
