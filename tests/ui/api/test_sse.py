"""A stream while the model is silent: signs of life, which no client takes for an event."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import openai
import pytest
from fastapi.sse import KEEPALIVE_COMMENT
from fastapi.testclient import TestClient

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings
from tests.ui.conftest import ANSWER, QUESTION, Site
from ui.api.app import create_app
from ui.api.sse import event, pinging

SHORT = 0.005  # seconds of silence, where the model takes eight times that for each word


def test_an_event_is_one_line_of_json_after_its_name() -> None:
    assert event({"piece": "a\nb 运"}, "text") == 'event: text\ndata: {"piece": "a\\nb 运"}\n\n'.encode()
    assert event([1]) == b"data: [1]\n\n"


def test_a_ping_comes_while_the_model_is_silent(
    chat: Chat, settings: Settings, engine: ScriptedEngine
) -> None:
    engine.delay = 8 * SHORT
    client = TestClient(create_app(chat, settings, ping=SHORT))
    conversation = client.post("/api/conversations", json={"language": "en"}).json()["id"]
    told = client.post(f"/api/conversations/{conversation}/messages", json={"text": QUESTION}).text
    blocks = [f"{block}\n\n".encode() for block in told.strip().split("\n\n")]
    first_text = next(n for n, block in enumerate(blocks) if block.startswith(b"event: text"))
    assert KEEPALIVE_COMMENT in blocks[1:first_text]
    assert b"event: sources" in blocks[0]
    names = [block.partition(b"\n")[0] for block in blocks if block != KEEPALIVE_COMMENT]
    assert names == [b"event: sources", *[b"event: text"] * (len(names) - 2), b"event: done"]


def test_openais_client_passes_over_pings(chat: Chat, settings: Settings, engine: ScriptedEngine) -> None:
    engine.delay = 8 * SHORT
    with Site(create_app(chat, settings, ping=SHORT)) as site:
        asked = {"model": "chatbot", "messages": [{"role": "user", "content": QUESTION}], "stream": True}
        assert ": ping" in httpx.post(f"{site.address}/v1/chat/completions", json=asked, timeout=60).text
        with openai.OpenAI(base_url=f"{site.address}/v1", api_key="none", max_retries=0) as client:
            stream = client.chat.completions.create(
                model="chatbot", messages=[{"role": "user", "content": QUESTION}], stream=True
            )
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream]
    assert "".join(pieces) == ANSWER


def test_an_error_after_a_silence_is_raised_and_leaving_ends_the_events() -> None:
    ended: list[str] = []

    async def events(fail: bool) -> AsyncIterator[bytes]:
        try:
            await asyncio.sleep(3 * SHORT)
            if fail:
                raise ValueError("broken")
            yield b"one"
            await asyncio.sleep(3600)
        finally:
            ended.append("failed" if fail else "left")

    async def main() -> None:
        broken = pinging(events(fail=True), SHORT)
        assert await anext(broken) == KEEPALIVE_COMMENT
        with pytest.raises(ValueError, match="broken"):
            [one async for one in broken]
        stream = pinging(events(fail=False), SHORT)
        while await anext(stream) == KEEPALIVE_COMMENT:
            pass
        assert await anext(stream) == KEEPALIVE_COMMENT
        await stream.aclose()
        await asyncio.sleep(0)

    asyncio.run(main())
    assert ended == ["failed", "left"]
