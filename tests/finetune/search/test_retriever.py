"""Tuning the search: what is better is written and reloads as it was, what is not is refused."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from chatbot.settings import Settings
from finetune.errors import FinetuneError, NotBetter, TooFewPairs
from finetune.search import contrastive as contrast
from finetune.search import cross_encoder as cross
from finetune.search import reranker, retriever
from finetune.search.ranked import compare_rankings
from retrieval.embed import e5, minilm
from retrieval.embed.bilingual import Bilingual
from retrieval.embed.load import load_embedder
from retrieval.embed.tuned import REGION_FILE, Tuned
from retrieval.errors import EmbedderMismatch, ModelDamaged
from retrieval.explain import explain
from retrieval.index import Index
from retrieval.ingest import ingest
from retrieval.search.rerank import load_reranker
from retrieval.store.model_folder import MANIFEST, WEIGHTS_FILE
from tests.retrieval.embed.tiny_e5 import write_tiny_e5
from tests.retrieval.hashing import HashingEmbedder
from ui.cli import main

THINGS = ["lamp", "tea", "sofa", "rug", "vase", "clock", "desk", "chair"]


class NoMiniLM:
    """Stands for the English model and knows nothing."""

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.full((len(texts), 384), 384**-0.5, dtype=np.float32)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of eight articles, and questions that call each thing by a word no article has."""
    model = write_tiny_e5(tmp_path / "tiny.bin")
    monkeypatch.setattr(e5, "_packaged", lambda: model)
    monkeypatch.setattr(minilm, "MiniLM", NoMiniLM)
    docs = tmp_path / "docs"
    docs.mkdir()
    for thing in THINGS:
        (docs / f"{thing}.md").write_text(f"# {thing}\n\n{thing} {thing} {thing}.")
    ingest([docs], tmp_path / "home" / "index", Bilingual())
    rows = [
        {"question": f"{'abcdefgh'[n] * 3} {'qwrtzuvx'[k]}{'qwrtzuvx'[m]}?", "article": thing}
        for n, thing in enumerate(THINGS)
        for k in range(4)
        for m in range(4)
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return tmp_path / "home"


def test_what_is_better_is_written_and_comes_back(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    settings = Settings(home=home)
    recipe = contrast.Recipe(minutes=1, epochs=8, learning_rate=5e-3, rank=4, keep=0.0)
    report = retriever.tune_retriever(
        [tmp_path / "pairs.jsonl"], settings=settings, out=tmp_path / "tuned", recipe=recipe, say=said.append
    )
    gain = report["comparison"]["all"]["ndcg"]["difference"]
    assert gain["low"] > 0
    assert any("CHATBOT_EMBEDDER=" in line for line in said)
    assert sorted(path.name for path in (tmp_path / "tuned").iterdir()) == [
        REGION_FILE,
        MANIFEST,
        WEIGHTS_FILE,
    ]
    tuned = load_embedder(str(tmp_path / "tuned"))
    assert isinstance(tuned, Tuned)
    assert tuned.version == f"tuned@{report['version']}"
    again = load_embedder(str(tmp_path / "tuned"))
    questions = ["aaa qw?", "退货多久"]
    # Sums come in another order where texts are batched otherwise, and on other processors.
    equal = partial(np.allclose, atol=1e-4)
    assert equal(tuned.encode_questions(questions), again.encode_questions(questions))
    assert np.allclose(np.linalg.norm(tuned.encode_questions(questions), axis=1), 1, atol=1e-2)
    plain = Bilingual()
    assert equal(tuned.encode(questions), plain.encode(questions))
    assert equal(tuned.untuned.encode_questions(questions), plain.encode_questions(questions))
    familiar, strange = "bbb rv?", "怎么"
    assert tuned.familiarity([familiar, strange]) == pytest.approx([1, 0])
    assert not np.allclose(tuned.encode_questions([familiar]), plain.encode_questions([familiar]), atol=1e-3)
    assert equal(tuned.encode_questions([strange]), plain.encode_questions([strange]))
    index = Index.open(home / "index", tuned)  # made by the untuned one, and still right
    assert index.search("aaa qw?", 1)[0].passage.article in THINGS
    assert [explain(index, question).familiarity for question in (familiar, strange)] == [1, 0]
    before = Index.open(home / "index", plain)
    for likeness in (
        lambda index: index.likeness(familiar, THINGS).max(),
        lambda index: max(hit.dense for hit in index.search(familiar, len(THINGS))),
        lambda index: max(hit.whitened for hit in index.search(familiar, len(THINGS))),
    ):
        assert likeness(index) == pytest.approx(likeness(before), abs=1e-4)
    monkeypatch.setenv("CHATBOT_EMBEDDER", str(tmp_path / "tuned"))
    shown = CliRunner().invoke(main, ["search", "--home", str(home), "--explain", familiar])
    assert "Like the questions that the search was tuned on: 100%." in shown.output


def test_what_is_not_better_is_refused(home: Path, tmp_path: Path) -> None:
    recipe = contrast.Recipe(minutes=1, epochs=0.3, learning_rate=0.0, rank=4)
    with pytest.raises(NotBetter, match="not better with confidence"):
        retriever.tune_retriever(
            [tmp_path / "pairs.jsonl"],
            settings=Settings(home=home),
            out=tmp_path / "x" / "tuned",
            recipe=recipe,
        )
    assert list((tmp_path / "x").iterdir()) == []


def test_too_few_pairs_and_a_folder_that_is_there(home: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text('{"question": "How long?", "article": "lamp"}\n{"question": "Why?", "article": "gone"}\n')
    said: list[str] = []
    with pytest.raises(TooFewPairs, match="1 questions have an article"):
        retriever.tune_retriever([few], settings=Settings(home=home), say=said.append)
    assert said == ["1 of 2 questions are left out: their article is not in the index"]
    with pytest.raises(FinetuneError, match="already exists"):
        retriever.tune_retriever([few], settings=Settings(home=home), out=home)


def test_damage_and_another_embedder_are_told(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "tuned"
    folder.mkdir()
    (folder / WEIGHTS_FILE).write_bytes(b"no manifest")
    with pytest.raises(ModelDamaged, match="finetune retriever"):
        load_embedder(str(folder))
    (folder / MANIFEST).write_text(
        json.dumps(
            {
                "kind": "retriever",
                "embedder": "older",
                "version": "1",
                "files": {WEIGHTS_FILE: 11},
                "shift": {},
            }
        )
    )
    with pytest.raises(ModelDamaged, match='tuned from the embedder "older"'):
        load_embedder(str(folder))
    ingest([tmp_path / "docs"], tmp_path / "other", HashingEmbedder())
    with pytest.raises(EmbedderMismatch, match=r"hashing.*--rebuild"):
        Index.open(tmp_path / "other", Bilingual())


def test_a_reranker_is_trained_and_used(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = cross.Recipe(minutes=1, epochs=2, learning_rate=3e-3, rank=4)
    with pytest.raises(NotBetter):
        reranker.train_reranker(
            [tmp_path / "pairs.jsonl"],
            settings=Settings(home=home),
            out=tmp_path / "r",
            recipe=cross.Recipe(minutes=1, epochs=0.1, learning_rate=0.0, rank=4),
        )
    assert not (tmp_path / "r").exists()
    monkeypatch.setattr(reranker, "objections", lambda table: [])
    report = reranker.train_reranker(
        [tmp_path / "pairs.jsonl"], settings=Settings(home=home), out=tmp_path / "r", recipe=recipe
    )
    loss = report["training"]["loss"]
    assert loss[1] < loss[0]
    found = load_reranker(str(tmp_path / "r"))
    assert found is not None
    assert found.weight == report["weight"]
    hits = Index.open(home / "index", Bilingual(), found).search("aaa qw?", 3)
    assert len(hits) == 3
    assert any(hit.reranked is not None for hit in hits)


def test_the_commands(home: Path, tmp_path: Path) -> None:
    few = tmp_path / "few.jsonl"
    few.write_text('{"question": "How long?", "article": "lamp"}\n')
    for subject in ("retriever", "reranker"):
        ended = CliRunner().invoke(main, ["finetune", subject, str(few), "--home", str(home)])
        assert ended.exit_code == 2
        assert "Give more pairs" in ended.output
    shown = CliRunner().invoke(main, ["finetune", "--help"]).output
    assert "retriever" in shown
    assert "LOGS" in CliRunner().invoke(main, ["finetune", "model", "--help"]).output
    missing = CliRunner().invoke(main, ["finetune", "absent.jsonl"])
    assert "'[LOGS]...'" in missing.output  # log files alone mean the model


def test_nothing_to_compare_is_not_better() -> None:
    from finetune.search.ranked import objections

    assert objections(compare_rankings([], []))
