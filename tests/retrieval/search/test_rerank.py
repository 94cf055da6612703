"""Reranking: what is in doubt is read, the verdict is mixed in, and a damaged folder is told."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.search.cross_encoder import new_head
from retrieval.embed import e5
from retrieval.embed.lora import write_deltas
from retrieval.errors import ModelDamaged, RerankerUnavailable
from retrieval.explain import explain
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.rerank import BEST, CrossE5, in_doubt, load_reranker, mixed
from retrieval.store.model_folder import WEIGHTS_FILE, write_folder
from tests.retrieval.embed.tiny_e5 import write_tiny_e5
from tests.retrieval.hashing import HashingEmbedder


class Likes:
    """Judges by a word; remembers what it read."""

    name = "likes"

    def __init__(self, word: str, weight: float) -> None:
        self.word, self.weight = word, weight
        self.read: list[str] = []

    def judge(self, question: str, passages: Sequence[str]) -> np.ndarray:
        self.read += passages
        return np.array([float(self.word in text) for text in passages])


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for word in ("red", "green", "blue", "brass"):
        (folder / f"{word}.md").write_text(f"# Lamp\n\nThe {word} lamp can be sent back within a month.")
    (folder / "tea.md").write_text("# Tea\n\nGreen tea is sold by weight.")
    return folder


def test_the_judgement_decides_between_equals(docs: Path, tmp_path: Path) -> None:
    ingest([docs], tmp_path / "index", HashingEmbedder())
    likes = Likes("blue", 0.5)
    plain = Index.open(tmp_path / "index", HashingEmbedder()).search("lamp sent back", 5)
    hits = Index.open(tmp_path / "index", HashingEmbedder(), likes).search("lamp sent back", 5)
    assert hits[0].passage.article == "blue"
    assert {hit.passage.id for hit in hits} == {hit.passage.id for hit in plain}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert hits[0].reranked == 1.0
    assert all(hit.reranked is None for hit in plain)


def test_clear_orders_are_not_read(docs: Path, tmp_path: Path) -> None:
    ingest([docs], tmp_path / "index", HashingEmbedder())
    likes = Likes("tea", 1e-9)
    Index.open(tmp_path / "index", HashingEmbedder(), likes).search("brass lamp", 5)
    assert not any("tea" in text for text in likes.read)


def test_the_explanation_follows_the_new_order(docs: Path, tmp_path: Path) -> None:
    ingest([docs], tmp_path / "index", HashingEmbedder())
    index = Index.open(tmp_path / "index", HashingEmbedder(), Likes("brass", 0.5))
    told = explain(index, "lamp sent back", 3, why="brass")
    assert told.hits[0].hit.reranked == 1.0
    assert told.why == '"brass" is found, at place 1.'


@given(st.lists(st.floats(0, 1), min_size=1, max_size=15), st.floats(0.01, 0.5), st.randoms())
def test_what_is_not_in_doubt_keeps_its_place(scores: list[float], weight: float, rng) -> None:
    fallen = np.array(sorted(scores, reverse=True))
    places = in_doubt(fallen, weight)
    assert all(place < BEST for place in places)
    judged = np.full(len(fallen), 0.5)
    judged[places] = [rng.random() for _ in places]
    order = np.argsort(-mixed(fallen, judged, weight), kind="stable").tolist()
    for place in range(min(BEST, len(fallen))):
        if place not in places:
            assert order[place] == place


@pytest.fixture
def cross(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    model = write_tiny_e5(tmp_path / "tiny.bin")
    monkeypatch.setattr(e5, "_packaged", lambda: model)
    folder = tmp_path / "reranker"
    write_folder(
        folder, {"kind": "reranker", "weight": 0.2}, lambda w: write_deltas(w / WEIGHTS_FILE, {}, new_head())
    )
    return folder


def test_a_folder_judges_each_passage_for_itself(cross: Path) -> None:
    reranker = load_reranker(str(cross))
    assert isinstance(reranker, CrossE5)
    assert reranker.weight == 0.2
    assert reranker.name.startswith("reranker@")
    texts = [f"lamp {n} " * n for n in range(1, 15)]
    judged = reranker.judge("how long?", texts)
    assert judged.shape == (14,)
    assert ((judged > 0) & (judged < 1)).all()
    assert np.allclose(reranker.judge("how long?", texts[3:4])[0], judged[3], atol=0.03)
    assert reranker.judge("how long?", []).shape == (0,)


def test_damage_and_other_kinds_are_told(cross: Path, tmp_path: Path) -> None:
    assert load_reranker("none") is None
    (cross / WEIGHTS_FILE).write_bytes(b"cut off")
    with pytest.raises(ModelDamaged, match=r"another size.*finetune reranker"):
        load_reranker(str(cross))
    write_folder(
        tmp_path / "other", {"kind": "retriever"}, lambda w: write_deltas(w / WEIGHTS_FILE, {}, new_head())
    )
    with pytest.raises(ModelDamaged, match="holds a retriever"):
        load_reranker(str(tmp_path / "other"))
    with pytest.raises(RerankerUnavailable, match=r'absent.*"none"'):
        load_reranker(str(tmp_path / "absent"))
