"""Text from tokens as they come: all of it, and never half a character."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from chatbot.engines.pieces import BROKEN, Pieces
from tests.tiny import byte_tokenizer


@cache
def tokenizer():
    return byte_tokenizer()


def spoken(tokens: list[int]) -> list[str]:
    pieces = Pieces(lambda ids: tokenizer().decode(ids))
    return [*(pieces.add(token) for token in tokens), pieces.rest()]


@settings(deadline=None)
@given(st.text())
def test_pieces_add_up_to_the_text(text: str) -> None:
    assert "".join(spoken(tokenizer()(text)["input_ids"])) == text


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_characters=BROKEN)))
def test_no_piece_holds_half_a_character(text: str) -> None:
    assert not any(BROKEN in piece for piece in spoken(tokenizer()(text)["input_ids"]))


def test_a_character_comes_with_its_last_token() -> None:
    assert spoken(tokenizer()("退a")["input_ids"]) == ["", "", "退", "a", ""]


def test_an_answer_cut_within_a_character_ends_before_it() -> None:
    tokens = tokenizer()("好退")["input_ids"]
    assert "".join(spoken(tokens[:-1])) == "好"


@settings(deadline=None)
@given(st.lists(st.integers(4, 259), max_size=60))
@example([98] * 7 + [130, 98])  # after broken bytes, a whole character in the middle of which it flushes
def test_bytes_that_are_no_text_do_not_hold_the_rest_back(tokens: list[int]) -> None:
    """A wild sequence of bytes: everything but a broken end comes out, whatever was broken before it."""
    whole = tokenizer().decode(tokens)
    assert "".join(spoken(tokens)).rstrip(BROKEN) == whole.rstrip(BROKEN)


@pytest.mark.slow
@settings(deadline=None)
@given(st.text(max_size=40))
def test_pieces_of_the_real_tokenizer(base, text: str) -> None:
    real = _real(str(base.path))
    tokens = real(text, add_special_tokens=False)["input_ids"]
    pieces = Pieces(lambda ids: real.decode(ids, skip_special_tokens=True))
    said = "".join([*(pieces.add(token) for token in tokens), pieces.rest()])
    assert said == real.decode(tokens, skip_special_tokens=True)


@cache
def _real(folder: str):
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder)
