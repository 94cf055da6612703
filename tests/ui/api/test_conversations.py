"""Conversations over REST, in the process and over a real connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPConnection

import httpx
import pytest
from fastapi.testclient import TestClient

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings
from chatbot.store.sqlite import SqliteStore
from tests.ui.conftest import ANSWER, QUESTION, Site, eventually
from ui import reply as replies
from ui.api.app import create_app
from ui.api.body_limit import LIMIT


@pytest.fixture
def client(chat: Chat, settings: Settings) -> TestClient:
    return TestClient(create_app(chat, settings))


@pytest.fixture
def site(chat: Chat, settings: Settings) -> Iterator[Site]:
    with Site(create_app(chat, settings)) as running:
        yield running


def begin(client: TestClient | httpx.Client) -> str:
    response = client.post("/api/conversations", json={"language": "en"})
    assert response.status_code == 201
    return response.json()["id"]


def events(text: str) -> list[tuple[str, dict]]:
    """The events of a stream as (name, data)."""
    parsed = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        parsed.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return parsed


def test_a_message_streams_sources_then_text_then_the_turn(client: TestClient) -> None:
    response = client.post(f"/api/conversations/{begin(client)}/messages", json={"text": QUESTION})
    assert response.headers["content-type"].startswith("text/event-stream")
    got = events(response.text)
    names = [name for name, _ in got]
    assert names[0] == "sources"
    assert names[-1] == "done"
    assert set(names[1:-1]) == {"text"}
    assert "".join(data["piece"] for name, data in got if name == "text") == got[-1][1]["answer"] == ANSWER
    cited = got[-1][1]["citations"][0]
    assert (cited["n"], cited["title"], cited["url"]) == (
        1,
        "Returning an item",
        "https://shop.example/returns",
    )
    assert "30 days" in cited["quote"]


def test_json_is_sent_to_who_accepts_json(client: TestClient) -> None:
    conversation = begin(client)
    headers = {"Accept": "application/json"}
    turn = client.post(
        f"/api/conversations/{conversation}/messages", json={"text": QUESTION}, headers=headers
    ).json()
    assert turn["answer"] == ANSWER
    told = client.get(f"/api/conversations/{conversation}").json()
    assert told["channel"] == "api"
    assert told["turns"] == [turn]


def test_an_unknown_conversation_is_404_in_either_form(client: TestClient) -> None:
    for accept in ("application/json", "text/event-stream"):
        response = client.post(
            "/api/conversations/none/messages", json={"text": QUESTION}, headers={"Accept": accept}
        )
        assert response.status_code == 404
        assert response.json()["error"]["code"] == "unknown_conversation"
    assert client.get("/api/conversations/none").status_code == 404


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "  "}, 400, "bad_message"),
        ({"text": "a" * 5000}, 413, "message_too_long"),
        ({}, 422, "invalid_request"),
        ({"text": 5}, 422, "invalid_request"),
    ],
)
def test_a_message_that_cannot_be_taken_is_refused(
    client: TestClient, body: dict, status: int, code: str
) -> None:
    response = client.post(f"/api/conversations/{begin(client)}/messages", json=body)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code


def test_an_engine_that_breaks_ends_with_failed_and_the_turn_is_stored_so(
    client: TestClient, engine: ScriptedEngine
) -> None:
    engine.fail_after = 12
    conversation = begin(client)
    got = events(client.post(f"/api/conversations/{conversation}/messages", json={"text": QUESTION}).text)
    assert got[-1][0] == "failed"
    assert got[-1][1]["code"] == "engine_failed"
    assert got[-1][1]["message"]
    turn = client.get(f"/api/conversations/{conversation}").json()["turns"][0]
    assert turn["status"] == "failed"
    headers = {"Accept": "application/json"}
    response = client.post(
        f"/api/conversations/{conversation}/messages", json={"text": QUESTION}, headers=headers
    )
    assert response.status_code == 503


def test_feedback_is_kept_with_its_turn(client: TestClient, chat: Chat) -> None:
    headers = {"Accept": "application/json"}
    path = f"/api/conversations/{begin(client)}/messages"
    turn = client.post(path, json={"text": QUESTION}, headers=headers).json()["id"]
    assert client.post(f"/api/turns/{turn}/feedback", json={"rating": -1, "comment": "no"}).status_code == 204
    kept = list(chat.store._db["feedback"].rows)
    assert [(row["turn_id"], row["rating"], row["comment"]) for row in kept] == [(turn, -1, "no")]
    assert client.post("/api/turns/none/feedback", json={"rating": 1}).status_code == 404
    assert client.post(f"/api/turns/{turn}/feedback", json={"rating": 0}).status_code == 422


def test_a_colleagues_answer_is_kept_with_its_turn(client: TestClient, chat: Chat) -> None:
    headers = {"Accept": "application/json"}
    path = f"/api/conversations/{begin(client)}/messages"
    turn = client.post(path, json={"text": QUESTION}, headers=headers).json()["id"]
    for text in ("30 days.", " You have 30 days. "):
        body = {"text": text, "author": "Tom"}
        assert client.post(f"/api/turns/{turn}/correction", json=body).status_code == 204
    ((trace,),) = chat.store.judged_conversations()
    assert (trace["id"], trace["correction"], trace["author"]) == (turn, "You have 30 days.", "Tom")
    assert client.post("/api/turns/none/correction", json={"text": "x"}).status_code == 404
    assert client.post(f"/api/turns/{turn}/correction", json={"text": "  "}).status_code == 400
    assert client.post(f"/api/turns/{turn}/correction", json={"text": ""}).status_code == 422


def test_a_megabyte_is_refused_in_a_sentence(site: Site) -> None:
    with httpx.Client(base_url=site.address) as client:
        path = f"/api/conversations/{begin(client)}/messages"
        response = client.post(path, json={"text": "a" * 1_000_000})
        assert response.status_code == 413
        assert "KiB" in response.json()["error"]["message"]

        def chunks() -> Iterator[bytes]:
            for _ in range(100):
                yield b"a" * 10_000

        assert client.post(path, content=chunks()).status_code == 413
        small = b'{"text": "' + QUESTION.encode() + b'"}'
        headers = {"Content-Type": "application/json"}
        assert client.post(path, content=iter([small]), headers=headers).status_code == 200
        just = b'{"text": "' + b"a" * (LIMIT - 13) + b'"}'
        assert client.post(path, content=just, headers=headers).json()["error"]["code"] == "message_too_long"


@pytest.mark.parametrize("accept", ["text/event-stream", "application/json"])
def test_a_client_that_leaves_stops_the_model(
    site: Site, engine: ScriptedEngine, chat: Chat, accept: str
) -> None:
    engine.delay = 0.5
    with httpx.Client(base_url=site.address) as client:
        conversation = begin(client)
    leaver = HTTPConnection(site.address.removeprefix("http://"))
    headers = {"Accept": accept, "Content-Type": "application/json"}
    body = json.dumps({"text": QUESTION})
    leaver.request("POST", f"/api/conversations/{conversation}/messages", body, headers)
    eventually(lambda: engine.requests)
    leaver.close()
    eventually(lambda: engine.cancelled == 1)
    eventually(lambda: chat.store.thread(conversation).turns[0].status == "stopped")
    eventually(lambda: not replies._running)


def test_a_server_that_goes_down_stops_replies_and_stores_their_turns(
    chat: Chat, settings: Settings, engine: ScriptedEngine
) -> None:
    engine.delay = 5
    with Site(create_app(chat, settings)) as site, httpx.Client(base_url=site.address, timeout=60) as client:
        conversation = begin(client)
        with client.stream(
            "POST", f"/api/conversations/{conversation}/messages", json={"text": QUESTION}
        ) as stream:
            lines = stream.iter_lines()
            assert next(lines) == "event: sources"
            site.server.should_exit = True
            assert '"code": "stopped"' in list(lines)[-2]
    assert SqliteStore(settings.database).thread(conversation).turns[0].status == "stopped"
