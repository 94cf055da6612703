"""Sentences: nothing is lost, figures and addresses stay whole, a growing text is cut only at an end."""

from hypothesis import given
from hypothesis import strategies as st

from chatbot.turn.sentences import split_sentences, take_sentences


@given(st.text(alphabet="ab1.!? \n。！[]2$,", max_size=60))
def test_no_text_is_lost(text: str) -> None:
    sentences, rest = take_sentences(text)
    assert "".join(sentences) + rest == text


@given(st.text(alphabet="ab.!? 。[1]", max_size=40), st.integers(1, 5))
def test_streaming_in_pieces_gives_the_same_sentences(text: str, size: int) -> None:
    found, rest = [], ""
    for start in range(0, len(text), size):
        sentences, rest = take_sentences(rest + text[start : start + size])
        found += sentences
    assert "".join(found) + rest == text
    assert [s for s in [*found, rest] if s.strip()] == split_sentences(text)


def test_figures_and_addresses_stay_whole() -> None:
    text = "It uses 2.4 GHz. Write to help@shop.example or pay $5.95! 好的。谢谢！"
    assert [s.strip() for s in split_sentences(text)] == [
        "It uses 2.4 GHz.",
        "Write to help@shop.example or pay $5.95!",
        "好的。",
        "谢谢！",
    ]


def test_a_citation_belongs_to_its_sentence() -> None:
    assert [s.strip() for s in split_sentences("Five days. [1] Then wait. [2]")] == [
        "Five days. [1]",
        "Then wait. [2]",
    ]
