"""N-grams find what is misspelt; whitening counts what sets passages apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.articles.passage import Passage
from retrieval.vectors.faiss_index import Dense
from retrieval.vectors.whitening import FEW, Whitening
from retrieval.words.lexical import Lexical, query_words
from retrieval.words.ngrams import ngrams, passage_ngrams, query_ngrams
from tests.retrieval.hashing import HashingEmbedder
from tests.retrieval.test_index import ENGLISH, make


def test_ngrams_of_words() -> None:
    assert ngrams(["lamp", "to"]) == ["^lam", "lamp", "amp$", "^to$"]
    assert ngrams(["退货"]) == ["退", "货", "退货"]


@settings(deadline=None)  # the first text loads the Chinese dictionary
@given(st.text())
def test_any_text_has_ngrams_for_each_of_its_words(text: str) -> None:
    assert bool(query_ngrams(text)) == bool(query_words(text))


def test_a_misspelt_word_is_found(tmp_path: Path) -> None:
    index = make(tmp_path, ENGLISH, HashingEmbedder())
    assert index.search("reseting my pasword", 1)[0].passage.article == "password"
    assert index.search("deliverry tmies", 1)[0].passage.article == "delivery"


@given(st.lists(st.sampled_from(["lamp", "lamb", "bulb", "price", "退货"]), min_size=1, max_size=4))
def test_scores_of_some_rows_are_those_of_all(words: list[str]) -> None:
    texts = ["lamp bulb", "lamp price lamp", "退货 price", "...", "bulb"]
    passages = [Passage(f"a{n}#1", f"a{n}", "", "", text, "", "en") for n, text in enumerate(texts)]
    for lexical in (Lexical.build(passages), Lexical.build(passages, passage_ngrams)):
        rows = np.array([0, 2, 3, 4])
        distinct = list(dict.fromkeys(words))
        assert np.allclose(lexical.scores_at(distinct, rows), lexical.scores(distinct)[rows], atol=1e-5)


@settings(max_examples=20)
@given(st.integers(FEW, 60), st.integers(0, 99))
def test_whitened_likeness_is_a_cosine_and_survives_the_disk(count: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    vectors = (chance.standard_normal((count, 6)) + 2).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    languages = ["en"] * count
    whitening, dense, rows = Whitening.of(vectors, languages), Dense(vectors, languages), np.arange(count)
    for row in range(count):
        likeness = whitening.likeness(vectors[row], "en", rows, dense)
        assert likeness is not None
        assert (np.abs(likeness) <= 1.01).all()
        assert likeness[row] > 0.98
    assert whitening.likeness(vectors[0], "zh", rows, dense) is None


def test_few_passages_have_no_whitening() -> None:
    vectors = np.eye(FEW - 1, FEW, dtype=np.float32)
    languages = ["en"] * len(vectors)
    rows = np.arange(len(vectors))
    assert (
        Whitening.of(vectors, languages).likeness(vectors[0], "en", rows, Dense(vectors, languages)) is None
    )


def test_whitened_is_read_as_it_was_written(tmp_path: Path) -> None:
    vectors = np.random.default_rng(0).standard_normal((2 * FEW, 6)).astype(np.float32)
    languages = ["en", "zh"] * FEW
    whitening, dense = Whitening.of(vectors, languages), Dense(vectors, languages)
    whitening.save(tmp_path / "spread.npz")
    rows = np.arange(len(vectors))
    for language in ("en", "zh"):
        first, again = (
            one.likeness(vectors[0], language, rows, dense)
            for one in (whitening, Whitening.load(tmp_path / "spread.npz"))
        )
        assert first is not None
        assert again is not None
        assert np.allclose(first, again)


def test_a_passage_like_everything_in_the_other_language_is_a_hub(tmp_path: Path) -> None:
    chance = np.random.default_rng(1)
    chinese = chance.standard_normal((2 * FEW, 8)) / 4 + np.eye(8)[0]
    english = chance.standard_normal((2 * FEW, 8)) / 4 + np.eye(8)[1]
    english[3] = np.eye(8)[0] + np.eye(8)[1]
    english[4] = 0.0  # a passage without words
    vectors = np.concatenate((chinese, english)).astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    languages = ["zh"] * len(chinese) + ["en"] * len(english)
    Whitening.of(vectors, languages).save(tmp_path / "spread.npz")
    hubness = Whitening.load(tmp_path / "spread.npz").hubness[len(chinese) :]
    assert hubness.argmax() == 3
    assert hubness[4] == 0
    assert abs(hubness.mean()) < 1e-6


def test_with_one_language_alone_its_own_mean_tells_the_hubs() -> None:
    vectors = np.abs(np.random.default_rng(2).standard_normal((2 * FEW, 8))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    hubness = Whitening.of(vectors, ["en"] * len(vectors)).hubness
    assert hubness.argmax() == (vectors @ vectors.mean(0)).argmax()
    assert not Whitening.of(vectors[: FEW - 1], ["en"] * (FEW - 1)).hubness.any()
