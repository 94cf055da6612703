"""A long question is searched in parts; a short one as it stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.articles.split import size
from retrieval.embed.load import load_embedder
from retrieval.search.earlier import Earlier
from retrieval.search.question import PART, parts_of, split_question
from retrieval.words.synonyms import Synonyms
from tests.retrieval.hashing import HashingEmbedder
from tests.retrieval.test_index import ENGLISH, make

CHATTER = (
    "My name is Kenji and I have been a customer of yours for many years, with much joy. "
    "Last weekend my cousin came to visit, and we spoke about the weather and the garden. "
)


@given(st.lists(st.sampled_from(["Where is it?\n", "我的订单在哪里？", "It came late. ", "v2.4.1 ", "\n\n"])))
def test_parts_lose_nothing_and_are_neither_short_nor_many(pieces: list[str]) -> None:
    text = "".join(pieces)
    parts = split_question(text)
    assert "".join(parts) == text
    if len(parts) > 1:
        assert size(text) >= 2 * PART
        assert all(size(part) >= PART // 2 for part in parts)


def test_a_chinese_letter_is_cut_too() -> None:
    assert len(split_question("我上周买的台灯到现在还没有收到，能帮我查一下吗？" * 10)) > 2


class UnitVectors(HashingEmbedder):
    """Gives every question a direction of its own; tuned, it gives them in the opposite order."""

    def __init__(self, tuned: bool = False) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.tuned = tuned
        if tuned:
            self.untuned = UnitVectors()

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        self.seen += texts
        directions = np.eye(len(texts), dtype=np.float32)
        return directions[::-1] if self.tuned else directions


def test_what_was_said_before_is_in_every_part() -> None:
    first, second = parts_of(["one lamp", "two"], [Earlier("lamp shade", 0.5)], Synonyms(), UnitVectors())
    assert np.allclose(first.alone, [1, 0, 0])
    assert np.allclose(second.vector, np.array([0, 2, 1]) / 5**0.5)
    assert first.before == [(["shade"], 0.5)]
    assert second.before == [(["lamp", "shade"], 0.5)]


def test_what_a_question_leans_on_is_part_of_what_it_says() -> None:
    earlier = [
        Earlier("delivery", 0.3),
        Earlier("which colour", 0.5, carried=True),
        Earlier("lamp shade", 0.2, carried=True),
    ]
    embedder = UnitVectors()
    (part,) = parts_of(["cost"], earlier, Synonyms(), embedder)
    assert embedder.seen[1] == "lamp shade\nwhich colour\ncost"
    assert np.allclose(part.alone, np.eye(5)[1])
    assert np.allclose(part.vector, np.array([1, 0, 0.3, 0.5, 0.2]) / 1.38**0.5)
    assert sorted(part.said.every_word()) == sorted(["cost", "colour", "lamp", "shade"])


def test_a_tuned_question_keeps_its_vectors_of_before() -> None:
    earlier = [Earlier("lamp shade", 0.5, carried=True)]
    (part,) = parts_of(["cost"], earlier, Synonyms(), UnitVectors(tuned=True))
    (plain,) = parts_of(["cost"], earlier, Synonyms(), UnitVectors())
    assert part.is_tuned
    assert not plain.is_tuned
    assert np.array_equal(part.untuned, plain.vector)
    assert np.array_equal(part.untuned_alone, plain.alone)
    assert not np.array_equal(part.vector, plain.vector)


def test_one_sentence_of_a_letter_finds_its_article(tmp_path: Path) -> None:
    """By all its words and one vector the letter finds the article that shares its chatter."""
    chatty = {
        "visit": "# Visit us\n\nMy cousin came to visit, and we spoke about the weather and the garden."
    }
    index = make(tmp_path, ENGLISH | chatty, load_embedder())
    question = "How many days do I have to send back an item? "
    letter = CHATTER * 3 + question + CHATTER * 3
    assert len(split_question(letter)) > 3
    assert [hit.passage.article for hit in index.search(letter, k=1, way="dense")] == ["visit"]
    hits = index.search(letter, k=2)
    assert {hit.passage.article for hit in hits} == {"visit", "returns"}
    assert all(0 <= hit.coverage <= 1 for hit in hits)
