"""The tuned model says the same wherever it runs: in the trainer's generation, in-process, and in vLLM."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from pathlib import Path

import pytest

from chatbot.app import Chat, collect
from chatbot.engine import ChatMessages, Engine, whole_answer
from chatbot.engines.local import LocalEngine
from chatbot.engines.vllm_engine import VllmEngine
from chatbot.engines.vllm_process import VllmProcess
from chatbot.models.abstention import FirstTokens
from chatbot.models.folders import DEFAULT_ADAPTER, ModelFolder, resolve_model
from chatbot.settings import load_settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Done, Turn
from finetune.evaluation.model import greedy
from retrieval.index import Index
from retrieval.ingest import ingest
from tests.retrieval.hashing import HashingEmbedder

pytestmark = pytest.mark.slow
PROBES = 4
TOKENS = 48


@pytest.fixture(scope="module")
def tuned(home: Path) -> ModelFolder:
    return resolve_model("default", home)


@pytest.fixture(scope="module")
def probes() -> list[ChatMessages]:
    kept = json.loads((DEFAULT_ADAPTER / "probes.json").read_text(encoding="utf-8"))
    return [probe["messages"] for probe in kept[:PROBES]]


@pytest.fixture(scope="module")
def trainers(tuned: ModelFolder, probes: list[ChatMessages]) -> list[str]:
    """What the trainer's code generates, in the number format both engines use."""
    return greedy(tuned.path, probes, TOKENS, "float32")


async def say(engine: Engine, probes: Sequence[ChatMessages]) -> list[str]:
    return [await whole_answer(engine, messages, TOKENS) for messages in probes]


async def first(engine: Engine, messages: ChatMessages) -> Mapping[str, float]:
    """What the engine tells of the first token."""
    async with aclosing(engine.stream(messages, 2, first_tokens=True)) as generated:
        told, *pieces = [event async for event in generated]
    assert isinstance(told, FirstTokens)
    assert pieces
    return told.probabilities


def test_the_trainers_answers_are_answers(trainers: list[str]) -> None:
    assert all("[" in answer or "could not find" in answer or "没有找到" in answer for answer in trainers)


def test_in_process_it_says_the_same(
    tuned: ModelFolder, probes: list[ChatMessages], trainers: list[str]
) -> None:
    async def visit() -> list[str]:
        engine = LocalEngine(tuned)
        try:
            return await say(engine, probes)
        finally:
            await engine.aclose()

    assert asyncio.run(visit()) == trainers


@pytest.mark.vllm
def test_in_vllm_it_says_the_same_and_answers_a_customer(
    tuned: ModelFolder, probes: list[ChatMessages], trainers: list[str], tmp_path: Path
) -> None:
    python = load_settings().vllm_python
    articles = tmp_path / "articles"
    articles.mkdir()
    (articles / "refunds.md").write_text("# Refunds\n\nA refund reaches you within 5 business days.\n")
    ingest([articles], tmp_path / "index", HashingEmbedder())
    settings = load_settings(home=tmp_path)
    process = VllmProcess(tuned, python, tmp_path / "vllm.log", "float32")
    process.start()

    async def visit() -> tuple[list[str], list[Mapping[str, float]], Turn]:
        index = Index.open(settings.index, HashingEmbedder())
        chat = Chat(index, VllmEngine(process), SqliteStore(settings.database), settings)
        try:
            said = await say(chat.engine, probes)
            heard = [await first(engine, probes[0]) for engine in (LocalEngine(tuned), chat.engine)]
            question = "How many business days until a refund reaches me?"
            _, last = await collect(chat.reply(chat.new_conversation("test"), question))
        finally:
            await chat.aclose()
        assert isinstance(last, Done)
        return said, heard, last.turn

    try:
        said, heard, turn = asyncio.run(visit())
    finally:
        process.stop()
    assert said == trainers
    likeliest = heard[0].keys() & heard[1].keys()
    assert len(likeliest) > 15
    for token in likeliest:
        assert heard[0][token] == pytest.approx(heard[1][token], abs=0.01), (
            "both tell the same of the first token"
        )
    assert turn.decision == "answer"
    assert "5 business days" in turn.answer
    assert [c.article for c in turn.citations] == ["refunds"]
    assert turn.model == tuned.label
