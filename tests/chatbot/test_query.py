"""What is searched for: a question that leans on the last one carries it along, a new subject does not."""

import pytest

from chatbot.message import Message
from chatbot.query import search_query


def after(question: str) -> list[Message]:
    return [Message("user", question), Message("assistant", "An answer.")]


@pytest.mark.parametrize(
    ("earlier", "text"),
    [
        ("How long does a refund take?", "And for furniture?"),
        ("Do you ship to France?", "how much is it"),
        ("标准配送几天能到？", "那寄到香港呢？"),
        ("How do I return a sofa?", "what does that cost?"),
    ],
)
def test_a_follow_up_carries_the_subject(earlier: str, text: str) -> None:
    assert search_query(after(earlier), text) == f"{earlier}\n{text}"


@pytest.mark.parametrize(
    "text", ["Where can I download the invoice for my last order?", "怎么修改我账户的登录邮箱地址？"]
)
def test_a_complete_question_stands_alone(text: str) -> None:
    assert search_query(after("How long does a refund take?"), text) == text


def test_without_history_the_text_is_the_query() -> None:
    assert search_query([], "And for furniture?") == "And for furniture?"


def test_a_chain_of_follow_ups_reaches_the_complete_question() -> None:
    history = after("How long does a refund for a broken lamp take?") + after("And for furniture?")
    assert search_query(history, "and abroad?").startswith("How long does a refund")
