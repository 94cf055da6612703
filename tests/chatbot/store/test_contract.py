"""What every store of conversations keeps, whatever database stands behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.errors import BadMessage, UnknownConversation, UnknownTurn
from chatbot.store.protocol import Store, TurnEnd
from chatbot.store.sqlite import SqliteStore
from chatbot.store.usage import Usage
from chatbot.turn.events import Decision, Status
from chatbot.turn.message import Message
from tests.chatbot.store.asking import CITATION, HIT, PASSAGE, ask

STORES: dict[str, Callable[[Path], Store]] = {
    "sqlite": lambda folder: SqliteStore(folder / "home" / "chatbot.db"),
    "sqlite in memory": lambda _: SqliteStore(Path(":memory:")),
}


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    store = STORES[request.param](tmp_path)
    yield store
    store.close()


def end(answer: str = "ok", status: Status = "done") -> TurnEnd:
    return TurnEnd(answer=answer, status=status)


def test_a_closed_turn_has_the_whole_trace(store: Store) -> None:
    conversation = store.new_conversation("web")
    turn = ask(store, conversation)
    closed = store.close_turn(
        turn,
        TurnEnd(answer="In 30 days [1].", status="done", citations=[CITATION], timings={"search": 0.1}),
    )
    assert store.thread(conversation).turns == [closed]
    assert (closed.answer, closed.citations, closed.timings) == (
        "In 30 days [1].",
        [CITATION],
        {"search": 0.1},
    )
    assert (closed.decision, closed.model, closed.query) == ("answer", "m@1", "when")
    trace = store.trace(turn)
    assert trace["hits"] == [asdict(HIT) | {"passage": asdict(PASSAGE) | {"tags": ["r"]}}]
    assert trace["closed_at"] >= trace["created_at"]


def test_closing_may_change_the_decision_and_keeps_the_error(store: Store) -> None:
    turn = ask(store, store.new_conversation("api"))
    closed = store.close_turn(
        turn, TurnEnd(answer="", status="failed", decision="abstain", error="It broke.")
    )
    assert (closed.status, closed.decision) == ("failed", "abstain")
    assert store.trace(turn)["error"] == "It broke."


def test_history_leaves_out_what_got_no_answer(store: Store) -> None:
    conversation = store.new_conversation("api")
    said: list[tuple[Status, str]] = [("done", "a"), ("failed", "half"), ("stopped", "b"), ("stopped", "")]
    for status, answer in said:
        store.close_turn(ask(store, conversation, f"{status}?"), end(answer, status))
    ask(store, conversation, "open?")
    assert store.thread(conversation).history == [
        Message("user", "done?"),
        Message("assistant", "a"),
        Message("user", "stopped?"),
        Message("assistant", "b"),
    ]


def test_a_thread_knows_what_was_decided_last(store: Store) -> None:
    conversation = store.new_conversation("api")
    assert store.thread(conversation).last_decision == ""
    ask(store, conversation)
    ask(store, conversation, decision="abstain")
    assert store.thread(conversation).last_decision == "abstain"


def test_each_turn_of_a_thread_has_its_own_citations(store: Store) -> None:
    conversation = store.new_conversation("api")
    cited, silent = ask(store, conversation), ask(store, conversation)
    store.close_turn(cited, TurnEnd(answer="a", status="done", citations=[CITATION]))
    store.close_turn(silent, end("b"))
    assert [turn.citations for turn in store.thread(conversation).turns] == [[CITATION], []]


def test_conversations_do_not_mix(store: Store) -> None:
    one, two = store.new_conversation("api", "en"), store.new_conversation("api", "zh")
    ask(store, one)
    assert store.thread(two).turns == []
    assert (store.thread(two).language, store.thread(one).channel) == ("zh", "api")


def test_owner_is_the_bot_until_a_human_takes_over(store: Store) -> None:
    conversation = store.new_conversation("api")
    assert store.thread(conversation).owner == "bot"
    store.set_owner(conversation, "human")
    assert store.thread(conversation).owner == "human"


def test_unknown_conversations_are_named(store: Store) -> None:
    calls: list[Callable[[str], object]] = [
        store.thread,
        lambda id: store.set_owner(id, "human"),
        lambda id: ask(store, id),
    ]
    for call in calls:
        with pytest.raises(UnknownConversation, match="'nobody'"):
            call("nobody")


def test_unknown_turns_are_named(store: Store) -> None:
    calls: list[Callable[[str], object]] = [
        store.turn,
        store.trace,
        lambda id: store.close_turn(id, end()),
        lambda id: store.record_feedback(id, 1),
        lambda id: store.record_correction(id, "Yes."),
    ]
    for call in calls:
        with pytest.raises(UnknownTurn, match="'nothing'"):
            call("nothing")


def test_the_last_opinion_and_the_last_correction_count(store: Store) -> None:
    turn = ask(store, store.new_conversation("api"))
    store.record_feedback(turn, 1)
    store.record_feedback(turn, -1, "It was wrong.")
    store.record_correction(turn, "Never.")
    store.record_correction(turn, " Within 30 days. ", "Ann")
    with suppress(BadMessage):
        store.record_correction(turn, "  ")
    ((trace,),) = store.judged_conversations()
    assert (trace["id"], trace["channel"], trace["hits"][0]["score"]) == (turn, "api", 0.9)
    assert (trace["rating"], trace["comment"]) == (-1, "It was wrong.")
    assert (trace["correction"], trace["author"]) == ("Within 30 days.", "Ann")


def test_what_nobody_judged_and_what_was_a_test_is_not_told(store: Store) -> None:
    ask(store, store.new_conversation("api"))
    store.record_feedback(ask(store, store.new_conversation("evaluation")), 1)
    assert list(store.judged_conversations()) == []


def test_each_version_has_its_turns_and_what_followed_them(store: Store) -> None:
    def turn(conversation: str, decision: Decision, model: str, status: Status = "done") -> str:
        id = ask(store, conversation, decision=decision, model=model)
        store.close_turn(id, end("!", status))
        return id

    assert store.usage() == {}
    first, second, test = (store.new_conversation(channel) for channel in ("page", "page", "evaluation"))
    liked = turn(first, "answer", "a@1")
    turn(first, "abstain", "a@1")
    turn(first, "handoff", "")
    turn(second, "template", "")  # before any answer: nobody's
    turn(second, "answer", "a@1", "failed")
    disliked = turn(second, "answer", "b@2")
    turn(second, "handoff", "")
    turn(test, "answer", "b@2")
    rated: list[tuple[str, Literal[1, -1]]] = [(liked, 1), (disliked, -1)]
    for id, rating in rated:
        store.record_feedback(id, rating)
    assert store.usage() == {
        "a@1": Usage(3, 2, abstained=1, failed=1, handed_over=1, up=1, down=0),
        "b@2": Usage(1, 1, abstained=0, failed=0, handed_over=1, up=0, down=1),
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(store: Store, text: str) -> None:
    turn = ask(store, store.new_conversation("api"), text)
    assert store.close_turn(turn, end(text)).answer == text
    assert store.turn(turn).question == text


def test_a_write_that_fails_leaves_nothing_half_written(store: Store) -> None:
    turn = ask(store, store.new_conversation("api"))
    twice = TurnEnd(answer="x", status="done", citations=[CITATION, CITATION])
    with pytest.raises(Exception, match=r"(?i)unique"):
        store.close_turn(turn, twice)
    assert store.turn(turn).status == "open"
    assert store.close_turn(turn, end("y")).status == "done"


def test_many_threads(store: Store) -> None:
    def talk(n: int) -> list[str]:
        conversation = store.new_conversation("api")
        for k in range(5):
            turn = ask(store, conversation, f"{n}.{k}")
            store.close_turn(turn, TurnEnd(answer="ok", status="done", citations=[CITATION]))
        return [turn.question for turn in store.thread(conversation).turns]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, range(16))) == [[f"{n}.{k}" for k in range(5)] for n in range(16)]


def test_threads_of_an_event_loop(store: Store) -> None:
    async def talk() -> list[str]:
        work = (asyncio.to_thread(store.new_conversation, "api") for _ in range(20))
        return list(await asyncio.gather(*work))

    assert len(set(asyncio.run(talk()))) == 20
