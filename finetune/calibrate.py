"""Fit when the bot dares to answer: the weights in chatbot/policy.py, from questions in the support logs.

`python -m finetune.calibrate LOGS...` prints them for the installation in CHATBOT_HOME. Every past question
is judged by the others: once as it is, and once with the article that answered it taken away, which makes it
a question without an answer that looks just like one with.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from chatbot.query import said_earlier, search_query
from chatbot.settings import load_settings
from chatbot.sources import find_sources
from finetune.attach import POOL, Attacher
from finetune.dataset import taught
from finetune.logistic import logistic
from finetune.logs import read_logs
from retrieval.asked import by_article
from retrieval.index import Index
from retrieval.passage import Hit

NAMES = ("bias", "dense", "coverage", "asked")
RIDGE = 0.1


def calibrate(logs: Sequence[Path], index: Index) -> dict[str, float]:
    """Weights of a logistic regression of "answerable" on what the search sees."""
    rows, answers = samples(logs, index)
    weights = logistic(np.array(rows), np.array(answers), RIDGE)
    return dict(zip(NAMES, (round(float(w), 1) for w in weights), strict=True))


def samples(logs: Sequence[Path], index: Index) -> tuple[list[list[float]], list[float]]:
    """Features and label (1: answerable) of each past question, and of each without its article."""
    drops: Counter[str] = Counter()
    rows: list[list[float]] = []
    answers: list[float] = []
    for candidate, example in taught(read_logs(logs), Attacher(index, drops), index, drops, Counter()):
        query = search_query(candidate.history, candidate.question)
        near = by_article(index.precedents(query, leave_out=query))
        hits = find_sources(
            index, query, candidate.language, near, POOL, said_earlier(candidate.history, query)
        )
        if hits:
            rows.append(_features(hits[:3], near))
            answers.append(float(example.gold > 0))
        gold = example.passages[example.gold - 1] if example.gold else None
        others = [h for h in hits if gold and gold.article != h.passage.article and gold.url != h.passage.url]
        if len(others) >= 3 and gold:
            rows.append(_features(others[:3], {a: c for a, c in near.items() if a != gold.article}))
            answers.append(0.0)
    return rows, answers


def _features(hits: Sequence[Hit], near: Mapping[str, float]) -> list[float]:
    asked = max((cosine for article, cosine in near.items() if article), default=0.0)
    return [1.0, max(h.dense for h in hits), max(h.coverage for h in hits), asked]


if __name__ == "__main__":
    print(calibrate([Path(log) for log in sys.argv[1:]], Index.open(load_settings().index)))
