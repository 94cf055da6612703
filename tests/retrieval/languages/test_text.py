"""Language and words of a text."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.languages.text import language_of, terms, tokens


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How do I return a lamp?", "en"),
        ("怎么退货？", "zh"),
        ("我的 Wi-Fi 连不上", "zh"),
        ("The button says 确定 on the second screen", "en"),
        ("WW-2048817", "en"),
        ("", "en"),
    ],
)
def test_language(text: str, language: str) -> None:
    assert language_of(text) == language


def test_english_words_are_stemmed_and_lower_cased() -> None:
    assert tokens("Returned RETURNS returning") == ["return"] * 3


def test_codes_stay_whole() -> None:
    assert "ww-2048817" in tokens("Where is WW-2048817?")
    assert "ww-2048817" in tokens("订单WW-2048817什么时候到")
    assert {"2.4.1", "e-21"} <= set(tokens("Version 2.4.1 shows E-21."))


def test_spellings_of_one_word_meet() -> None:
    assert tokens("Wi-Fi e-mail") == tokens("wifi email")
    assert tokens("customer’s") == tokens("customer's")
    assert tokens("ＡＢＣ１２３") == tokens("abc123")


def test_chinese_is_cut_into_words() -> None:
    assert {"申请", "退款"} <= set(tokens("申请退款"))


def test_terms_leave_out_words_without_subject() -> None:
    assert terms("How can I return my lamp, please?") == ["return", "lamp"]
    assert terms("请问怎么退款") == ["退款"]


@given(st.text(max_size=200))
def test_any_text_has_words_and_a_language(text: str) -> None:
    assert language_of(text) in ("en", "zh")
    assert all(token and token == token.strip() for token in tokens(text))
    assert set(terms(text)) <= set(tokens(text))


def test_threads_share_the_word_lists() -> None:
    texts = [f"returning {n} lamps 申请退款" for n in range(200)]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(tokens, texts)) == [tokens(text) for text in texts]
