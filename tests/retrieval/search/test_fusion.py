"""One score from two, and repetitions left out."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from retrieval.articles.passage import Passage
from retrieval.search.fusion import SIGNS, distinct, fuse

LONG = "The lamp comes with a brass foot, a linen shade and a long cable that can be replaced by anyone. "


def passages(*texts: tuple[str, str]) -> list[Passage]:
    return [Passage(f"a{n}#1", f"a{n}", title, "", text, "", "en") for n, (title, text) in enumerate(texts)]


finite = st.floats(-1, 1, allow_nan=False)
rows_of_signs = st.lists(st.tuples(*[finite] * len(SIGNS)), min_size=1, max_size=20)


@given(rows_of_signs, st.data())
def test_a_stronger_sign_never_lowers_a_score(rows: list[tuple[float, ...]], data: st.DataObject) -> None:
    signs = np.array(rows)
    foreign = np.array(data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))))
    sign = data.draw(st.integers(0, len(SIGNS) - 1))
    stronger = signs.copy()
    stronger[:, sign] += 0.5
    assert (fuse(stronger, foreign) >= fuse(signs, foreign) - 1e-12).all()


@given(rows_of_signs, st.randoms(use_true_random=False))
def test_a_score_does_not_depend_on_the_other_candidates(
    rows: list[tuple[float, ...]], chance: Random
) -> None:
    signs = np.array(rows)
    foreign = np.array([chance.random() < 0.3 for _ in rows])
    order = chance.sample(range(len(rows)), len(rows))
    whole = fuse(signs, foreign)
    assert np.allclose(fuse(signs[order], foreign[order]), whole[order])
    alone = [fuse(signs[i : i + 1], foreign[i : i + 1])[0] for i in range(len(rows))]
    assert np.allclose(alone, whole)


def test_words_of_another_language_count_only_where_they_are_the_same() -> None:
    signs = np.array([[0.5, 0.9, 0.0, 0.9, 3.0], [0.5, 0.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.4, 0.0, 0.0]])
    first, second, third = fuse(signs, np.array([True, True, True]))
    assert first == second < third


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
