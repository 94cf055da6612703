"""Further copies of examples: other questions and orders, the same answers and right passages."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finetune.dataset.augment import augmented, misspelt
from finetune.dataset.example import Example
from retrieval.words.synonyms import Synonyms
from tests.finetune.evaluation.held_out import held_out, shop_index

NONE = Synonyms()


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    return held_out(shop_index(tmp_path_factory.mktemp("shop")))


def test_a_copy_keeps_answer_customer_and_right_passage(examples: list[Example]) -> None:
    by_id = {example.id: example for example in examples}
    copies = augmented(examples, 1.0, 0, NONE)
    assert len(copies) == len(examples)
    for copy in copies:
        first = by_id[copy.id.removesuffix("-again")]
        assert (copy.answer, copy.group, bool(copy.gold)) == (first.answer, first.group, bool(first.gold))
        assert sorted(p.id for p in copy.passages) == sorted(p.id for p in first.passages)
        assert copy.question != first.question
        if first.gold:
            assert copy.passages[copy.gold - 1] == first.passages[first.gold - 1]
    assert any(copy.passages != by_id[copy.id.removesuffix("-again")].passages for copy in copies)


def test_the_share_and_the_seed_decide(examples: list[Example]) -> None:
    assert augmented(examples, 0.0, 0, NONE) == []
    assert len(augmented(examples, 0.4, 0, NONE)) == 2
    assert augmented(examples, 0.4, 7, NONE) == augmented(examples, 0.4, 7, NONE)


def test_a_word_that_the_company_says_otherwise_is_exchanged(examples: list[Example]) -> None:
    synonyms = Synonyms([["mattress", "bed pad"], ["礼品卡", "购物卡"]])
    copies = {copy.id: copy.question for copy in augmented(examples, 1.0, 0, synonyms)}
    assert copies["c-1-again"] == "购物卡几年内有效？"
    assert copies["d-1-again"] == "Is the bed pad cover vegan?"


@given(question=st.text(max_size=80), seed=st.integers(0, 99))
def test_typos_leave_figures_and_names_alone(question: str, seed: int) -> None:
    typed = misspelt(question, random.Random(seed))
    kept = [c for c in question if c.isdigit() or c.isupper()]
    assert [c for c in typed if c.isdigit() or c.isupper()] == kept


def test_a_synonym_is_a_whole_word_and_of_the_same_language() -> None:
    synonyms = Synonyms([["lamp", "light", "灯"]])
    assert synonyms.reworded("A lampshade, please", random.Random(0)) == "A lampshade, please"
    assert synonyms.reworded("My Lamp broke", random.Random(0)) == "My light broke"
