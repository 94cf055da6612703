"""The scripted engine does what it is told and remembers what happened."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.engines.scripted import ScriptedEngine
from chatbot.errors import EngineFailed

HELLO = [{"role": "user", "content": "hello"}]


async def collect(
    engine: ScriptedEngine, max_tokens: int = 256, pieces: list[str] | None = None
) -> list[str]:
    """Into `pieces`, so that they are there when the engine fails."""
    pieces = [] if pieces is None else pieces
    async for piece in engine.stream(HELLO, max_tokens):
        pieces.append(piece)
    return pieces


@given(st.text())
def test_pieces_are_the_reply(reply: str) -> None:
    assert "".join(asyncio.run(collect(ScriptedEngine([reply])))) == reply


def test_pieces_are_words_and_clauses() -> None:
    assert asyncio.run(collect(ScriptedEngine(["Send it back."]))) == ["Send", " it", " back."]
    assert asyncio.run(collect(ScriptedEngine(["可以，请寄回。"]))) == ["可以，", "请寄回。"]
    assert asyncio.run(collect(ScriptedEngine(["a b c"]), 2)) == ["a", " b"]


def test_replies_in_order_and_over_again() -> None:
    engine = ScriptedEngine(["one", "two"])
    assert [asyncio.run(collect(engine)) for _ in range(3)] == [["one"], ["two"], ["one"]]
    assert (engine.generations, engine.finished, engine.cancelled) == (3, 3, 0)
    assert engine.requests[0] == HELLO


def test_a_function_sees_the_messages() -> None:
    assert asyncio.run(collect(ScriptedEngine(lambda messages: messages[-1]["content"].upper()))) == ["HELLO"]


def test_fails_midway() -> None:
    got: list[str] = []
    with pytest.raises(EngineFailed):
        asyncio.run(collect(ScriptedEngine(["a b c"], fail_after=2), pieces=got))
    assert got == ["a", " b"]


def test_leaving_and_cancelling_are_recorded() -> None:
    async def visit() -> ScriptedEngine:
        engine = ScriptedEngine(["a b c"], delay=0.01)
        stream = engine.stream(HELLO)
        await anext(stream)
        await stream.aclose()
        task = asyncio.create_task(collect(engine))
        await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return engine

    engine = asyncio.run(visit())
    assert (engine.cancelled, engine.finished) == (2, 0)


def test_trouble_is_the_problem() -> None:
    engine = ScriptedEngine()
    assert asyncio.run(engine.problem()) == ""
    engine.trouble = "It rains."
    assert asyncio.run(engine.problem()) == "It rains."
