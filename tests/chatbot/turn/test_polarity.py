"""Yes and no: questions that an article answers count as a whole, and other negations where they stand."""

import pytest

from chatbot.turn.evidence import check_sentence
from chatbot.turn.polarity import alone, answers, contradicts, opening
from retrieval.articles.passage import Passage
from retrieval.languages.text import language_of

SEATS = "Can I reserve a seat on the train?"
WHEELS = "Are the trains accessible for wheelchairs?"


def faq(question: str, answer: str, title: str = "") -> Passage:
    return Passage("a#1", "a", title, question, answer, "", language_of(question))


NO_SEATS = faq(SEATS, "No, we do not offer seat reservation.")
ACCESSIBLE = faq(WHEELS, "Yes, all the trains are accessible and have assisted travel service.")
ZH_NO_CASH = faq("可以货到付款吗？", "不可以，我们只支持在线支付。")


@pytest.mark.parametrize(
    ("sentence", "begins"),
    [
        ("Yes, you can.", "yes"),
        ("No, you cannot.", "no"),
        ("You can.", ""),
        ("不可以。", "no"),
        ("可以的。", "yes"),
    ],
)
def test_how_a_sentence_begins(sentence: str, begins: str) -> None:
    assert opening(sentence) == begins


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("Yes, you can reserve a seat on the train.", NO_SEATS),
        ("You can reserve a seat on the train.", NO_SEATS),
        ("No, the train is not accessible for wheelchairs.", ACCESSIBLE),
        ("The train is not accessible for wheelchairs.", ACCESSIBLE),
        ("可以货到付款。", ZH_NO_CASH),
        ("No, you may not change a booking.", faq("", "A booking may be changed for a day.")),
    ],
)
def test_the_opposite_of_an_answered_question_contradicts(sentence: str, passage: Passage) -> None:
    assert contradicts(sentence, passage)


@pytest.mark.parametrize(
    ("sentence", "passage"),
    [
        ("No, you cannot reserve a seat on the train.", NO_SEATS),
        ("We do not offer seat reservation.", NO_SEATS),
        ("Yes, the trains are accessible for wheelchairs.", ACCESSIBLE),
        ("不支持货到付款，只支持在线支付。", ZH_NO_CASH),
        ("Smoking is allowed on the platform.", NO_SEATS),
    ],
)
def test_what_agrees_or_is_about_something_else_does_not(sentence: str, passage: Passage) -> None:
    assert not contradicts(sentence, passage)


def test_the_section_of_a_wide_passage_counts_for_its_own_question() -> None:
    wide = faq("", f"## {SEATS}\nNo, we do not.\n## {WHEELS}\nYes, all of them are.")
    assert answers(wide, "Can I reserve a seat?") == "no"
    assert answers(wide, "Are trains accessible for wheelchairs?") == "yes"
    assert answers(wide, "Where is the dining car?") == ""


def test_an_article_that_is_a_question_is_one() -> None:
    article = faq("", "No, we do not.", title=SEATS)
    assert answers(article, "May I reserve a seat?") == "no"


@pytest.mark.parametrize(
    "sentence", ["Yes, a seat can be reserved.", "Yes, you can reserve a seat on the train."]
)
def test_a_yes_is_rejected_whichever_passage_would_carry_its_words(sentence: str) -> None:
    other = faq("Can I bring a bike?", "Yes, a seat is reserved on the train for bikes, and you can keep it.")
    assert check_sentence(sentence, [other, NO_SEATS], "Can I reserve a seat?").number == 0


def test_a_sentence_of_the_questions_words_needs_nearly_all_of_them() -> None:
    parking = faq("", "The fee for parking varies by station.")
    question = "Is the parking free at this station?"
    assert check_sentence("Yes, parking is free at this station.", [parking], question).reason == "words"


def test_a_yes_for_another_question_is_not_quoted() -> None:
    quote = "No, we do not offer seat reservation."
    assert alone(quote, SEATS, "Can I pay by card?") == "We do not offer seat reservation."
    assert alone(quote, SEATS, "Can I reserve a seat?") == quote
    assert alone(quote, "Seats", "Can I pay by card?") == quote
    assert alone("不可以，我们只支持在线支付。", "可以货到付款吗？", "多久发货？") == "我们只支持在线支付。"
    assert alone("No.", SEATS, "Can I pay by card?") == "No."
