"""Letters of names are told from letters of words by how often each is which."""

from __future__ import annotations

import pytest

from chatbot.privacy.likely_zh import FAMILY, frequency, log_odds


@pytest.mark.parametrize("name", ["蒋梦瑶", "尹志强", "宋佳怡", "方婷", "曲靖波"])
def test_names_are_likely(name: str) -> None:
    assert log_odds(name) > 5


@pytest.mark.parametrize("words", ["单不能", "关不了", "高时", "和他说", "成了吗", "包到了"])
def test_words_that_begin_like_a_name_are_not(words: str) -> None:
    assert log_odds(words) < 5


def test_a_letter_that_no_name_has_counts_against_it() -> None:
    assert log_odds("王的") < log_odds("王芳")


def test_what_the_dictionary_knows() -> None:
    assert frequency("电话") > 100
    assert frequency("没有这个词语") == 0
    assert len(set(FAMILY)) > 250
