"""What is searched for: a question that leans on the last one carries it along, a new subject does not."""

import pytest

from chatbot.turn.message import Message
from chatbot.turn.query import CARRIED, EARLIER, NAMES, asks_again, said_earlier, search_query
from retrieval.search.earlier import Earlier


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
    "text",
    [
        "Where can I download the invoice for my last order?",
        "Can I pay in instalments?",
        "怎么修改我账户的登录邮箱地址？",
        "怎么取消订单",
    ],
)
def test_a_complete_question_stands_alone(text: str) -> None:
    assert search_query(after("How long does a refund take?"), text) == text


def test_a_question_in_another_language_is_not_carried() -> None:
    history = after("礼品卡多久会过期？")
    assert search_query(history, "And what does it cost?") == "And what does it cost?"
    assert said_earlier(history, "Do you sell gift wrapping for pets?") == []


def test_without_history_the_text_is_the_query() -> None:
    assert search_query([], "And for furniture?") == "And for furniture?"


def test_a_chain_of_follow_ups_reaches_the_complete_question() -> None:
    history = after("How long does a refund for a broken lamp take?") + after("And for furniture?")
    assert search_query(history, "and abroad?").startswith("How long does a refund")


@pytest.mark.parametrize("text", ["and how much?", "why?", "多少？", "那为什么呢？"])
def test_a_bare_question_asks_again(text: str) -> None:
    earlier = "Do you ship to Canada?" if text.isascii() else "你们送货到香港吗？"
    assert asks_again(after(earlier), text)
    assert not asks_again([], text)
    assert not asks_again([Message("assistant", "Hello.")], text)


@pytest.mark.parametrize("text", ["???", "😀", "it is", "的"])
def test_signs_ask_nothing(text: str) -> None:
    assert not asks_again(after("Do you ship to Canada?") + after("你们送货到香港吗？"), text)


def test_what_was_said_counts_less_the_longer_ago() -> None:
    history = after("Is there a guest house near the station?") + after("Which of them has parking at night?")
    last, before = said_earlier(history, "Are the bathrooms cleaned every day in summer?")
    assert last == Earlier("Which of them has parking at night?", EARLIER)
    assert before == Earlier("Is there a guest house near the station?", EARLIER / 4)


def test_what_a_question_leans_on_counts_more() -> None:
    history = after("Do you ship to France?")
    assert said_earlier(history, "why?") == [Earlier("Do you ship to France?", CARRIED, carried=True)]
    history = after("How long does a refund for a broken lamp take?") + after("And for furniture?")
    assert [(one.weight, one.carried) for one in said_earlier(history, "and abroad?")] == [
        (CARRIED, True),
        (CARRIED / 2, True),
    ]


def test_names_of_the_last_answer_are_carried() -> None:
    history = [Message("user", "Any hotel?"), Message("assistant", "Yes, the Hobsons House has 3 stars.")]
    assert (said_earlier(history, "Are its rooms clean?")[0].text, NAMES) == ("Hobsons House", NAMES)


def test_without_history_nothing_was_said() -> None:
    assert said_earlier([], "Where is my parcel?") == []
