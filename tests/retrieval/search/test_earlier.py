"""Earlier texts move a search towards them, less than the question does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.index import Index
from retrieval.search.earlier import Earlier, mixed, weighted
from tests.retrieval.hashing import HashingEmbedder
from tests.retrieval.test_index import make

HOTELS = {
    name: f"# {name}\n\nThe bathrooms at {name} are very clean and the staff is kind."
    for name in ("Avalon", "Hobsons", "Limehouse", "Carolina")
}


def index_of(folder: Path) -> Index:
    return make(folder, HOTELS, HashingEmbedder(dimension=256))


def test_the_thing_talked_about_decides_between_equal_passages(tmp_path: Path) -> None:
    index = index_of(tmp_path)
    for name in HOTELS:
        hits = index.search("are the bathrooms clean", 2, earlier=[Earlier(f"I stay at {name}", 0.3)])
        assert hits[0].passage.article == name
        assert hits[0].score <= 1.2


def test_the_question_itself_counts_more(tmp_path: Path) -> None:
    hits = index_of(tmp_path).search("is Avalon clean", 1, earlier=[Earlier("Tell me of Hobsons", 0.5)])
    assert hits[0].passage.article == "Avalon"


def test_a_word_is_counted_once_with_its_highest_weight() -> None:
    earlier = [Earlier("b c", 0.5), Earlier("c d", 0.2)]
    assert weighted(["a", "b"], earlier, str.split) == [(["c"], 0.5), (["d"], 0.2)]


@given(st.lists(st.floats(0, 1), max_size=4))
def test_a_mixed_vector_has_length_one(weights: list[float]) -> None:
    vectors = np.abs(np.random.default_rng(0).standard_normal((len(weights) + 1, 8))).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vector = mixed(vectors[0], vectors[1:], [Earlier("", weight) for weight in weights])
    assert abs(float(np.linalg.norm(vector)) - 1) < 1e-5


def test_passages_of_another_language_are_compared_with_the_question_alone(tmp_path: Path) -> None:
    articles = {"lamp": "# Lamp\n\nA lamp of brass.", "deng": "# 台灯\n\n黄铜台灯 lamp 很亮。"}
    index = make(tmp_path, articles, HashingEmbedder(dimension=256))

    def cosines(*earlier: Earlier) -> dict[str, float]:
        ranked = index.rank("is the lamp brass", 2, earlier=earlier)
        assert ranked
        rows = zip(ranked.rows, ranked.cosine, strict=True)
        return {ranked.snapshot.passages[row].language: round(float(cosine), 5) for row, cosine in rows}

    alone, later = cosines(), cosines(Earlier("what is the lamp shade", 0.5))
    assert later["zh"] == alone["zh"]
    assert later["en"] != alone["en"]
