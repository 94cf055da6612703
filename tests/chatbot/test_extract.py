"""The sentences of the sources are ranked by how well they answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chatbot.extract import rank_sentences
from retrieval.passage import Hit, Passage


def source(article: str, text: str, score: float = 0.5) -> Hit:
    passage = Passage(f"{article}#0", article, article, "", text, "", "en")
    return Hit(passage, score, 0.5, 1.0, 1.0)


def alike(question: str, texts: Sequence[str]) -> np.ndarray:
    return np.full(len(texts), 0.5)


def ranked(*sources: Hit) -> list[str]:
    return [one.text for one in rank_sentences("What should I do?", sources, [], alike)]


def test_of_equally_near_sentences_the_first_of_its_source_leads() -> None:
    assert ranked(source("damage", "Report it to us soon. Keep the box and the foam.")) == [
        "Report it to us soon.",
        "Keep the box and the foam.",
    ]


def test_a_better_source_and_a_figure_come_first() -> None:
    lines = ranked(
        source("damage", "Report the damage to us.", 0.3),
        source("lost", "Wait for the parcel. You then wait 10 days more.", 0.6),
    )
    assert lines[:2] == ["Wait for the parcel.", "You then wait 10 days more."]


def test_tables_are_left_out() -> None:
    assert ranked(source("fees", "| fee | 5 |\nThe fee depends on the weight.")) == [
        "The fee depends on the weight."
    ]
