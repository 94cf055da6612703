"""Passages are small, in order, and lose nothing."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from retrieval.articles.article import Article, Section
from retrieval.articles.split import LIMIT, sentences, size, split, split_text

WORDS = st.sampled_from(
    [
        "refund",
        "退款",
        "order。",
        "Yes!",
        "delivery,",
        "请在三十天内申请；",
        "3.5",
        "e.g.",
        "x-ray",
        "\n",
        "\n\n",
        ":",
        "？",
        "\n- item",
        "\n2. step",
    ]
)
TEXTS = st.lists(WORDS | st.text(max_size=30), max_size=120).map(" ".join)


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(TEXTS)
def test_nothing_is_lost_and_no_piece_is_too_large(text: str) -> None:
    if re.search(r"^\s*\|.*\|\s*$", text, re.MULTILINE):
        return  # a table may repeat its head
    pieces = split_text(text, limit=700)
    assert squeezed("".join(pieces)) == squeezed(text)
    assert all(len(piece) > 0 and size(piece) <= 700 for piece in pieces)


@given(TEXTS)
def test_sentences_join_to_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


def test_limits_in_both_languages() -> None:
    assert size("word " * 160) == size("字" * 350) == LIMIT


def test_pieces_are_whole_sentences() -> None:
    english = " ".join(f"Sentence number {n} says that parcels arrive within {n} days." for n in range(60))
    chinese = "".join(f"第{n}条规定顾客可以在收到商品后{n}天内申请退货。" for n in range(60))
    for text, end in ((english, "days."), (chinese, "退货。")):
        pieces = split_text(text)
        assert len(pieces) > 1
        assert all(piece.endswith(end) for piece in pieces)


def test_abbreviations_and_numbers_do_not_end_sentences() -> None:
    text = "Use a tool, e.g. A small key. It costs 3.50 euros. Ask Mr. Wick."
    assert [s.strip() for s in sentences(text)] == [
        "Use a tool, e.g. A small key.",
        "It costs 3.50 euros.",
        "Ask Mr. Wick.",
    ]


def test_pieces_of_one_text_are_about_equal() -> None:
    pieces = split_text(" ".join(f"This is the sentence with number {n}." for n in range(25)))  # 175 words
    assert len(pieces) == 2
    assert min(map(size, pieces)) > LIMIT // 3


def test_a_list_stays_with_its_introduction() -> None:
    filler = "Some words that fill the page. " * 24
    text = f"{filler}\n\nYou need:\n\n- a receipt\n- the box\n- a label\n\n{filler}"
    assert any("You need:\n\n- a receipt\n- the box\n- a label" in piece for piece in split_text(text))


def test_a_long_list_is_cut_between_items() -> None:
    text = "\n".join(f"- Item {n} is a line that has exactly ten words here" for n in range(40))
    pieces = split_text(text)
    assert len(pieces) > 1
    assert all(line.startswith("- Item") for piece in pieces for line in piece.splitlines())


def test_a_long_table_repeats_its_head() -> None:
    head = "| Country | Days |\n|---|---|"
    rows = [f"| Country number {n} | {n} working days |" for n in range(60)]
    pieces = split_text("\n".join([head, *rows]))
    assert len(pieces) > 1
    assert all(piece.startswith(head) and size(piece) <= LIMIT for piece in pieces)
    assert [line for piece in pieces for line in piece.splitlines()[2:]] == rows


def test_tiny_sections_are_joined_under_their_common_heading() -> None:
    article = Article("T", (Section(("A", "B"), "One line."), Section(("A", "C"), "Another line.")))
    (piece,) = split(article)
    assert piece.headings == ("A",)
    assert piece.text == "B\nOne line.\n\nC\nAnother line."


def test_questions_stay_apart() -> None:
    article = Article("FAQ", (Section(("Is it free?",), "Yes."), Section(("Is it safe?",), "Yes, very.")))
    assert [piece.headings for piece in split(article)] == [("Is it free?",), ("Is it safe?",)]
