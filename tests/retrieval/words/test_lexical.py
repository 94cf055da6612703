"""BM25 with titles, its bound, and the share of a question that a passage covers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from retrieval.articles.passage import Passage
from retrieval.words.lexical import Lexical, query_words


def passage(n: int, title: str, text: str, heading: str = "") -> Passage:
    return Passage(f"a{n}#1", f"a{n}", title, heading, text, "", "en")


PASSAGES = [
    passage(0, "Returns", "You can return a lamp within 30 days."),
    passage(1, "Delivery", "A lamp arrives in three days.", heading="Prices"),
    passage(2, "Gift cards", "A gift card never expires, you may return here often."),
    passage(3, "退货", "三十天内可以退货。"),
    passage(4, "...", "???"),
]
ROWS = np.arange(len(PASSAGES))


@pytest.fixture
def lexical() -> Lexical:
    return Lexical.build(PASSAGES)


def test_titles_count_more(lexical: Lexical) -> None:
    scores = lexical.scores(query_words("return"))
    assert scores[0] > scores[2] > scores[1] == 0


def test_both_languages(lexical: Lexical) -> None:
    assert int(lexical.scores(query_words("怎么退货？")).argmax()) == 3


def test_no_score_exceeds_the_bound(lexical: Lexical) -> None:
    for query in ("return lamp days", "gift card expires", "退货", "unknown"):
        words = query_words(query)
        assert lexical.scores(words).max() <= lexical.bound(words) + 1e-6


def test_coverage_is_the_weighted_share_of_words(lexical: Lexical) -> None:
    full, half, none = (
        lexical.coverage(query_words(q), ROWS) for q in ("return a lamp", "lamp telescope", "telescope")
    )
    assert full[0] == 1
    assert 0 < full[1] < 1
    assert 0 < half[0] < 0.5  # an unknown word weighs more than a known one
    assert none.sum() == 0


def test_rare_words_cover_more(lexical: Lexical) -> None:
    coverage = lexical.coverage(query_words("expires lamp"), ROWS)
    assert coverage[2] > coverage[0] > 0


def test_coverage_sees_title_and_heading(lexical: Lexical) -> None:
    assert lexical.coverage(query_words("delivery prices"), ROWS)[1] == 1


def test_a_question_without_words_is_covered_by_nothing(lexical: Lexical) -> None:
    assert query_words("is it?") == []
    assert lexical.coverage([], ROWS).sum() == 0
    assert lexical.scores([]).sum() == 0
    assert lexical.bound([]) == 0


def test_saved_and_loaded(lexical: Lexical, tmp_path: Path) -> None:
    lexical.save(tmp_path)
    words = query_words("return lamp 退货")
    assert np.array_equal(Lexical.load(tmp_path).scores(words), lexical.scores(words))
