"""The SQLite store: on disk at once, safe among processes, honest after a crash, open to old files."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from chatbot.store.protocol import TurnEnd
from chatbot.store.sqlite import SqliteStore, read_usage
from chatbot.store.usage import Usage
from tests.chatbot.store.asking import CITATION, ask

ROOT = Path(__file__).parents[3]


def test_the_question_is_on_disk_before_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "home" / "chatbot.db"
    store, other = SqliteStore(path), SqliteStore(path)
    turn = other.turn(ask(store, store.new_conversation("api", "en")))
    assert (turn.question, turn.status) == ("When?", "open")
    store.close()
    other.close()


def test_several_stores_write_the_same_file(tmp_path: Path) -> None:
    """Also when all of them find it new: the migrations run once."""
    path = tmp_path / "chatbot.db"

    def work(_: int) -> None:
        store = SqliteStore(path)
        turn = ask(store, store.new_conversation("api"))
        store.close_turn(turn, TurnEnd(answer="ok", status="done"))
        store.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(12)))
    assert sqlite3.connect(path).execute("select count(*) from turns").fetchone() == (12,)
    assert sqlite3.connect(path).execute("pragma journal_mode").fetchone() == ("wal",)


CHILD = """
import sys, time
from pathlib import Path
from chatbot.store.sqlite import SqliteStore
from tests.chatbot.store.asking import ask
store = SqliteStore(Path(sys.argv[1]))
turn = ask(store, store.new_conversation("api"))
print(turn, flush=True)
time.sleep(60)
"""


def test_turns_of_a_killed_process_are_failed_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    path = tmp_path / "chatbot.db"
    child = subprocess.Popen([sys.executable, "-c", CHILD, str(path)], stdout=subprocess.PIPE, cwd=ROOT)
    assert child.stdout
    turn = child.stdout.readline().decode().strip()
    while_alive = SqliteStore(path)
    mine = ask(while_alive, while_alive.new_conversation("api"))
    assert while_alive.turn(turn).status == "open"
    child.send_signal(signal.SIGKILL)
    child.wait()
    afterwards = SqliteStore(path)
    assert afterwards.turn(turn).status == "failed"
    assert "killed" in afterwards.trace(turn)["error"]
    assert afterwards.turn(mine).status == "open", "this process lives"
    while_alive.close()
    afterwards.close()


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database as an earlier version of the program left it."""
    path = tmp_path / "old.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(Path(__file__).with_name("released.sql").read_text(encoding="utf-8"))
    return path


def test_a_database_of_an_earlier_version_opens_with_all_it_has(old: Path) -> None:
    store = SqliteStore(old)
    thread = store.thread("talk")
    assert (thread.language, thread.owner, thread.last_decision) == ("en", "bot", "answer")
    assert [turn.citations for turn in thread.turns] == [[CITATION]]
    assert [message.content for message in thread.history] == ["When?", "In 30 days [1]."]
    ((trace,),) = store.judged_conversations()
    assert (trace["rating"], trace["comment"], trace["hits"][0]["score"]) == (1, "Good", 0.9)
    store.close()


def test_a_still_older_database_gets_the_new_tables_and_keeps_its_rows(old: Path) -> None:
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(
            "drop table corrections; delete from _sqlite_migrations where name = 'm005_corrections'"
        )
    store = SqliteStore(old)
    store.record_correction("turn", "Within 30 days.")
    ((trace,),) = store.judged_conversations()
    assert (trace["rating"], trace["correction"], trace["hits"][0]["score"]) == (1, "Within 30 days.", 0.9)
    store.close()


def test_the_usage_of_a_file_is_read_without_making_or_changing_it(old: Path, tmp_path: Path) -> None:
    assert read_usage(tmp_path / "none.db") == {}
    assert not (tmp_path / "none.db").exists()
    before = old.read_bytes()
    assert read_usage(old) == {"m@1": Usage(1, 1, 0, 0, 0, up=1, down=0)}
    assert old.read_bytes() == before


def test_a_database_whose_tables_are_still_being_made_has_no_usage(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    sqlite3.connect(path).close()
    assert read_usage(path) == {}
