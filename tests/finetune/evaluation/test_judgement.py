"""Each measure of a delivered reply, and where it says nothing."""

from __future__ import annotations

import pytest

from finetune.evaluation.ask_cases import Reply
from finetune.evaluation.cases import Case
from finetune.evaluation.judgement import MEASURES, facts_f1, judge, quality
from retrieval.articles.passage import Passage

GOLD = Passage(
    "en/cards#1", "en/cards", "Gift cards", "",
    "A gift card is valid for 3 years. A gift card cannot be exchanged for cash.", "", "en",
)  # fmt: skip
ASKED = Case(
    "c", "en", "cards", "chat", "Can I get cash for my gift card?", (),
    "No, a gift card cannot be exchanged for cash.", GOLD,
)  # fmt: skip
UNKNOWN = Case("u", "en", "", "chat", "Is the cover vegan?", (), "I could not find it.", None)


def reply(answer: str, decision: str = "answer", *articles: str, written: str = "") -> Reply:
    return Reply(answer, written or answer, decision, tuple((a, "Other words.") for a in articles), 0.5)


def test_a_right_answer() -> None:
    judged = judge(ASKED, reply("A gift card cannot be exchanged for cash. [1]", "answer", "en/cards"))
    assert judged["rouge_l"] > 0.85
    assert judged["chrf"] > 0.7
    assert (judged["citation_precision"], judged["citation_recall"]) == (1.0, 1.0)
    assert (judged["contradiction"], judged["over_refusal"], judged["right_language"]) == (0.0, 0.0, 1.0)
    assert judged["abstention"] is None
    assert judged["facts_f1"] is None, "neither text has a figure or a name"
    assert judged["words"] == 8
    assert quality(judged) > 0.85


@pytest.mark.parametrize(
    "said",
    [
        "Yes, a gift card can be exchanged for cash.",
        "A gift card can be exchanged for cash.",
        "Yes, of course you can.",
    ],
)
def test_a_no_turned_into_a_yes(said: str) -> None:
    held_back = reply("A gift card is valid for 3 years. [1]", "answer", "en/cards", written=said)
    assert judge(ASKED, reply(said, "answer", "en/cards"))["contradiction"] == 1.0
    assert judge(ASKED, held_back)["contradiction"] == 0.0
    assert judge(ASKED, held_back)["contradiction_written"] == 1.0


def test_citations_of_which_one_is_wrong() -> None:
    judged = judge(ASKED, reply("A gift card is valid for 3 years.", "answer", "en/points", "en/cards"))
    assert (judged["citation_precision"], judged["citation_recall"]) == (0.5, 1.0)
    quoting = Reply("So.", "So.", "answer", (("en/faq", "A gift card cannot be exchanged for cash."),), 0.1)
    assert judge(ASKED, quoting)["citation_precision"] == 1.0, "another article that says the same"


def test_silence() -> None:
    silent = reply("I could not find the answer.", "abstain")
    refused, right = judge(ASKED, silent), judge(UNKNOWN, silent)
    assert (refused["over_refusal"], refused["citation_recall"], refused["citation_precision"]) == (
        1.0,
        0.0,
        None,
    )
    assert refused["contradiction"] is None
    assert (right["abstention"], right["rouge_l"], right["over_refusal"]) == (1.0, None, None)
    assert (quality(right), quality(judge(UNKNOWN, reply("Yes.", "answer")))) == (1.0, 0.0)
    failed = judge(UNKNOWN, reply("", "failed"))
    assert (failed["abstention"], failed["seconds"]) == (0.0, None), "a fault is no answer and no honesty"


def test_facts() -> None:
    assert facts_f1("It takes 5 days with DHL.", "Within five days.") == pytest.approx(2 / 3)
    assert facts_f1("满99元包邮", "满99元包邮，不满99元收运费12元。") == pytest.approx(2 / 3)
    assert facts_f1("It is free. [2]", "It is free.") is None


def test_every_measure_is_named() -> None:
    assert set(judge(ASKED, reply("Yes."))) == set(MEASURES)
