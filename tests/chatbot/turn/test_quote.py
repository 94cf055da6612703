"""The sentences of the sources are ranked by how well they answer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from chatbot.turn.quote import Ranked, nearer_to, rank_sentences, says
from retrieval.articles.passage import Passage
from retrieval.search.hits import Hit


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


def test_what_was_answered_before_comes_last() -> None:
    sources = [source("damage", "Report it to us soon. Keep the box and the foam.")]
    told = rank_sentences("What else?", sources, [], alike, ["Please report it to us soon."])
    assert [one.text for one in told] == ["Keep the box and the foam.", "Report it to us soon."]


def test_a_draft_points_at_the_sentence_it_is_like() -> None:
    lines = [Ranked(1, "Report it to us soon.", 0.9), Ranked(2, "Keep the box and the foam.", 0.7)]
    assert nearer_to([], "What should I do?", lines) == lines
    drafted = nearer_to(["You keep your box and eat the foam."], "What should I do?", lines)
    assert [one.number for one in drafted] == [2, 1]
    asked = nearer_to(["You keep your box."], "Do I keep the box?", lines)
    assert asked == lines, "the question's own words point nowhere"


def test_saying_most_of_a_sentence_is_saying_it() -> None:
    assert says("Please report the damage to us at once.", "Report damage to us.")
    assert not says("Please report it.", "Keep the box and the foam.")
    assert says("Anything", "...")


@pytest.mark.parametrize(
    ("line", "quoted"),
    [
        ("*Example:* A bed costs $105.", "Example: A bed costs $105."),
        ("* A **bold** step of many.", "A bold step of many."),
        ("3 * 4 is 12 lamps.", "3 * 4 is 12 lamps."),
        ("2、清洗前先拔掉电源插头。", "清洗前先拔掉电源插头。"),
    ],
)
def test_a_quote_has_no_marks_of_its_format(line: str, quoted: str) -> None:
    assert ranked(source("steps", line)) == [quoted]
