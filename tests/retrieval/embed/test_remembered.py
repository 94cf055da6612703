"""The last texts are embedded once, whoever asks, and the oldest are forgotten."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from retrieval.embed import remembered
from retrieval.embed.remembered import Remembered
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.past_questions import PAST_QUESTIONS, PastQuestion, write_past_questions
from tests.retrieval.hashing import HashingEmbedder


def test_the_vectors_are_those_of_the_embedder() -> None:
    one, texts = HashingEmbedder(), ["a lamp", "a parcel", "a lamp"]
    twice = Remembered(one)
    for asked in (texts, texts[1:], [], ["new", *texts]):
        assert np.array_equal(twice.encode(asked), HashingEmbedder().encode(asked))
    assert one.encoded == ["a lamp", "a parcel", "new"]


def test_the_oldest_are_forgotten() -> None:
    embedder = HashingEmbedder()
    cached = Remembered(embedder)
    cached.encode(["first"])
    cached.encode([f"text {n}" for n in range(remembered.LAST)])
    cached.encode(["first"])
    assert embedder.encoded.count("first") == 2


def test_a_turn_embeds_its_question_once(tmp_path: Path) -> None:
    (tmp_path / "lamp.md").write_text("A lamp can be returned.")
    embedder, home = HashingEmbedder(), tmp_path / "index"
    ingest([tmp_path / "lamp.md"], home, embedder)
    write_past_questions([PastQuestion("Can lamps go back?", "lamp")], home / PAST_QUESTIONS, embedder)
    index = Index.open(home, embedder)
    embedder.encoded.clear()
    question = "May I return a lamp?"
    assert index.search(question)
    assert index.precedents(question)
    index.likeness(question, ["Lamps can go back."])
    assert embedder.encoded == [question, "Lamps can go back."]
