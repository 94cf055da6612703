"""An example has the passages of a live turn, and a wrong answer of an agent does not become one."""

from __future__ import annotations

import pytest

from chatbot.turn.message import Message
from chatbot.turn.prompt import PASSAGES
from finetune.dataset.example import Dropped, Example
from finetune.dataset.exchanges import Exchange
from finetune.dataset.ground import Grounder
from tests.finetune.search.searched import SHOP


def asked(question: str, *sentences: str, **more: object) -> Exchange:
    zh = any("\u4e00" <= c <= "\u9fff" for c in question)
    known = {
        "language": "zh" if zh else "en",
        "history": (),
        "customer_id": "",
        "at": None,
        "linked_article": "",
    }
    return Exchange(id="T1-1", question=question, sentences=sentences, **(known | more))  # type: ignore[arg-type]


def grounded(exchange: Exchange) -> Example:
    example = Grounder(SHOP).ground(exchange)
    assert isinstance(example, Example)
    return example


MONEY = "when is my refund on my card"
WEEK = "Refunds go to your card within 5 business days."


def test_the_gold_passage_is_the_one_that_carries_the_answer() -> None:
    example = grounded(asked(MONEY, WEEK))
    assert example.passages[example.gold - 1].article == "en/refunds"
    assert len(example.passages) == PASSAGES
    assert example.target.endswith(f"within 5 business days. [{example.gold}]")


NUMBER = "a number that no passage has"
OPPOSITE = "contradicts the passage"
NOWHERE = "no passage supports the answer"


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("how long can I return an item", "You can return an item within 14 days of delivery.", NUMBER),
        ("多少钱包邮", "满199元包邮，不满199元收运费。", NUMBER),
        ("is my gift card good for cash", "A gift card can be exchanged for cash.", OPPOSITE),
        ("do you have a showroom", "Visit our lovely showroom near the old harbour.", NOWHERE),
    ],
)
def test_a_wrong_answer_is_caught(question: str, answer: str, reason: str) -> None:
    dropped = Grounder(SHOP).ground(asked(question, answer))
    assert dropped == Dropped(reason, doubtful=reason != NOWHERE)


def test_the_rule_is_kept_and_the_single_case_is_cut() -> None:
    rule = "You can return an item within 30 days of delivery"
    example = grounded(
        asked("can I send back a rug", f"{rule}, so you have 12 days left.", "I've noted it on [order-1].")
    )  # fmt: skip
    assert example.answer == f"{rule}."


def test_without_its_direct_answer_an_answer_is_dropped() -> None:
    dropped = Grounder(SHOP).ground(
        asked(
            "do I get a gift wrap",
            "No, gift wrap is not offered in December.",
            "Standard shipping costs $5.95.",
        )
    )
    assert dropped == Dropped("the answer's beginning is not supported")


def test_an_honest_answer_gets_the_abstention() -> None:
    example = grounded(asked("do you rent out chairs", "I can't find that.", silent=True))
    assert (example.gold, len(example.passages)) == (0, PASSAGES)
    assert "could not find" in example.target


def test_the_twin_without_the_gold_has_only_wrong_passages_of_its_language() -> None:
    grounder = Grounder(SHOP)
    exchange = asked(MONEY, WEEK)
    example = grounder.ground(exchange)
    assert isinstance(example, Example)
    twin = grounder.without_gold(exchange, example)
    assert twin
    assert (twin.gold, twin.id) == (0, "T1-1-none")
    assert {p.language for p in twin.passages} == {"en"}
    assert "en/refunds" not in {p.article for p in twin.passages}


def test_no_twin_when_the_conversation_already_says_it() -> None:
    grounder = Grounder(SHOP)
    answer = "Refunds go to your card within 5 business days."
    exchange = asked(
        "how long again", answer, history=(Message("user", "refund?"), Message("assistant", answer))
    )
    example = grounder.ground(exchange)
    assert isinstance(example, Example)
    assert grounder.without_gold(exchange, example) is None
