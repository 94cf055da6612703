"""Teach the search which article answered which question in the support logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from chatbot.privacy.rules import RedactionRules
from chatbot.turn.query import search_query
from finetune.dataset.build import taught
from finetune.dataset.ground import Grounder
from finetune.logs.conversation import Problem
from finetune.logs.reader import read_logs
from retrieval.index import Index
from retrieval.search.past_questions import PastQuestion


def learn_questions(
    logs: Sequence[Path],
    index: Index,
    problems: list[Problem] | None = None,
    rules: RedactionRules = RedactionRules(),
) -> int:
    """Write the redacted questions of the logs into the index, each with its article; returns how many.

    A question whose agent had no answer is kept with no article: it helps to know when not to answer.
    `problems` collects the lines that could not be read.
    """
    made = taught(read_logs(logs, problems), Grounder(index), index, Counter(), Counter(), rules)
    past = [
        PastQuestion(
            search_query(one.exchange.history, one.exchange.question),
            one.example.passages[one.example.gold - 1].article if one.example.gold else "",
            one.example.answer,
        )
        for one in made
    ]
    return index.learn(past)
