"""The OpenAI protocol, spoken by OpenAI's own client to a real server."""

from __future__ import annotations

from collections.abc import Iterator

import openai
import pytest

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from chatbot.settings import Settings
from tests.ui.conftest import ANSWER, QUESTION, Site, eventually
from ui.api.app import create_app

ASKED = [{"role": "user", "content": QUESTION}]


@pytest.fixture
def client(chat: Chat, settings: Settings) -> Iterator[openai.OpenAI]:
    with (
        Site(create_app(chat, settings)) as site,
        openai.OpenAI(base_url=f"{site.address}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def test_a_completion_has_the_answer_and_its_sources(client: openai.OpenAI) -> None:
    completion = client.chat.completions.create(model="chatbot", messages=ASKED)
    assert completion.choices[0].message.content == ANSWER
    assert completion.choices[0].finish_reason == "stop"
    assert completion.model == "scripted@1"
    assert (
        completion.usage.total_tokens
        == completion.usage.prompt_tokens + completion.usage.completion_tokens
        > 20
    )
    assert completion.sources[0]["title"] == "Returning an item"


def test_a_stream_adds_up_to_the_answer_and_ends_with_sources_and_usage(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="scripted@1", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(pieces) == ANSWER
    assert chunks[0].choices[0].delta.role == "assistant"
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[-2].sources[0]["n"] == 1
    assert chunks[-1].usage.completion_tokens > 10
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.model for chunk in chunks} == {"scripted@1"}


def test_what_no_model_wrote_is_by_the_chatbot(client: openai.OpenAI) -> None:
    hello = [{"role": "user", "content": "hello"}]
    whole = client.chat.completions.create(model="scripted@1", messages=hello)
    chunks = list(client.chat.completions.create(model="scripted@1", messages=hello, stream=True))
    assert {whole.model, *(chunk.model for chunk in chunks)} == {"chatbot"}


def test_the_raw_stream_ends_with_done(client: openai.OpenAI) -> None:
    with client.chat.completions.with_streaming_response.create(
        model="chatbot", messages=ASKED, stream=True
    ) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines[-1] == "data: [DONE]"
    assert '"usage"' not in "".join(lines)


def test_the_history_of_the_messages_reaches_the_model(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    history = [
        {"role": "system", "content": "Speak like a pirate."},
        {"role": "user", "content": [{"type": "text", "text": "I bought a lamp."}]},
        {"role": "assistant", "content": "Nice."},
    ]
    client.chat.completions.create(model="chatbot", messages=history + ASKED)
    sent = engine.requests[0]
    assert [message["content"] for message in sent[1:]] == ["I bought a lamp.", "Nice.", QUESTION]
    assert "pirate" not in sent[0]["content"]


def test_the_models_are_listed(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["chatbot", "scripted@1"]


def test_errors_come_as_openai_errors(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.chat.completions.create(model="gpt-9", messages=ASKED)
    assert unknown.value.code == "model_not_found"
    for stream in (False, True):
        with pytest.raises(openai.BadRequestError) as empty:
            client.chat.completions.create(
                model="chatbot", messages=[{"role": "user", "content": " "}], stream=stream
            )
        assert empty.value.code == "bad_message"
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(
            model="chatbot", messages=[*ASKED, {"role": "assistant", "content": "x"}]
        )
    engine.fail_after = 3
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="chatbot", messages=ASKED)
    with pytest.raises(openai.APIError) as broken:
        list(client.chat.completions.create(model="chatbot", messages=ASKED, stream=True))
    assert broken.value.code == "engine_failed"


def test_closing_the_stream_stops_the_model(client: openai.OpenAI, engine: ScriptedEngine) -> None:
    engine.delay = 0.3
    stream = client.chat.completions.create(model="chatbot", messages=ASKED, stream=True)
    next(iter(stream))
    stream.close()
    eventually(lambda: engine.cancelled == 1)
