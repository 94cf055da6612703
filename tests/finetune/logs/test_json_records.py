"""Exports of help desks in JSON, whole and broken, give all that can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.logs.conversation import Conversation, Problem
from finetune.logs.encodings import Opened
from finetune.logs.json_records import json_rows, salvaged
from finetune.logs.reader import read_logs

ZENDESK = {
    "id": 3512, "subject": "Lamp", "status": "solved", "requester_id": 71, "assignee_id": 9,
    "requester": {"id": 71, "name": "Olwen Pritchard"}, "satisfaction_rating": {"score": "good"},
    "via": {"channel": "email"}, "created_at": "2025-01-01T10:00:00Z",
    "comments": [
        {"author_id": 71, "body": "My lamp is broken", "created_at": "2025-01-01T10:00:00Z", "public": True},
        {"author_id": 9, "body": "she is cross", "created_at": "2025-01-01T10:01:00Z", "public": False},
        {"author_id": 9, "html_body": "<p>We send a <b>new</b> one.</p>", "created_at": "2025-01-02"},
    ],
}  # fmt: skip
INTERCOM = {
    "type": "conversation", "id": "88", "created_at": 1735725600, "state": "closed",
    "source": {"type": "conversation", "body": "<p>多少钱包邮</p>", "author": {"type": "user", "id": "u1"}},
    "contacts": {"contacts": [{"id": "u1", "name": "陈思雨"}]}, "conversation_rating": {"rating": 4},
    "conversation_parts": {"conversation_parts": [
        {"part_type": "assignment", "body": None, "author": {"type": "admin", "name": "Maya"}},
        {"part_type": "note", "body": "vip", "author": {"type": "admin", "name": "Maya"}},
        {"part_type": "comment", "body": "<p>满99元&amp;包邮</p>", "created_at": 1735725660,
         "author": {"type": "admin", "name": "Maya"}},
    ]},
}  # fmt: skip
CHATWOOT = {
    "id": 5, "status": "resolved", "meta": {"sender": {"id": 3, "name": "Kofi"}, "channel": "Channel::Email"},
    "messages": [
        {"content": "refund?", "message_type": 0, "created_at": 1735725600, "sender": {"name": "Kofi"}},
        {"content": "assigned", "message_type": 2, "created_at": 1735725601},
        {"content": "in 5 days", "message_type": 1, "created_at": 1735725700, "sender": {"name": "Maya"}},
        {"content": "note", "message_type": 1, "private": True, "created_at": 1735725701},
    ],
}  # fmt: skip


def said(conversation: Conversation) -> list[tuple[str, str, str]]:
    return [(m.role, m.text, m.author) for m in conversation.messages]


def written(folder: Path, text: str, name: str = "x.json") -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize("shape", ["array", "wrapped", "lines", "pretty", "nested"])
def test_a_zendesk_export_in_each_of_its_shapes(tmp_path: Path, shape: str) -> None:
    two: list[dict[str, Any]] = [ZENDESK, {**ZENDESK, "id": 3513}]
    text = {
        "array": json.dumps(two),
        "wrapped": json.dumps({"count": 2, "tickets": two, "next_page": None}),
        "lines": "\n".join(map(json.dumps, two)),
        "pretty": json.dumps({"tickets": two}, indent=2),
        "nested": json.dumps({"data": {"meta": {"n": 2}, "payload": two}}),
    }[shape]
    first, second = read_logs([written(tmp_path, text)])
    assert (first.id, second.id) == ("3512", "3513")
    assert (first.customer_id, first.status, first.rating, first.channel) == ("71", "solved", 5.0, "email")
    assert said(first) == [
        ("customer", "My lamp is broken", "Olwen Pritchard"),
        ("agent", "We send a new one.", ""),
    ]
    assert first.left_out == ("internal note",)


def test_an_intercom_export(tmp_path: Path) -> None:
    (found,) = read_logs([written(tmp_path, json.dumps({"conversations": [INTERCOM]}))])
    assert (found.id, found.rating, found.language, found.status) == ("88", 4.0, "zh", "closed")
    assert said(found) == [("customer", "多少钱包邮", "陈思雨"), ("agent", "满99元&包邮", "Maya")]
    assert sorted(found.left_out) == ["event without words", "internal note"]


def test_a_chatwoot_export(tmp_path: Path) -> None:
    (found,) = read_logs([written(tmp_path, json.dumps({"data": {"payload": [CHATWOOT]}}))])
    assert said(found) == [("customer", "refund?", "Kofi"), ("agent", "in 5 days", "Maya")]
    assert sorted(found.left_out) == ["bot or system message", "internal note"]


@pytest.mark.parametrize("indent", [None, 1])
def test_an_array_that_ends_in_the_middle_keeps_all_before_the_end(
    tmp_path: Path, indent: int | None
) -> None:
    text = json.dumps([ZENDESK, {**ZENDESK, "id": 2}], indent=indent)
    problems: list[Problem] = []
    cut = text[: text.rindex("We send a")]
    first, second = read_logs([written(tmp_path, cut)], problems)
    assert [m.text for m in first.messages] == ["My lamp is broken", "We send a new one."]
    assert [m.text for m in second.messages] == ["My lamp is broken"]
    assert "the file ends inside a record" in problems[0].reason
    assert problems[0].line == 1 + cut[: cut.index('"id": 2')].count("\n") - (1 if indent else 0)


def test_a_quote_that_is_never_closed_costs_its_own_record_only(tmp_path: Path) -> None:
    rows = [{**ZENDESK, "id": i} for i in range(4)]
    lines = [json.dumps(row) for row in rows]
    lines[1] = lines[1].replace('broken"', "broken")
    problems: list[Problem] = []
    found = list(read_logs([written(tmp_path, "[\n" + ",\n".join(lines) + "\n]")], problems))
    assert {c.id for c in found} >= {"0", "2", "3"}
    assert [p.line for p in problems if "broken JSON" in p.reason] == [3]


@given(
    st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), min_size=1), max_size=8),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_any_array_of_objects_is_read_whole(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str]], indented: bool
) -> None:
    file = tmp_path_factory.mktemp("any") / "x.json"
    file.write_text(json.dumps(rows, indent=2 if indented else None), encoding="utf-8")
    problems: list[Problem] = []
    assert [row for _, row in json_rows(file, problems, Opened(file))] == rows
    assert not problems


@given(st.integers(0, 400))
@settings(max_examples=60, deadline=None)
def test_what_is_salvaged_was_there(cut: int) -> None:
    text = json.dumps(CHATWOOT)
    found = salvaged(text[: min(cut, len(text) - 1)])
    assert found.keys() <= CHATWOOT.keys()
    assert all(m in CHATWOOT["messages"] or m.items() for m in found.get("messages", []))
