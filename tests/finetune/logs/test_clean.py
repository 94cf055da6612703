"""What was asked and what was answered is left, without greetings, thanks and who it was."""

from __future__ import annotations

import pytest

from finetune.logs.clean import answer_sentences, question_of


@pytest.mark.parametrize(
    ("texts", "question"),
    [
        (
            ["Hi, I'd like to return a mug (order [order-1]). Thanks, [name-1], [email-1]"],
            "I'd like to return a mug.",
        ),
        (["[name-1] here, [order-1], how long does it take"], "how long does it take"),
        (["能寄到香港吗 单号[order-1]"], "能寄到香港吗"),
        (["您好", "满多少包邮呀", "谢谢"], "满多少包邮呀"),
        (["where is it", "[order-1]"], "where is it"),
        (["ok", "thanks!"], ""),
    ],
)
def test_who_asks_is_left_out_of_the_question(texts: list[str], question: str) -> None:
    assert question_of(texts) == question


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Yes. You can pay with PayPal.", ["Yes, you can pay with PayPal."]),
        ("不可以。点过的蜡烛不能退。", ["不可以，点过的蜡烛不能退。"]),
        ("Sorry about that! The driver comes again twice.", ["The driver comes again twice."]),
        ("It costs $5. More on it: https://shop.example/help", ["It costs $5."]),
        ("Thanks for waiting! Enjoy your lamp :)", []),
    ],
)
def test_answers_without_chatter(text: str, sentences: list[str]) -> None:
    assert answer_sentences(text) == sentences
