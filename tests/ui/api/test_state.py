"""Search, health, the error form and the API page."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings
from ui.api.app import create_app


@pytest.fixture
def client(chat: Chat, settings: Settings) -> TestClient:
    return TestClient(create_app(chat, settings))


def test_search_gives_passages_with_their_scores(client: TestClient) -> None:
    found = client.get("/api/search", params={"q": "return an item", "k": 1}).json()
    assert [hit["article"] for hit in found["hits"]] == ["returns"]
    assert found["hits"][0]["coverage"] > 0.5
    assert found["index_version"]
    assert client.get("/api/search", params={"q": "x", "k": 0}).status_code == 422


def test_ready_tells_why_it_is_not(client: TestClient, engine: ScriptedEngine) -> None:
    assert client.get("/healthz").json()["status"] == "alive"
    assert client.get("/readyz").json() == {"status": "ready", "model": "scripted@1", "reason": ""}
    engine.trouble = "The model is being loaded; wait a minute."
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["reason"] == engine.trouble


def test_what_is_not_there_is_told_in_the_same_form(client: TestClient) -> None:
    response = client.get("/api/nothing")
    assert response.status_code == 404
    assert response.json()["error"]["code"] == "http_error"


def test_the_api_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs").text
    for address in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert not address.startswith(("http", "//"))
        assert client.get(f"/{address}").status_code == 200


def test_every_route_and_body_is_described(client: TestClient) -> None:
    api = client.get("/openapi.json").json()
    for path, operations in api["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["tags"], path
    described = api["components"]["schemas"]
    for name in ("Answered", "CompletionRequest", "Completion", "Opinion", "Problem", "Question", "Source"):
        assert described[name]["examples"], name
