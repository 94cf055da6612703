"""How well the search finds: each way to search, on questions whose articles are known."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from chatbot.turn.query import said_earlier
from finetune.errors import QuestionsUnreadable
from finetune.evaluation.measures import Interval, bootstrap
from finetune.evaluation.questions import LabelledQuestion
from finetune.evaluation.rankings import DEPTH, MEASURES, measures
from retrieval.embed.embedder import Embedder
from retrieval.index import Index
from retrieval.languages.text import language_of
from retrieval.search.earlier import Earlier
from retrieval.search.ranking import Ranking

if TYPE_CHECKING:
    import numpy as np

POOL = 3 * DEPTH  # passages asked for, so that ten articles are among them
TIMED = 50  # questions that are embedded once more, one at a time, to know how long that takes
# What `Index.search` is told for each way; a way with a reranker has its line here.
WAYS: dict[str, dict[str, Any]] = {"lexical": {"way": "lexical"}, "dense": {"way": "dense"}, "fused": {}}
LAST_TURN = "last turn alone"  # fused, without what was said before

Scores = dict[str, list[dict[str, float]]]  # for each way, the measures of each question in order


class Known:
    """An embedder that has the questions' vectors at hand, so that each is embedded once for all ways."""

    def __init__(
        self, embedder: Embedder, vectors: Mapping[str, np.ndarray], untuned: Embedder | None = None
    ) -> None:
        self.name, self.version, self.dimension = embedder.name, embedder.version, embedder.dimension
        self.encode, self.likeness = embedder.encode, embedder.likeness
        self.familiarity = embedder.familiarity
        self.untuned: Embedder = untuned or self
        self._embedder, self._vectors = embedder, vectors

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        """The vectors that are known, or else all from the embedder."""
        import numpy as np

        if all(text in self._vectors for text in texts):
            return np.stack([self._vectors[text] for text in texts])
        return self._embedder.encode_questions(texts)


def evaluate(
    index: Index,
    questions: Sequence[LabelledQuestion],
    *,
    last_turn_only: bool = False,
    on_step: Callable[[int, int], None] | None = None,
) -> tuple[Scores, dict[str, float]]:
    """Ask every question in every way; the measures, and the median milliseconds of each part of a search.

    With a history among the questions, LAST_TURN is one more way. Raises QuestionsUnreadable when the index
    has none of their articles.
    """
    if not any(index.article(article) for question in questions for article in question.relevant):
        article = next(iter(questions[0].relevant))
        raise QuestionsUnreadable(
            f'None of the articles that the questions name is in the index, such as "{article}": the ids '
            "must be those that `chatbot search` prints."
        )
    ways = dict(WAYS)
    if not last_turn_only and any(question.history for question in questions):
        ways[LAST_TURN] = {}
    scores: Scores = {way: [] for way in ways}
    spent: list[Mapping[str, float]] = []
    for number, question in enumerate(questions, start=1):
        for way, how in ways.items():
            alone = last_turn_only or way == LAST_TURN
            query, earlier = searched(question, alone)
            ranking = index.rank(query, POOL, **how, earlier=earlier)
            scores[way].append(measures(_articles(ranking), question.relevant))
            if way == "fused" and ranking:
                spent.append(ranking.seconds)
        if on_step:
            on_step(number, len(questions))
    return scores, _milliseconds(spent)


def searched(question: LabelledQuestion, last_turn_only: bool = False) -> tuple[str, list[Earlier]]:
    """What the search is asked, and what was said before, as in a turn of conversation."""
    history = () if last_turn_only else question.history
    return question.text, said_earlier(history, question.text)


def unknown_articles(index: Index, questions: Sequence[LabelledQuestion]) -> list[str]:
    """Articles that answer a question and that the index lacks: nothing can find them."""
    named = dict.fromkeys(article for question in questions for article in question.relevant)
    return [article for article in named if not index.article(article)]


def embedding_milliseconds(embedder: Embedder, texts: Sequence[str]) -> float:
    """Median time to embed one question, over at most TIMED of them."""
    spent = []
    for text in [*texts[:1], *texts[:TIMED]]:  # the first loads the model
        start = time.perf_counter()
        embedder.encode_questions([text])
        spent.append(1000 * (time.perf_counter() - start))
    return round(median(spent[1:]), 2)


def summary(questions: Sequence[LabelledQuestion], scores: Scores) -> dict[str, dict[str, dict[str, Any]]]:
    """For all questions and for each language, the mean of each measure in each way, and what fusing gains.

    `gain` is nDCG@10 of the fused list above that of the better of the two that it is made of.
    """
    languages = [language_of(question.text) for question in questions]
    parts = {"all": range(len(questions))} | {
        language: [i for i, spoken in enumerate(languages) if spoken == language]
        for language in sorted(set(languages))
    }
    if len(parts) == 2:
        parts.popitem()  # all questions are in one language
    return {name: _part(scores, rows) for name, rows in parts.items()}


def _part(scores: Scores, rows: Sequence[int]) -> dict[str, dict[str, Any]]:
    means = {
        way: {name: _mean([lines[i][name] for i in rows]) for name in MEASURES}
        for way, lines in scores.items()
    }
    better = max(("lexical", "dense"), key=lambda way: means[way]["ndcg@10"]["mean"])
    gained = [scores["fused"][i]["ndcg@10"] - scores[better][i]["ndcg@10"] for i in rows]
    return means | {"gain": {"over": better, **_mean(gained)}}


def _mean(values: Sequence[float]) -> dict[str, Any]:
    interval: Interval = bootstrap(values)
    numbers = {name: round(getattr(interval, name), 4) for name in ("mean", "low", "high")}
    return {**numbers, "n": len(values)}


def _articles(ranking: Ranking | None) -> list[str]:
    hits = ranking.hits if ranking else []
    return list(dict.fromkeys(hit.passage.article for hit in hits))[:DEPTH]


def _milliseconds(spent: Sequence[Mapping[str, float]]) -> dict[str, float]:
    parts = spent[0] if spent else {}
    return {part: round(1000 * median(times[part] for times in spent), 3) for part in parts}
