"""Conversations on disk: complete, safe among threads and processes, and honest after a crash."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chatbot.errors import UnknownConversation, UnknownTurn
from chatbot.store.sqlite import Store
from chatbot.turn.events import Citation
from chatbot.turn.message import Message
from retrieval.articles.passage import Passage
from retrieval.search.hits import Hit

ROOT = Path(__file__).parents[3]
PASSAGE = Passage(
    "faq/returns#1", "faq/returns", "Returns", "How > When", "Within 30 days.", "", "en", ("r",)
)
HIT = Hit(PASSAGE, score=0.9, dense=0.8, lexical=7.5, coverage=0.5)
CITATION = Citation(1, "faq/returns", "Returns", "How > When", "", "Within 30 days.", "en")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "home" / "chatbot.db")
    yield store
    store.close()


def ask(store: Store, conversation: str, question: str = "When?") -> str:
    return store.open_turn(
        conversation, question, query="when", hits=[HIT], decision="answer", language="en", model="m@1"
    )


def test_the_question_is_on_disk_before_the_answer(store: Store, tmp_path: Path) -> None:
    turn = ask(store, store.new_conversation("api", "en"))
    other = Store(tmp_path / "home" / "chatbot.db")
    assert other.turn(turn).question == "When?"
    assert other.turn(turn).status == "open"
    other.close()


def test_a_closed_turn_has_the_whole_trace(store: Store) -> None:
    conversation = store.new_conversation("web")
    turn = ask(store, conversation)
    closed = store.close_turn(
        turn, answer="In 30 days [1].", status="done", citations=[CITATION], timings={"search": 0.1}
    )
    assert store.turns(conversation) == [closed]
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
    closed = store.close_turn(turn, answer="", status="failed", decision="abstain", error="It broke.")
    assert (closed.status, closed.decision) == ("failed", "abstain")
    assert store.trace(turn)["error"] == "It broke."


def test_history_leaves_out_what_got_no_answer(store: Store) -> None:
    conversation = store.new_conversation("api")
    for status, answer in [("done", "a"), ("failed", "half"), ("stopped", "b"), ("stopped", "")]:
        turn = ask(store, conversation, f"{status}?")
        store.close_turn(turn, answer=answer, status=status)
    ask(store, conversation, "open?")
    assert store.history(conversation) == [
        Message("user", "done?"),
        Message("assistant", "a"),
        Message("user", "stopped?"),
        Message("assistant", "b"),
    ]


def test_conversations_do_not_mix(store: Store) -> None:
    one, two = store.new_conversation("api", "en"), store.new_conversation("api", "zh")
    ask(store, one)
    assert store.turns(two) == []
    assert store.conversation(two).language == "zh"


def test_owner_is_the_bot_until_a_human_takes_over(store: Store) -> None:
    conversation = store.new_conversation("api")
    assert store.conversation(conversation).owner == "bot"
    store.set_owner(conversation, "human")
    assert store.conversation(conversation).owner == "human"


def test_unknown_ids_are_named(store: Store) -> None:
    for call in (store.conversation, store.history, store.turns, lambda i: store.set_owner(i, "human")):
        with pytest.raises(UnknownConversation, match="'nobody'"):
            call("nobody")
    with pytest.raises(UnknownConversation):
        ask(store, "nobody")
    for call in (store.turn, store.trace, lambda i: store.record_feedback(i, 1)):
        with pytest.raises(UnknownTurn, match="'nothing'"):
            call("nothing")
    with pytest.raises(UnknownTurn):
        store.close_turn("nothing", answer="", status="done")


def test_the_last_opinion_counts(store: Store, tmp_path: Path) -> None:
    turn = ask(store, store.new_conversation("api"))
    store.record_feedback(turn, 1)
    store.record_feedback(turn, -1, "It was wrong.")
    rows = sqlite3.connect(tmp_path / "home" / "chatbot.db").execute("select rating, comment from feedback")
    assert rows.fetchall() == [(-1, "It was wrong.")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(store: Store, text: str) -> None:
    turn = ask(store, store.new_conversation("api"), text)
    assert store.close_turn(turn, answer=text, status="done").answer == text
    assert store.turn(turn).question == text


def test_a_write_that_fails_leaves_nothing_half_written(store: Store) -> None:
    turn = ask(store, store.new_conversation("api"))
    twice = [CITATION, CITATION]
    with pytest.raises(sqlite3.IntegrityError):
        store.close_turn(turn, answer="x", status="done", citations=twice)
    assert store.turn(turn).status == "open"
    store.close_turn(turn, answer="y", status="done")


def test_many_threads(store: Store) -> None:
    def talk(n: int) -> list[str]:
        conversation = store.new_conversation("api")
        for k in range(5):
            turn = ask(store, conversation, f"{n}.{k}")
            store.close_turn(turn, answer="ok", status="done", citations=[CITATION])
        return [turn.question for turn in store.turns(conversation)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(talk, range(16))) == [[f"{n}.{k}" for k in range(5)] for n in range(16)]


def test_threads_of_an_event_loop(store: Store) -> None:
    async def talk() -> list[str]:
        work = (asyncio.to_thread(store.new_conversation, "api") for _ in range(20))
        return list(await asyncio.gather(*work))

    assert len(set(asyncio.run(talk()))) == 20


def test_several_stores_write_the_same_file(tmp_path: Path) -> None:
    """Also when all of them find it new: the migrations run once."""
    path = tmp_path / "chatbot.db"

    def work(_: int) -> None:
        store = Store(path)
        turn = ask(store, store.new_conversation("api"))
        store.close_turn(turn, answer="ok", status="done")
        store.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert sqlite3.connect(path).execute("select count(*) from turns").fetchone() == (12,)
    assert sqlite3.connect(path).execute("pragma journal_mode").fetchone() == ("wal",)


CHILD = """
import sys, time
from pathlib import Path
from chatbot.store.sqlite import Store
store = Store(Path(sys.argv[1]))
turn = store.open_turn(store.new_conversation("api"), "q", query="", hits=[], decision="answer",
                       language="en", model="m")
print(turn, flush=True)
time.sleep(60)
"""


def test_turns_of_a_killed_process_are_failed_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    path = tmp_path / "chatbot.db"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout
    turn = child.stdout.readline().decode().strip()
    while_alive = Store(path)
    mine = ask(while_alive, while_alive.new_conversation("api"))
    assert while_alive.turn(turn).status == "open"
    child.send_signal(signal.SIGKILL)
    child.wait()
    afterwards = Store(path)
    assert afterwards.turn(turn).status == "failed"
    assert "killed" in afterwards.trace(turn)["error"]
    assert afterwards.turn(mine).status == "open", "this process lives"
    while_alive.close()
    afterwards.close()


def test_an_older_database_gets_the_new_tables_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    before = Store(path)
    turn = ask(before, before.new_conversation("api"))
    before.record_feedback(turn, 1)
    before._db["corrections"].drop()
    before._db["_sqlite_migrations"].delete_where("name = ?", ["m005_corrections"])
    before.close()
    after = Store(path)
    after.record_correction(turn, "Within 30 days.")
    ((trace,),) = after.judged_conversations()
    assert (trace["rating"], trace["correction"], trace["hits"][0]["score"]) == (1, "Within 30 days.", 0.9)
    after.close()
