"""No face shows a customer what an internal article says, even when the model would repeat it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from chatbot import app as chatbot_app
from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings
from chatbot.store.sqlite import SqliteStore
from retrieval.embed import load as embed
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.past_questions import PAST_QUESTIONS, PastQuestion, write_past_questions
from tests.retrieval.hashing import HashingEmbedder
from ui.api.app import create_app
from ui.cli import main

QUESTION = "Which refund code do agents use for a lamp?"
SECRET = "Agents use the refund code SESAME for a lamp."


@pytest.fixture
def shop(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chat]:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "code.md").write_text(f"---\naudience: internal\n---\n# Refund code\n\n{SECRET}")
    (docs / "lamp.md").write_text("---\nproduct: Lamp\n---\n# Lamps\n\nA refund for a lamp takes five days.")
    (docs / "灯.md").write_text("---\ntags: 灯具\n---\n# 灯\n\n退款需要五天。")
    ingest([docs], settings.index, HashingEmbedder())
    write_past_questions(
        [PastQuestion(QUESTION, "code", SECRET)], settings.index / PAST_QUESTIONS, HashingEmbedder()
    )
    store = SqliteStore(settings.database)
    chat = Chat(
        Index.open(settings.index, HashingEmbedder()), ScriptedEngine([f"{SECRET} [1]"]), store, settings
    )
    monkeypatch.setenv("CHATBOT_HOME", str(settings.home))
    monkeypatch.setattr(embed, "load_embedder", lambda name="default": HashingEmbedder())
    monkeypatch.setattr(chatbot_app, "build_chat", lambda settings: chat)
    yield chat
    store.close()


@pytest.fixture
def client(shop: Chat, settings: Settings) -> TestClient:
    return TestClient(create_app(shop, settings))


def run(*words: str) -> str:
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == 0, result.output
    return result.output


def test_rest_search(client: TestClient) -> None:
    for more in ({}, {"explain": True, "why": "code"}, {"audience": "internal"}, {"k": 50}):
        answer = client.get("/api/search", params={"q": "refund code SESAME", **more})
        assert answer.status_code == 200
        assert SECRET not in answer.text
        assert "Refund code" not in answer.text
        assert {hit["article"] for hit in answer.json()["hits"]} <= {"lamp", "灯"}


def test_rest_filters_and_explains(client: TestClient) -> None:
    def found(**more: object) -> set[str]:
        answer = client.get("/api/search", params={"q": "refund 退款", **more}).json()
        return {hit["article"] for hit in answer["hits"]}

    assert found(product="lamp") == {"lamp"}
    assert found(tag="灯具") == {"灯"}
    assert found(language="en") == {"lamp"}
    told = client.get("/api/search", params={"q": "refund", "explain": True, "why": "code"}).json()
    explanation = told["explanation"]
    assert explanation["hits"][0]["lexical_rank"] == 1
    assert explanation["left_out"] == {}
    assert explanation["why"].startswith("There is no article")


def test_rest_search_follows_at_once(client: TestClient, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "docs" / "lamp.md").write_text("---\naudience: staff\n---\n# Lamps\n\nA refund: five days.")
    ingest([tmp_path / "docs"], settings.index, HashingEmbedder())
    assert "lamp" not in {h["article"] for h in client.get("/api/search?q=refund+lamp").json()["hits"]}


def test_rest_conversation_and_its_trace(client: TestClient, shop: Chat) -> None:
    conversation = client.post("/api/conversations", json={}).json()["id"]
    path = f"/api/conversations/{conversation}/messages"
    streamed = client.post(path, json={"text": QUESTION}).text
    whole = client.post(path, json={"text": QUESTION}, headers={"Accept": "application/json"}).json()
    assert "SESAME" not in streamed
    assert "SESAME" not in json.dumps(whole)
    trace = shop.store.trace(whole["id"])
    assert "SESAME" not in json.dumps(trace["hits"])


@pytest.mark.parametrize("stream", [False, True])
def test_openai_endpoint(client: TestClient, stream: bool) -> None:
    body = {"model": "chatbot", "messages": [{"role": "user", "content": QUESTION}], "stream": stream}
    answer = client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 200
    assert "SESAME" not in answer.text


def test_ask(shop: Chat) -> None:
    assert "SESAME" not in run("ask", QUESTION, "--json")


def test_what_the_model_reads(shop: Chat) -> None:
    async def events() -> list[object]:
        return [event async for event in shop.reply(shop.new_conversation("page"), QUESTION)]

    asyncio.run(events())
    assert isinstance(shop.engine, ScriptedEngine)
    asked = json.dumps([str(messages) for messages in shop.engine.requests], ensure_ascii=False)
    assert "SESAME" not in asked


def test_search_in_the_terminal(shop: Chat) -> None:
    assert "SESAME" not in run("search", "refund code SESAME", "--json")
    assert "SESAME" in run("search", "refund code", "--audience", "internal")
    told = run("search", "refund code", "--explain", "--why", "code")
    assert "--audience internal" in told
    assert "left out: 1 by audience" in told
    assert "SESAME" not in told
    hits = json.loads(run("search", "refund", "--product", "lamp", "--explain", "--json"))["hits"]
    assert [reason["hit"]["passage"]["article"] for reason in hits] == ["lamp"]


def test_versions_in_the_terminal(shop: Chat, tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "docs" / "new.md").write_text("# New\n\nNew words.")
    dry = run("ingest", str(tmp_path / "docs"), "--dry-run")
    assert "added    New  new" in dry
    assert "Nothing was written." in dry
    report = json.loads(run("ingest", str(tmp_path / "docs"), "--json"))
    assert [(c["kind"], c["title"], c["source"]) for c in report["changes"]] == [
        ("added", "New", str(tmp_path / "docs"))
    ]
    assert "000002" in run("index", "versions")
    assert "content of 000001" in run("index", "rollback")
    rows = json.loads(run("index", "versions", "--json"))
    assert [row["articles"] for row in rows] == [3, 4, 3]
    assert CliRunner().invoke(main, ["index", "rollback", "000099"]).exit_code == 2
