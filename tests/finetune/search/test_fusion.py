"""What signs count is learnt from labelled questions, refused when no better, and read by every search."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from chatbot.settings import load_settings
from finetune.errors import NotBetter
from finetune.search import fusion
from finetune.search.fusion import Sample, learnt
from finetune.search.labelled import read_labelled, split
from retrieval.embed.remembered import Remembered
from retrieval.errors import IndexDamaged
from retrieval.index import Index
from retrieval.search.fusion import FUSION_WEIGHTS, SIGNS
from retrieval.search.fusion_weights import FILE, forget_weights, read_weights, write_weights
from tests.retrieval.hashing import HashingEmbedder
from tests.retrieval.test_index import ENGLISH, make

WORDS = ["lamp", "sofa", "desk", "vase", "shelf", "stool", "chair", "clock", "rug", "plant"]


def samples(sign: str, count: int) -> list[Sample]:
    """Questions of which one sign alone tells the right candidate."""
    chance = np.random.default_rng(0)
    made = []
    for _ in range(count):
        signs = chance.random((12, len(SIGNS)))
        right = np.zeros(12, dtype=bool)
        right[signs[:, SIGNS.index(sign)].argmax()] = True
        made.append(Sample(signs, right))
    return made


@pytest.mark.parametrize("sign", SIGNS)
def test_the_sign_that_tells_comes_to_count_most(sign: str) -> None:
    weights = learnt(samples(sign, 150))
    assert max(SIGNS, key=weights.__getitem__) == sign
    assert all(weights[one] >= 0 for one in SIGNS)


def test_a_few_questions_move_the_weights_a_little_and_scores_stay_where_they_were() -> None:
    few, many = samples("words", 3), samples("words", 300)
    assert FUSION_WEIGHTS["words"] < learnt(few)["words"] < learnt(many)["words"]
    every = np.concatenate([sample.signs for sample in many])
    old, new = (
        every @ [weights[sign] for sign in SIGNS] + weights["bias"]
        for weights in (FUSION_WEIGHTS, learnt(many))
    )
    assert abs(old.mean() - new.mean()) < 1e-6
    assert abs(old.std() - new.std()) < 1e-6


class Deaf(HashingEmbedder):
    """Takes all texts for the same, so that words alone can tell."""

    def encode(self, texts: list[str]) -> np.ndarray:  # type: ignore[override]
        chance = np.random.default_rng(len("".join(texts)))
        vectors = chance.standard_normal((len(texts), self.dimension)).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index of products, each asked for by its name in forty ways."""
    embedder = Deaf()
    monkeypatch.setattr(fusion, "load_embedder", lambda name: embedder)
    articles = {
        word: f"# The {word}\n\nThis {word} is made of oak and sent within {n} days."
        for n, word in enumerate(WORDS)
    }
    make(tmp_path, ENGLISH | articles, embedder)
    lines = [
        json.dumps({"question": f"{opening} the {word}{ending}", "article": word})
        for word in WORDS
        for opening in ("Where is", "I bought", "Please send me", "Tell me of")
        for ending in ("?", " that I saw in the window?")
    ]
    (tmp_path / "pairs.jsonl").write_text("\n".join(lines))
    return tmp_path


def test_learnt_weights_are_written_only_when_better_and_used_by_an_open_index(shop: Path) -> None:
    settings = load_settings(home=shop)
    index = Index.open(shop / "index", fusion.load_embedder(""))
    said: list[str] = []
    report = fusion.learn_fusion(
        [shop / "pairs.jsonl"], settings=settings, index=shop / "index", say=said.append
    )
    assert report["comparison"]["all"]["ndcg"]["difference"]["low"] > 0
    assert (
        report["weights"]["words"] + report["weights"]["ngrams"]
        > FUSION_WEIGHTS["words"] + FUSION_WEIGHTS["ngrams"]
    )
    assert any("--reset" in line for line in said)
    assert index.weights == FUSION_WEIGHTS
    index.refresh()
    assert index.weights == report["weights"]
    assert forget_weights(shop / "index")
    assert not forget_weights(shop / "index")
    index.refresh()
    assert index.weights == FUSION_WEIGHTS


def test_what_a_retriever_may_have_learnt_teaches_nothing(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = Remembered(Deaf())
    tuned.untuned = Deaf()
    monkeypatch.setattr(fusion, "load_embedder", lambda name: tuned)
    pairs, said = [shop / "pairs.jsonl"], list[str]()
    _, held = split(read_labelled(pairs, shop / "index"))
    report = fusion.learn_fusion(
        pairs, settings=load_settings(home=shop), index=shop / "index", say=said.append
    )
    assert report["questions"] == len(held)
    assert said[0].startswith(f"Learning on {len(held)} of 80 questions")


def test_what_is_no_better_is_not_written(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With an embedder that hears, every question has found its product already."""
    monkeypatch.setattr(fusion, "load_embedder", lambda name: HashingEmbedder(dimension=512))
    (shop / "again").mkdir()
    make(
        shop / "again",
        {word: f"# The {word}\n\nA {word} of oak." for word in WORDS},
        fusion.load_embedder(""),
    )
    with pytest.raises(NotBetter, match="Not written"):
        fusion.learn_fusion(
            [shop / "pairs.jsonl"], settings=load_settings(home=shop), index=shop / "again" / "index"
        )
    assert not (shop / "again" / "index" / FILE).exists()


@pytest.mark.parametrize("text", ["", "{}", '{"weights": {"cosine": 1}}', '{"weights": null}', "\xff"])
def test_a_damaged_file_is_named_and_an_open_index_goes_on(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    index = make(tmp_path, ENGLISH, HashingEmbedder())
    write_weights(tmp_path / "index", {"weights": FUSION_WEIGHTS | {"words": 0.3}})
    index.refresh()
    (tmp_path / "index" / FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(IndexDamaged, match=r"fusion\.json .* --reset"):
        read_weights(tmp_path / "index")
    index.refresh()
    assert "weights of before go on" in caplog.text
    assert index.weights["words"] == 0.3
