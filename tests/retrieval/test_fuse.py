"""One score from two, and repetitions left out."""

from __future__ import annotations

import numpy as np

from retrieval.fuse import distinct, fuse
from retrieval.passage import Passage

LONG = "The lamp comes with a brass foot, a linen shade and a long cable that can be replaced by anyone. "


def passages(*texts: tuple[str, str]) -> list[Passage]:
    return [Passage(f"a{n}#1", f"a{n}", title, "", text, "", "en") for n, (title, text) in enumerate(texts)]


def test_scores_are_mixed_by_share() -> None:
    cosine, lexical, home = np.array([0.5, 0.1]), np.array([0.0, 0.9]), np.array([False, False])
    assert np.allclose(fuse(cosine, lexical, home, 0.5), [0.25, 0.5])
    assert np.allclose(fuse(cosine, lexical, home, 0.0), cosine)
    assert np.allclose(fuse(cosine, lexical, home, 1.0), lexical)


def test_repetitions_go() -> None:
    more = LONG + "Its switch sits on the cord, near the plug."
    same = passages(("Lamp", more), ("Lamp", more.replace("linen", "cotton")), ("Lamp", "It is heavy."))
    assert distinct(same, 5) == [0, 2]
    assert distinct(same, 1) == [0]


def test_another_number_or_a_negation_is_no_repetition() -> None:
    assert distinct(passages(("Fee", f"{LONG}5 euros"), ("Fee", f"{LONG}8 euros")), 5) == [0, 1]
    assert distinct(passages(("Fee", LONG), ("Fee", LONG.replace("can be", "can not be"))), 5) == [0, 1]
    assert distinct(
        passages(("费", "这盏灯可以退货，请保留好原包装。"), ("费", "这盏灯不可以退货，请保留好原包装。")), 5
    ) == [0, 1]


def test_short_equal_answers_to_different_questions_stay() -> None:
    assert distinct(passages(("Is it free?", "Yes."), ("Is it safe?", "Yes.")), 5) == [0, 1]


def test_the_same_long_text_in_two_articles_is_one() -> None:
    text = LONG + "Every part of it may be ordered again from our workshop for as long as stock lasts there."
    assert distinct(passages(("Lamp", text), ("Parts", text)), 5) == [0]
