"""What a question is trained towards are the scores that the search gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from finetune.search.labelled import Labelled
from finetune.search.targets import Targets
from retrieval.embed import e5, minilm
from retrieval.embed.bilingual import Bilingual
from retrieval.embed.e5 import E5
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.fusion import FOREIGN, FOREIGN_WORDS, SIGNS
from retrieval.vectors import whitening
from tests.finetune.search.test_retriever import THINGS, NoMiniLM
from tests.retrieval.embed.tiny_e5 import write_tiny_e5

CHINESE = ["退货", "运费", "多久", "怎么退", "退运费", "货多久", "怎么运货", "多退"]
QUESTIONS = ["lamp tea?", "怎么退货?", "how much is a desk", "运费多久"]


@pytest.fixture
def opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Targets, Index, Bilingual]:
    """An index in two languages, large enough by the measure of this test to be whitened."""
    model = write_tiny_e5(tmp_path / "tiny.bin")
    monkeypatch.setattr(e5, "_packaged", lambda: model)
    monkeypatch.setattr(minilm, "MiniLM", NoMiniLM)
    monkeypatch.setattr(whitening, "FEW", 4)
    docs = tmp_path / "docs"
    docs.mkdir()
    for one in THINGS + CHINESE:
        (docs / f"{one}.md").write_text(f"# {one}\n\n{one} {one[:2]} {one[-2:]}", encoding="utf-8")
    embedder = Bilingual()
    ingest([docs], tmp_path / "index", embedder)
    return Targets(tmp_path / "index", embedder), Index.open(tmp_path / "index", embedder), embedder


def test_scores_are_those_of_the_search(opened: tuple[Targets, Index, Bilingual]) -> None:
    targets, index, embedder = opened
    vectors = embedder.encode_questions(QUESTIONS)
    asked = [
        targets.of(Labelled(question, frozenset({"desk"})), vector)
        for question, vector in zip(QUESTIONS, vectors, strict=True)
    ]
    scores = targets.scores(asked, torch.from_numpy(E5().encode(QUESTIONS, "query: "))).numpy()
    assert scores.shape == (len(QUESTIONS), len(THINGS + CHINESE))
    for row, question in zip(scores, QUESTIONS, strict=True):
        ranking = index.rank(question, 5)
        assert ranking is not None
        words = ranking.signs[:, SIGNS.index("words")]
        unweakened = FOREIGN * ranking.cosine + FOREIGN_WORDS * words  # the search does so to what is unlike
        expected = np.where(ranking.foreign, unweakened, ranking.fused)
        assert len(ranking.rows) == len(THINGS + CHINESE)
        assert row[ranking.rows] == pytest.approx(expected, abs=1e-4)
    assert [index.passages[at].article for at in asked[0].rows] == ["desk"]


def test_only_the_vectors_of_questions_are_learnt(opened: tuple[Targets, Index, Bilingual]) -> None:
    targets, _, embedder = opened
    asked = [
        targets.of(Labelled(question, frozenset({"desk"})), vector)
        for question, vector in zip(QUESTIONS, embedder.encode_questions(QUESTIONS), strict=True)
    ]
    e5 = torch.from_numpy(E5().encode(QUESTIONS, "query: ")).requires_grad_()
    targets.scores(asked, e5)[1].sum().backward()
    changed = e5.grad.abs().sum(1).numpy() > 0 if e5.grad is not None else np.zeros(0)
    assert changed.tolist() == [False, True, False, False]
