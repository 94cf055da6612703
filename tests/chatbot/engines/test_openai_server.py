"""The client of OpenAI-compatible servers, against a socket that answers, breaks, refuses or stays silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chatbot.engines.openai_server import OpenAIEngine
from chatbot.errors import EngineFailed
from chatbot.models.abstention import FirstTokens

HELLO = [{"role": "user", "content": "hello"}]
Answer = Callable[[dict, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 30))


@asynccontextmanager
async def serving(answer: Answer, **arguments: str) -> AsyncIterator[OpenAIEngine]:
    """An engine whose server hands each request to `answer` (request: method, path, headers, body)."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answer(await _request(reader), reader, writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    engine = OpenAIEngine(f"http://127.0.0.1:{port}/v1/", "small", **arguments)
    try:
        yield engine
    finally:
        await engine.aclose()
        server.close()


async def _request(reader: asyncio.StreamReader) -> dict:
    head, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    method, path, _ = head.split()
    return {"method": method, "path": path, "headers": headers, "body": json.loads(body or b"null")}


def event(text: str | None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    chunk = {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()


def says(*parts: bytes) -> Answer:
    async def answer(_request: dict, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return answer


def refuses(status: str, body: bytes = b"{}") -> Answer:
    return says(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)


async def collect(engine: OpenAIEngine, pieces: list[str] | None = None) -> list[str]:
    """Into `pieces`, so that they are there when the engine fails."""
    pieces = [] if pieces is None else pieces
    async for piece in engine.stream(HELLO, 50):
        pieces.append(piece)
    return pieces


async def outcome(answer: Answer) -> list[str]:
    async with serving(answer) as engine:
        return await collect(engine)


def test_request_and_pieces() -> None:
    seen: list[dict] = []

    async def answer(request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        await says(STREAM, event(""), event("Hel"), event("lo 你"), event(None, "stop"), b"data: [DONE]\n\n")(
            request, reader, writer
        )

    async def visit() -> list[str]:
        async with serving(answer, api_key="sesame", label="small@7") as engine:
            assert engine.model == "small@7"
            return await collect(engine)

    assert run(visit()) == ["Hel", "lo 你"]
    assert (seen[0]["method"], seen[0]["path"]) == ("POST", "/v1/chat/completions")
    assert seen[0]["headers"]["authorization"] == "Bearer sesame"
    expected = {"model": "small", "messages": HELLO, "max_tokens": 50, "temperature": 0, "stream": True}
    assert seen[0]["body"] == expected


def test_no_key_sends_no_header() -> None:
    async def answer(request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert "authorization" not in request["headers"]
        await says(STREAM, event("ok", "stop"))(request, reader, writer)

    assert run(outcome(answer)) == ["ok"]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.text(min_size=1), max_size=8), st.integers(1, 40))
def test_any_text_survives_any_cut_of_the_stream(pieces: list[str], size: int) -> None:
    whole = b": a comment\n\n" + b"".join(map(event, pieces)) + event(None, "stop") + b"data: [DONE]\n\n"
    parts = [whole[n : n + size] for n in range(0, len(whole), size)]
    assert run(outcome(says(STREAM, *parts))) == pieces


def test_chunks_without_choices_are_not_text() -> None:
    usage = b'data: {"choices": [], "usage": {"total_tokens": 3}}\n\n'
    assert run(outcome(says(STREAM, event("a"), usage, event(None, "stop"), b"data: [DONE]\n\n"))) == ["a"]


def test_closing_the_iterator_closes_the_connection() -> None:
    left = asyncio.Event()

    async def answer(_request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + event("one"))
        await reader.read()  # returns when the other side has closed
        left.set()

    async def visit() -> None:
        async with serving(answer) as engine:
            stream = engine.stream(HELLO)
            assert await anext(stream) == "one"
            await stream.aclose()
            await asyncio.wait_for(left.wait(), 10)

    run(visit())


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (refuses("401 Unauthorized"), "refuses the key; set CHATBOT_API_KEY"),
        (refuses("404 Not Found"), "does not know the model 'small'; set CHATBOT_MODEL"),
        (
            refuses("400 Bad Request", b'{"error": {"message": "maximum context length is 4096 tokens"}}'),
            "maximum context length is 4096 tokens",
        ),
        (refuses("502 Bad Gateway", b"<html>"), "HTTP 502"),
        (says(STREAM, event("a")), "broke off"),
        (says(STREAM, b"data: {oops\n\n"), "not JSON"),
        (says(STREAM, b'data: {"error": {"message": "engine died"}}\n\n'), "engine died"),
        (says(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n" + event("a")), "broke off"),
        (says(b""), "broke off"),
    ],
)
def test_every_refusal_is_one_sentence_with_a_way_out(answer: Answer, sentence: str) -> None:
    with pytest.raises(EngineFailed, match=sentence) as caught:
        run(outcome(answer))
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_pieces_before_the_break_are_delivered() -> None:
    async def visit() -> list[str]:
        got: list[str] = []
        async with serving(says(STREAM, event("a"), event("b"))) as engine:
            with pytest.raises(EngineFailed):
                await collect(engine, got)
        return got

    assert run(visit()) == ["a", "b"]


def test_nobody_listens() -> None:
    async def visit() -> None:
        engine = OpenAIEngine("http://127.0.0.1:9/v1", "small")
        with pytest.raises(EngineFailed, match="No model server answers"):
            await collect(engine)
        assert "CHATBOT_BASE_URL" in await engine.problem()
        await engine.aclose()

    run(visit())


def test_a_server_that_is_busy_is_asked_again_before_the_first_piece() -> None:
    answers = [refuses("503 Service Unavailable"), says(STREAM, event("ok", "stop"))]

    async def answer(request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answers.pop(0)(request, reader, writer)

    assert run(outcome(answer)) == ["ok"]


def test_an_answer_that_has_begun_is_not_begun_again() -> None:
    requests: list[dict] = []

    async def answer(request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(request)
        await says(STREAM, event("a"))(request, reader, writer)

    with pytest.raises(EngineFailed, match="broke off"):
        run(outcome(answer))
    assert len(requests) == 1


def test_closing_the_engine_ends_an_answer_that_is_being_written() -> None:
    async def answer(_request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(STREAM + event("one"))
        await reader.read()

    async def visit() -> None:
        async with serving(answer) as engine:
            stream = engine.stream(HELLO)
            assert await anext(stream) == "one"
            await engine.disconnect()
            with pytest.raises(EngineFailed, match="broke off"):
                await anext(stream)

    run(visit())


def test_after_disconnecting_another_event_loop_is_served() -> None:
    answer = says(STREAM, event("ok", "stop"))

    async def visit(engine: OpenAIEngine) -> list[str]:
        async with serving(answer) as here:
            engine.base_url = here.base_url
            try:
                return await collect(engine)
            finally:
                await engine.disconnect()

    engine = OpenAIEngine("http://127.0.0.1:9/v1", "small")
    assert run(visit(engine)) == run(visit(engine)) == ["ok"]


def test_what_the_environment_says_of_another_service_is_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "secret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "Authorization: secret")
    seen: list[dict] = []

    async def answer(request: dict, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(request)
        await says(STREAM, event("ok", "stop"))(request, reader, writer)

    assert run(outcome(answer)) == ["ok"]
    assert "secret" not in str(seen)


def test_a_silent_server_does_not_hold_the_customer_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chatbot.engines.openai_server.SILENCE_SECONDS", 0.2)

    async def answer(_request: dict, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    with pytest.raises(EngineFailed, match="in time"):
        run(outcome(answer))


@pytest.mark.parametrize(
    ("answer", "said"), [(refuses("200 OK"), ""), (refuses("401 No"), "CHATBOT_API_KEY")]
)
def test_problem_asks_the_server(answer: Answer, said: str) -> None:
    async def visit() -> str:
        async with serving(answer) as engine:
            return await engine.problem()

    assert said in run(visit())
    assert bool(run(visit())) == bool(said)


def test_a_proxy_of_the_environment_is_not_used_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert run(outcome(says(STREAM, event("ok", "stop")))) == ["ok"]


def test_many_customers_at_once() -> None:
    async def visit() -> list[list[str]]:
        async with serving(says(STREAM, event("a"), event("b", "stop"), b"data: [DONE]\n\n")) as engine:
            return await asyncio.gather(*(collect(engine) for _ in range(50)))

    assert run(visit()) == [["a", "b"]] * 50


def test_the_first_tokens_are_asked_for_and_told_once() -> None:
    asked: list[dict] = []
    told = [{"token": "I", "logprob": -0.5}, {"token": "You", "logprob": -2.0}]

    def chunk(text: str) -> bytes:
        logprobs = {"content": [{"token": text, "logprob": -0.5, "top_logprobs": told}]}
        choice = {"index": 0, "delta": {"content": text}, "finish_reason": None, "logprobs": logprobs}
        return f"data: {json.dumps({'choices': [choice]})}\n\n".encode()

    async def answer(request: dict, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(request["body"])
        writer.write(STREAM + chunk("I") + chunk(" see") + event(None, "stop"))
        await writer.drain()

    async def listen() -> None:
        async with serving(answer) as engine:
            happened: list[object] = []
            async for event in engine.stream(HELLO, 5, first_tokens=True):
                happened.append(event)
            first, *pieces = happened
            assert isinstance(first, FirstTokens)
            assert first.probabilities == pytest.approx({"I": 0.6065, "You": 0.1353}, abs=1e-4)
            assert pieces == ["I", " see"]
            assert [piece async for piece in engine.stream(HELLO, 5)] == ["I", " see"]

    run(listen())
    assert asked[0]["logprobs"] is True
    assert asked[0]["top_logprobs"] == 20
    assert "logprobs" not in asked[1], "a server is asked for no more than is used"


def test_a_server_without_log_probabilities_tells_nothing() -> None:
    async def listen() -> None:
        async with serving(says(STREAM, event("Hi"), event(None, "stop"))) as engine:
            assert [event async for event in engine.stream(HELLO, 5, first_tokens=True)] == ["Hi"]

    run(listen())
