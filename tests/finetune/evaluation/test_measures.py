"""The measures of an answer: known values, the same for both languages, and an honest interval."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finetune.evaluation.measures import bootstrap, rouge_l

TEXTS = st.text(alphabet=st.sampled_from("ab cd 退款 到账。,"), max_size=30)
VALUES = st.lists(st.floats(-100, 100), min_size=1, max_size=30)


@pytest.mark.parametrize("text", ["The refund takes 5 days.", "退款会在5个工作日内到账。"])
def test_an_identical_answer_is_worth_one(text: str) -> None:
    assert rouge_l(text, text) == 1.0
    assert rouge_l(text.upper(), text) == 1.0, "case does not count"


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("lamps glow", "parcels arrive tomorrow"),
        ("灯泡很亮", "包裹明天送达"),
        ("", "a parcel"),
        ("a parcel", ""),
    ],
)
def test_nothing_in_common_is_worth_nothing(answer: str, reference: str) -> None:
    assert rouge_l(answer, reference) == 0.0


def test_two_empty_answers_are_alike() -> None:
    assert rouge_l("", "") == 1.0


@pytest.mark.parametrize(
    ("answer", "reference", "worth"),
    [
        ("police kill the gunman", "police killed the gunman", 1.0),  # words are stemmed
        # "police the gunman", then "the gunman", of 4 and 4 words: the example of Lin 2004, section 3.1.
        ("police shot the gunman", "police killed the gunman", 2 * 3 / 8),
        ("the gunman shot police", "police killed the gunman", 2 * 2 / 8),
        # "red lamp" of 2 and 4 words.
        ("red lamp", "a red glass lamp", 2 * 2 / 6),
        # 我, 退货 of 我 要 退货 and 我 想 退货.
        ("我要退货", "我想退货", 2 * 2 / 6),
    ],
)
def test_known_values(answer: str, reference: str, worth: float) -> None:
    assert rouge_l(answer, reference) == pytest.approx(worth)


@settings(deadline=None)
@given(a=TEXTS, b=TEXTS)
def test_it_is_a_share_and_the_same_both_ways(a: str, b: str) -> None:
    assert 0.0 <= rouge_l(a, b) <= 1.0
    assert rouge_l(a, b) == pytest.approx(rouge_l(b, a))


@settings(deadline=None, max_examples=30)
@given(values=VALUES)
def test_the_interval_contains_the_mean(values: list[float]) -> None:
    interval = bootstrap(values)
    assert interval.mean == pytest.approx(sum(values) / len(values), abs=1e-6)
    assert min(values) - 1e-6 <= interval.low <= interval.mean + 1e-6
    assert interval.mean - 1e-6 <= interval.high <= max(values) + 1e-6
    assert interval == bootstrap(values), "the same values give the same interval"


def test_more_values_are_surer() -> None:
    few, many = bootstrap([0.0, 1.0] * 5), bootstrap([0.0, 1.0] * 200)
    assert few.mean == many.mean == 0.5
    assert many.high - many.low < few.high - few.low


def test_the_interval_has_the_width_that_theory_says() -> None:
    """Of 400 coin throws: 0.5 plus and minus 1.96 times sqrt(0.25 / 400)."""
    interval = bootstrap([0.0, 1.0] * 200)
    assert interval.low == pytest.approx(0.5 - 0.049, abs=0.005)
    assert interval.high == pytest.approx(0.5 + 0.049, abs=0.005)
    assert str(interval).startswith("0.500 [0.4")


def test_no_values_have_no_mean() -> None:
    assert math.isnan(bootstrap([]).mean)
    assert math.isnan(bootstrap([]).low)
