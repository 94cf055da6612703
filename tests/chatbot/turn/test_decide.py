"""When the bot dares to answer: what the search saw and what a model doubts, weighed together."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatbot.turn.decide import Verdict, answerability, decide, known, signs
from chatbot.turn.understand import Reading
from retrieval.articles.passage import Passage
from retrieval.search.hits import Hit

PASSAGE = Passage("a#1", "a", "Returns", "", "Within 30 days.", "", "en")


def hit(dense: float = 0.5, coverage: float = 0.5, whitened: float = 0.2) -> Hit:
    return Hit(PASSAGE, 0.5, dense, 1.0, coverage, whitened=whitened)


def test_the_best_of_the_sources_counts_for_each_sign() -> None:
    seen = signs([hit(0.4, 0.9, 0.1), hit(0.6, 0.2, 0.3)], {"a": 0.7, "": 0.9})
    assert seen == {"bias": 1.0, "dense": 0.6, "whitened": 0.3, "coverage": 0.9, "asked": 0.7}


@pytest.mark.parametrize("near", [{}, {"a": 0.5}], ids=["without logs", "with logs"])
def test_a_nearer_passage_makes_an_answer_likelier(near: dict[str, float]) -> None:
    assert answerability([hit(dense=0.7)], near) > answerability([hit(dense=0.3)], near)


def test_without_logs_what_sets_a_passage_apart_counts_instead_of_its_words() -> None:
    assert answerability([hit(whitened=0.5)], {}) > answerability([hit(whitened=0.1)], {})
    assert answerability([hit(coverage=0.9)], {}) == answerability([hit(coverage=0.1)], {})


@given(chance=st.floats(0, 1), evidence=st.floats(-20, 20), more=st.floats(0.01, 5))
def test_more_evidence_never_speaks_against_an_answer(chance: float, evidence: float, more: float) -> None:
    assert known(chance, evidence + more) or not known(chance, evidence)


def test_even_odds_are_decided_by_the_evidence() -> None:
    assert known(0.5, math.log(2))
    assert not known(0.5, -math.log(2))


@pytest.mark.parametrize("intent", ["question", "handoff", "unclear", "greeting"])
def test_where_a_human_owns_the_conversation_the_bot_only_confirms(intent: str) -> None:
    verdict = decide(Reading("en", intent), [hit(0.9, 0.9, 0.9)], {"a": 0.9}, text="hi", human_owns=True)
    assert verdict == Verdict("handoff", "waiting")
