"""Thumbs, edits and hand-over answers in a real store become examples and preferences."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest

from chatbot.store.protocol import NewTurn, TurnEnd
from chatbot.store.sqlite import SqliteStore
from chatbot.turn.events import Decision
from chatbot.turn.prompt import ABSTENTION, build_messages
from finetune.dataset.feedback import Feedback, read_feedback
from finetune.dataset.preferences import PreferencePair, RatedAnswer
from retrieval.search.hits import Hit
from tests.finetune.search.searched import SHOP

GOOD = "You can return an item within 30 days of delivery. [1]"
BAD = "A gift card can be used for shipping. [1]"
RETURNS = "How long do I have to return an item?"
CASH = "Can I get cash for my gift card?"


def hits(*articles: str) -> list[Hit]:
    return [Hit(passage, 0.9, 0.8, 7.0, 0.5) for name in articles for passage in SHOP.article(name)]


class Desk:
    """A store with conversations as a shop has them."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path / "chatbot.db")
        self.talk = ""

    def begin(self, channel: str = "page") -> Desk:
        self.talk = self.store.new_conversation(channel)
        return self

    def turn(
        self,
        question: str,
        answer: str,
        article: str = "en/returns",
        decision: Decision = "answer",
        **more: Any,
    ) -> str:
        asks = decision in ("answer", "abstain") or more.get("asks")
        new = NewTurn(
            conversation_id=self.talk, question=question, query=question if asks else "",
            hits=hits(article, "en/points"), decision=decision, model="m@1",
            language=more.get("language", "en"),
        )  # fmt: skip
        opened = self.store.open_turn(new)
        self.store.close_turn(opened, TurnEnd(answer=answer, status=more.get("status", "done")))
        return opened

    def rate(self, turn: str, rating: Literal[1, -1], comment: str = "") -> None:
        self.store.record_feedback(turn, rating, comment)

    def read(self) -> Feedback:
        return read_feedback(self.store.judged_conversations())


def pairs(found: Feedback) -> list[PreferencePair]:
    return [p for p in found.preferences if isinstance(p, PreferencePair)]


def judged(found: Feedback) -> list[RatedAnswer]:
    return [p for p in found.preferences if isinstance(p, RatedAnswer)]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk.begin()
    desk.store.close()


def test_a_thumb_up_is_an_example_with_its_source(desk: Desk) -> None:
    turn = desk.turn(RETURNS, GOOD)
    desk.rate(turn, 1)
    found = desk.read()
    (exchange,) = found.exchanges
    assert exchange.sentences == ("You can return an item within 30 days of delivery.",)
    assert (exchange.question, exchange.source, exchange.linked_article) == (
        RETURNS,
        "feedback-up",
        "en/returns",
    )
    assert turn in exchange.id
    assert desk.talk not in json.dumps(str(exchange)), "a customer is a pseudonym"
    prompt = build_messages(RETURNS, [], [h.passage for h in hits("en/returns", "en/points")], "en")
    assert found.preferences == [RatedAnswer(tuple(prompt), GOOD, True, f"thumb:{turn}")]
    assert (found.seen["thumbs up"], found.made["examples from up"]) == (1, 1)


def test_a_thumb_down_is_never_an_example(desk: Desk) -> None:
    desk.rate(desk.turn(CASH, BAD, "en/cards"), -1, "I am Olwen Pritchard, olwen@example.com, this is wrong")
    desk.begin().rate(desk.turn(CASH, BAD, "en/cards"), 1)
    found = desk.read()
    assert found.exchanges == []
    assert found.drops["the same answer has a thumb down elsewhere"] == 1
    assert [p.label for p in judged(found)] == [False]
    (row,) = found.review
    assert row["why"] == "thumb down"
    assert "this is wrong" in row["comment"]
    assert "olwen" not in str([found.review, found.preferences]).lower()


