"""The evidence check: what a passage carries is linked; what none carries is rejected, with the reason."""

import pytest

from chatbot.turn.evidence import check_sentence, is_courtesy
from retrieval.articles.passage import Passage


def passage(text: str, title: str = "Help", language: str = "en") -> Passage:
    return Passage("a#1", "a", title, "", text, "", language)


REFUND = passage("A refund reaches you within 5 business days. Opened bedding cannot be returned.", "Refunds")
SHIPPING = passage(
    "Standard shipping costs $5.95 and takes 3-5 days. Express is not offered for furniture.", "Shipping"
)
KETTLE = passage("海鹦电水壶每2个月除垢一次。清洗时不能放进洗碗机。", "电水壶", "zh")


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("The refund reaches you within 5 business days.", 1),
        ("You get the refund within five business days.", 1),
        ("Standard shipping costs $5.95.", 2),
        ("Opened bedding can't be returned.", 1),
        ("海鹦电水壶每2个月要除垢一次。", 3),
        ("不能放进洗碗机清洗。", 3),
    ],
)
def test_a_carried_sentence_is_linked(sentence: str, number: int) -> None:
    assert check_sentence(sentence, [REFUND, SHIPPING, KETTLE], "").number == number


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("The refund reaches you within 7 business days.", "figures"),
        ("Standard shipping costs $4.95.", "figures"),
        ("Opened bedding can be returned.", "polarity"),
        ("Yes, opened bedding can be returned.", "polarity"),
        ("Express is offered for furniture.", "polarity"),
        ("Refund reaches you within 5 business days by Zebrapay.", "names"),
        ("Our llamas deliver pizza at night.", "words"),
        ("可以放进洗碗机清洗。", "polarity"),
        ("海鹦电水壶每3个月除垢一次。", "figures"),
    ],
)
def test_a_sentence_the_passage_does_not_carry_is_rejected(sentence: str, reason: str) -> None:
    assert check_sentence(sentence, [REFUND, SHIPPING, KETTLE], "").number == 0
    assert check_sentence(sentence, [REFUND, SHIPPING, KETTLE], "").reason == reason


@pytest.mark.parametrize(
    ("sentence", "question", "number"),
    [
        ("可以的，您可以用微信支付、支付宝或银联付款。", "可以货到付款吗？", 0),
        ("您可以用微信支付、支付宝或银联付款。", "可以货到付款吗？", 1),
        ("可以的，您可以用微信支付、支付宝或银联付款。", "可以用支付宝吗？", 1),
        ("Yes, you can pay by card or PayPal.", "Can I pay cash on delivery?", 0),
        ("Yes, you can pay by card or PayPal.", "Can I pay by PayPal?", 2),
        ("Yes, you can pay by card or PayPal.", "Can't I pay cash on delivery?", 2),
    ],
)
def test_yes_to_a_question_that_a_passage_denies_is_rejected(
    sentence: str, question: str, number: int
) -> None:
    paying = [
        passage("不支持货到付款，您可以用微信支付、支付宝或银联付款。", "付款方式", "zh"),
        passage(
            "You can pay by card or PayPal. We do not offer cash on delivery, or payment later.", "Paying"
        ),
    ]
    assert check_sentence(sentence, paying, question).number == number


def test_the_cited_passage_is_tried_first() -> None:
    twin = passage("A refund reaches you within 5 business days.", "Money back")
    assert check_sentence("A refund reaches you within 5 business days. [2]", [REFUND, twin], "").number == 2


@pytest.mark.parametrize("nothing", ["", " [1]", "..."])
def test_a_sentence_without_words_is_carried_by_nothing(nothing: str) -> None:
    assert check_sentence(nothing, [REFUND], "How long?").number == 0


def test_a_figure_of_the_question_may_be_repeated() -> None:
    sentence = "Order 12345 gets its refund within 5 business days."
    assert check_sentence(sentence, [REFUND], "where is the refund for order 12345").number == 1
    assert check_sentence(sentence, [REFUND], "").number == 0


@pytest.mark.parametrize("sentence", ["I'm sorry about that!", "很抱歉给您添麻烦了。", "Happy to help!"])
def test_courtesy_states_nothing(sentence: str) -> None:
    assert is_courtesy(sentence)


@pytest.mark.parametrize("sentence", ["Sorry, it takes 5 days.", "The parcel is lost.", "退款需要5天。"])
def test_a_statement_is_no_courtesy(sentence: str) -> None:
    assert not is_courtesy(sentence)
