"""An answer while it is written: what of the model is shown, and what the sources add."""

from __future__ import annotations

from pathlib import Path

import pytest

from chatbot.turn.answer import SENTENCES, Answer, Found
from chatbot.turn.prompt import ABSTENTION
from chatbot.turn.quote import Ranked
from chatbot.turn.templates import Templates
from retrieval.articles.passage import Passage
from retrieval.search.hits import Hit

RETURNS = "Return most items within 30 days. A return costs $4.50. Bring the slip. Keep the box."
SHIPPING = "Standard shipping costs $5.95. It is free above $60."


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    return Templates.open(tmp_path)


def hit(article: str, text: str, score: float) -> Hit:
    return Hit(Passage(f"{article}#1", article, article, "", text, "", "en"), score, 0.5, 1.0, 1.0)


def found(*scores: float, chance: float = 0.9) -> Found:
    lines = [line.strip() + "." for line in RETURNS.rstrip(".").split(". ")]
    ranked = [Ranked(1, line, score) for line, score in zip(lines, scores, strict=False)]
    hits = [hit("returns", RETURNS, 0.6), hit("shipping", SHIPPING, 0.3)]
    return Found(hits, {}, ranked, chance)


def written(templates: Templates, known: Found, *pieces: str, evidence: float | None = None) -> Answer:
    answer = Answer("How do I send it back?", known, "en", templates)
    if evidence is not None:
        answer.hear(evidence)
    for piece in pieces:
        if answer.complete:
            break
        answer.add(piece)
    answer.finish()
    return answer


def test_the_sources_complete_what_the_model_says(templates: Templates) -> None:
    answer = written(templates, found(1.0, 0.9, 0.8, 0.7), "A return costs $4.50. [1]")
    assert answer.text == (
        "A return costs $4.50. [1] Return most items within 30 days. [1] Bring the slip. [1]"
    ), "what is said already is not said again, and three sentences are enough"
    assert answer.decision == "answer"


def test_a_model_that_says_enough_is_left_alone(templates: Templates) -> None:
    said = "Return most items within 30 days. [1] A return costs $4.50. [1] Keep the box. [1]"
    assert written(templates, found(1.0, 0.9, 0.8, 0.7), said).text == said
    assert said.count("[1]") == SENTENCES


def test_a_sentence_that_answers_much_worse_is_not_added(templates: Templates) -> None:
    answer = written(templates, found(1.0, 0.3, 0.2, 0.1), "Return most items within 30 days. [1]")
    assert answer.text == "Return most items within 30 days. [1]"


def test_a_draft_that_does_not_stand_still_shows_what_answers(templates: Templates) -> None:
    answer = written(templates, found(0.5, 0.5, 0.5, 0.9), "The slip is something you bring to Mars in 2050.")
    assert answer.text.startswith("Keep the box. [1] Bring the slip. [1]")
    assert "Mars" not in answer.text


@pytest.mark.parametrize(("chance", "decision"), [(0.9, "answer"), (0.3, "abstain")])
def test_without_a_measure_the_search_judges_a_silent_model(
    templates: Templates, chance: float, decision: str
) -> None:
    answer = written(templates, found(1.0, 0.9, 0.8, chance=chance), ABSTENTION["en"])
    assert answer.decision == decision


@pytest.mark.parametrize(
    ("chance", "evidence", "decision"),
    [(0.3, 2.0, "answer"), (0.3, 0.0, "abstain"), (0.9, 0.0, "answer"), (0.9, -3.0, "abstain")],
)
def test_search_and_first_token_judge_together(
    templates: Templates, chance: float, evidence: float, decision: str
) -> None:
    """Whatever the model then writes: "not found", or a sentence that a source carries."""
    for text in (ABSTENTION["en"], "A return costs $4.50. [1]"):
        answer = written(templates, found(1.0, 0.9, 0.8, chance=chance), text, evidence=evidence)
        assert answer.decision == decision
        assert bool(answer.citations) == (decision == "answer")


@pytest.mark.parametrize(("second", "cited"), [(0.3, {1}), (0.55, {1, 2})])
def test_other_sources_add_to_one_that_does_not_stand_out(
    templates: Templates, second: float, cited: set[int]
) -> None:
    hits = [hit("returns", RETURNS, 0.6), hit("shipping", SHIPPING, second)]
    ranked = [Ranked(1, "Keep the box.", 0.9), Ranked(2, "It is free above $60.", 0.8)]
    answer = written(templates, Found(hits, {}, ranked, 0.9), "A return costs $4.50. [1]")
    assert {citation.n for citation in answer.citations} == cited
