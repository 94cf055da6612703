"""What a visitor can do on the page, without a browser."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from chatbot.app import Chat
from chatbot.engines.scripted import ScriptedEngine
from tests.ui.conftest import ANSWER, QUESTION
from ui.page import talk
from ui.page.texts import EXAMPLES, TEXTS
from ui.page.visit import Visit


async def put(chat: Chat, visit: Visit, question: str = QUESTION) -> list[dict[str, Any]]:
    """What the last exchange looks like after each step."""
    return [visit.exchanges[-1].shown() async for _ in talk.ask(chat, visit, question)]


def test_both_languages_have_the_same_texts() -> None:
    assert TEXTS["en"].keys() == TEXTS["zh"].keys()
    assert all(TEXTS["en"].values())
    assert all(TEXTS["zh"].values())
    assert len(EXAMPLES["en"]) == len(EXAMPLES["zh"])


def test_an_answer_grows_and_ends_with_the_sources_it_cites(chat: Chat) -> None:
    visit = Visit()
    steps = asyncio.run(put(chat, visit))
    states = list(dict.fromkeys(step["state"] for step in steps))
    assert states == ["searching", "writing", "done"]
    assert steps[-1]["answer"] == ANSWER
    assert [source["place"] for source in steps[-1]["sources"]] == ["Returning an item"]
    assert steps[-1]["can_rate"]
    assert not visit.busy


def test_visitors_and_conversations_are_apart(chat: Chat, engine: ScriptedEngine) -> None:
    one, other = Visit(), Visit()

    async def both() -> None:
        await asyncio.gather(put(chat, one), put(chat, other, "How much does delivery cost?"))
        await put(chat, one)

    asyncio.run(both())
    assert [exchange.question for exchange in one.exchanges] == [QUESTION, QUESTION]
    assert len(other.exchanges) == 1
    assert one.conversation != other.conversation
    first = one.conversation
    one.restart()
    asyncio.run(put(chat, one))
    assert one.conversation != first


def test_stopping_keeps_what_was_written(chat: Chat, engine: ScriptedEngine) -> None:
    engine.delay = 0.05
    visit = Visit()

    async def stop() -> None:
        async for _ in talk.ask(chat, visit, QUESTION):
            if visit.exchanges[0].answer:
                visit.stop()

    asyncio.run(stop())
    shown = visit.exchanges[0].shown()
    assert shown["state"] == "stopped"
    assert "30 days" in shown["answer"]
    assert not shown["can_rate"]
    assert not visit.busy
    assert engine.cancelled == 1
    assert chat.store.thread(visit.conversation).turns[0].status == "stopped"


def test_a_second_question_waits_for_the_first(chat: Chat, engine: ScriptedEngine) -> None:
    engine.delay = 0.05
    visit = Visit()

    async def twice() -> None:
        first = asyncio.create_task(put(chat, visit))
        await asyncio.sleep(0.05)
        assert await put(chat, visit, "And delivery?") == []
        await first

    asyncio.run(twice())
    assert len(visit.exchanges) == 1


@pytest.mark.parametrize(
    ("fail_after", "question", "problem"),
    [(2, QUESTION, "engine_failed"), (None, "a" * 5000, "message_too_long")],
)
def test_what_goes_wrong_is_told_and_another_question_works(
    chat: Chat, engine: ScriptedEngine, fail_after: int | None, question: str, problem: str
) -> None:
    engine.fail_after = fail_after
    visit = Visit()
    shown = asyncio.run(put(chat, visit, question))[-1]
    assert (shown["state"], shown["problem"]) == ("failed", problem)
    assert problem in TEXTS["en"]
    engine.fail_after = None
    assert asyncio.run(put(chat, visit))[-1]["state"] == "done"


@pytest.mark.parametrize(
    "opinion",
    [
        {},
        {"index": 7, "rating": 1},
        {"index": -1, "rating": 1},
        {"index": "0", "rating": 1},
        {"index": 0, "rating": 5},
        {"index": 0, "rating": None},
    ],
)
def test_an_opinion_that_makes_no_sense_is_dropped(chat: Chat, opinion: dict) -> None:
    visit = Visit()
    asyncio.run(put(chat, visit))
    asyncio.run(talk.rate(chat, visit, opinion))
    assert not list(chat.store._db["feedback"].rows)
    assert visit.exchanges[0].rating == 0


def test_a_comment_is_kept_in_full_up_to_its_limit(chat: Chat) -> None:
    visit = Visit()
    asyncio.run(put(chat, visit))
    asyncio.run(talk.rate(chat, visit, {"index": 0, "rating": -1, "comment": "x" * 9000}))
    [row] = chat.store._db["feedback"].rows
    assert (row["rating"], len(row["comment"])) == (-1, talk.COMMENT)
    assert visit.exchanges[0].commented


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,zh;q=0.5", "en"),
        ("fr, zh;q=0.5", "zh"),
        ("", "en"),
        ("de", "en"),
    ],
)
def test_the_browser_tells_the_first_language(header: str, language: str) -> None:
    assert talk.preferred(header) == language


def test_an_answer_draws_nothing_more_once_a_new_conversation_began(
    chat: Chat, engine: ScriptedEngine
) -> None:
    engine.delay = 0.05
    visit = Visit()

    async def leave() -> int:
        drawn_after = 0
        async for _ in talk.ask(chat, visit, QUESTION):
            if not visit.exchanges:
                drawn_after += 1
            elif visit.exchanges[0].answer:
                visit.restart()
        return drawn_after

    assert asyncio.run(leave()) == 0
    assert engine.cancelled == 1
