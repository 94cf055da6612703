"""Training examples have the passages that a live turn finds, with a tuned embedder and a reranker too."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from chatbot.app import Chat, collect
from chatbot.engines.scripted import ScriptedEngine
from chatbot.index import open_index
from chatbot.settings import Settings
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Done
from finetune.dataset.example import Example
from finetune.dataset.exchanges import Exchange
from finetune.dataset.ground import Grounder
from finetune.search.cross_encoder import new_head
from finetune.tune import _open_index
from retrieval.embed import e5, minilm
from retrieval.embed.bilingual import Bilingual
from retrieval.embed.lora import write_deltas
from retrieval.embed.tuned import KIND, REGION_FILE, e5_of
from retrieval.embed.tuned_region import TunedRegion
from retrieval.ingest import ingest
from retrieval.search import rerank
from retrieval.search.past_questions import PastQuestion
from retrieval.store.model_folder import WEIGHTS_FILE, write_folder
from tests.retrieval.embed.tiny_e5 import write_tiny_e5

THINGS = ["lamp", "tea", "sofa", "rug", "vase", "clock", "desk", "chair"]
QUESTIONS = [
    f"{a}{b} {thing}{c}?" for a, b, c, thing in zip("abcdefgh", "qrstuvwx", "hijklmno", THINGS, strict=True)
]


class NoMiniLM:
    """Stands for the English model and knows nothing."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)


def changes(seed: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """A change of the tiny network's only layer, large enough to turn rankings over."""
    drawn = torch.Generator().manual_seed(seed)
    down, up = torch.randn(4, 384, generator=drawn), torch.randn(384, 4, generator=drawn)
    return {"encoder.layer.0.attention.self.value": (down / 4, up / 4)}


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An index of eight articles with sections and past questions, a tuned embedder, and a reranker."""
    model = write_tiny_e5(tmp_path / "tiny.bin")
    monkeypatch.setattr(e5, "_packaged", lambda: model)
    monkeypatch.setattr(minilm, "MiniLM", NoMiniLM)
    drawn = random.Random(0)
    for thing in THINGS:
        sections = "".join(
            f"## {thing}{n}\n\n"
            + " ".join("".join(drawn.sample("abcdefghijkl", 5)) for _ in range(50))
            + ".\n\n"
            for n in range(5)
        )
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / f"{thing}.md").write_text(f"# {thing}\n\n{sections}")
    ingest([tmp_path / "docs"], tmp_path / "index", Bilingual())
    learnt = e5_of(Bilingual().encode_questions(QUESTIONS))
    region = TunedRegion.of(learnt, learnt)

    def tuned(where: Path) -> None:
        write_deltas(where / WEIGHTS_FILE, changes(1), {})
        region.save(where / REGION_FILE)

    write_folder(tmp_path / "tuned", {"kind": KIND, "embedder": Bilingual.name}, tuned)
    head = new_head()
    about = {"kind": rerank.KIND, "weight": 0.4}
    write_folder(
        tmp_path / "reranker", about, lambda where: write_deltas(where / WEIGHTS_FILE, changes(2), head)
    )
    return Settings(home=tmp_path, embedder=str(tmp_path / "tuned"), reranker=str(tmp_path / "reranker"))


def live(settings: Settings, tmp_path: Path) -> list[list[str]]:
    """The ids and texts that the store has of each question's turn."""
    engine, store = ScriptedEngine(["I do not know."]), SqliteStore(tmp_path / "turns.db")
    chat = Chat(open_index(settings), engine, store, settings)

    async def ask(question: str) -> list[str]:
        _, last = await collect(chat.reply(chat.new_conversation("cli"), question))
        assert isinstance(last, Done)
        hits = chat.store.trace(last.turn.id)["hits"]
        return [f"{hit['passage']['id']}: {hit['passage']['text']}" for hit in hits]

    async def all_of_them() -> list[list[str]]:
        try:
            return [await ask(question) for question in QUESTIONS]
        finally:
            await chat.aclose()

    return asyncio.run(all_of_them())


def trained(settings: Settings, tmp_path: Path) -> list[list[str]]:
    """The ids and texts of each question's example, when its agent did not know the answer."""
    grounder = Grounder(_open_index(None, None, settings, tmp_path / "work", print))
    found = []
    for question in QUESTIONS:
        exchange = Exchange(question, "en", question, (), (), "", None, "", silent=True)
        example = grounder.ground(exchange)
        assert isinstance(example, Example)
        found.append([f"{passage.id}: {passage.text}" for passage in example.passages])
    return found


def test_examples_have_the_passages_of_a_live_turn(settings: Settings, tmp_path: Path) -> None:
    index = open_index(settings)
    index.learn(
        [
            PastQuestion(f"{question} {thing}", thing)
            for question, thing in zip(QUESTIONS, THINGS, strict=True)
        ]
    )
    assert trained(settings, tmp_path) == live(settings, tmp_path)


def test_neither_the_embedder_nor_the_reranker_is_dropped(settings: Settings, tmp_path: Path) -> None:
    both = trained(settings, tmp_path)
    assert trained(replace(settings, embedder="default"), tmp_path) != both
    assert trained(replace(settings, reranker="none"), tmp_path) != both