def test_an_edit_is_preferred_to_what_the_bot_said(desk: Desk) -> None:
    turn = desk.turn(CASH, BAD, "en/cards")
    desk.rate(turn, -1)
    desk.store.record_correction(
        turn, "Hi! A gift card cannot be exchanged for cash. Have a nice day!", "Tom Baker"
    )
    found = desk.read()
    (exchange,) = found.exchanges
    assert exchange.source == "feedback-edit"
    assert exchange.sentences == ("A gift card cannot be exchanged for cash.",)
    (pair,) = pairs(found)
    assert (pair.chosen, pair.rejected) == ("A gift card cannot be exchanged for cash. [1]", BAD)
    assert pair.source == f"edit:{turn}"
    assert found.review == []


def test_the_answer_after_a_hand_over_is_about_the_question_before(desk: Desk) -> None:
    turn = desk.turn(CASH, BAD, "en/cards")
    desk.rate(turn, -1)
    asked = desk.turn("agent please", "Of course.", decision="handoff")
    desk.store.record_correction(asked, "A gift card cannot be exchanged for cash.")
    found = desk.read()
    assert [c.question for c in found.exchanges] == [CASH]
    assert found.exchanges[0].source == "feedback-handoff"
    assert [(p.rejected, p.source) for p in pairs(found)] == [(BAD, f"handoff:{turn}")]


def test_what_is_asked_of_the_colleague_is_learnt_without_a_rival(desk: Desk) -> None:
    desk.turn("agent", "Of course.", decision="handoff")
    waiting = desk.turn(
        "How much is standard shipping?", "A colleague will reply.", decision="handoff", asks=True
    )
    desk.store.record_correction(waiting, "Standard shipping costs $5.95 and is free from $60.")
    found = desk.read()
    assert [c.question for c in found.exchanges] == ["How much is standard shipping?"]
    assert found.preferences == []
    nothing = desk.begin().turn("agent", "Of course.", decision="handoff")
    desk.store.record_correction(nothing, "How can I help?")
    assert desk.read().drops["no question before the colleague's answer"] == 1


def test_silence_with_a_thumb_up_and_silence_corrected(desk: Desk) -> None:
    desk.rate(desk.turn("Do you sell boats?", "I could not find it.", decision="abstain"), 1)
    missed = desk.turn(RETURNS, "I could not find it.", decision="abstain")
    desk.store.record_correction(missed, "You can return an item within 30 days of delivery.")
    found = desk.read()
    assert {c.source: c.silent for c in found.exchanges} == {"feedback-up": True, "feedback-edit": False}
    (pair,) = pairs(found)
    assert pair.rejected == ABSTENTION["en"]
    assert pair.prompt[-1]["content"] == RETURNS
    assert len(pair.prompt) == 4, "with what was said before"


def test_an_edit_that_changes_nothing_is_praise(desk: Desk) -> None:
    turn = desk.turn(RETURNS, GOOD)
    desk.store.record_correction(turn, "You can return an item within 30 days of delivery.")
    found = desk.read()
    assert found.made["examples from edit"] == 1
    assert [p.label for p in judged(found)] == [True]


def test_what_no_source_carries_makes_no_pair(desk: Desk) -> None:
    turn = desk.turn(CASH, BAD, "en/points")
    desk.store.record_correction(turn, "Vouchers of the spring campaign can be paid out at the till.")
    found = desk.read()
    assert len(found.exchanges) == 1, "whether an article carries it is told by the index later"
    assert found.preferences == []
    assert found.drops["no pair: no source of the turn carries the colleague's answer"] == 1


def test_what_does_not_count(desk: Desk) -> None:
    desk.rate(desk.turn("hello", "Hello!", decision="template"), 1)
    desk.rate(desk.turn(RETURNS, "", status="failed"), -1)
    desk.begin("evaluation").rate(desk.turn(RETURNS, GOOD), 1)
    desk.begin("openai").rate(desk.turn("and for it?", GOOD), 1)
    found = desk.read()
    assert found.seen["conversations"] == 2
    assert found.drops["a thumb on a curated or broken answer"] == 2
    assert found.preferences == [], "the history of an OpenAI client is not known"


def test_an_empty_store(desk: Desk) -> None:
    found = desk.read()
    assert (found.exchanges, found.preferences, dict(found.seen)) == ([], [], {})
