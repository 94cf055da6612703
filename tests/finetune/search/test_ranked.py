"""Comparing two searches: what counts as better, and what forbids it."""

from __future__ import annotations

import pytest

from finetune.search.labelled import Labelled
from finetune.search.ranked import RankingScore, compare_rankings, objections, score, tell

ONE = Labelled("How long?", frozenset({"a", "b"}))


def test_the_measures_of_a_list() -> None:
    assert score(["a", "b", "c"], ONE) == RankingScore("en", 1.0, 1.0)
    assert score(["c", "a"], ONE).recall == 0.5
    assert score(["c", "a"], ONE).ndcg == pytest.approx(0.6309 / 1.6309, abs=1e-3)
    assert score([f"x{n}" for n in range(10)] + ["a"], ONE) == RankingScore("en", 0.0, 0.0)
    assert score([], ONE).ndcg == 0.0


def _table(before: float, after: float, chinese: float = 0.5) -> dict:
    english = [RankingScore("en", 0.5, 0.5)] * 40
    return compare_rankings(
        [RankingScore("en", before, before)] * 40 + [RankingScore("zh", 0.5, 0.5)] * 20,
        [RankingScore("en", after, after)] * len(english) + [RankingScore("zh", chinese, chinese)] * 20,
    )


def test_better_with_confidence_and_nowhere_worse() -> None:
    assert objections(_table(0.5, 0.6)) == []
    assert "not better with confidence" in objections(_table(0.5, 0.5))[0]
    assert any("of zh gets worse by 0.100" in reason for reason in objections(_table(0.5, 0.9, 0.4)))
    assert len(tell(_table(0.5, 0.6))) == 6


def test_one_question_of_a_few_does_not_forbid_it() -> None:
    before = [RankingScore("en", 0.5, 0.5)] * 60 + [RankingScore("zh", 1.0, 1.0)] * 5
    better = [RankingScore("en", 0.6, 0.6)] * 60
    assert objections(compare_rankings(before, better + before[60:64] + [RankingScore("zh", 0.0, 0.0)])) == []
    assert objections(compare_rankings(before, better + [RankingScore("zh", 0.9, 0.9)] * 5))
