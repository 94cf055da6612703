"""Conversations in an SQLite file: what was asked, found and answered, and what people thought."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from chatbot.errors import BadMessage, UnknownConversation, UnknownTurn
from chatbot.store.abandoned import close_abandoned, this_process
from chatbot.store.migrations import migrations
from chatbot.store.protocol import NewTurn, Owner, Thread, Trace, TurnEnd
from chatbot.store.usage import Usage
from chatbot.turn.events import Citation, Turn

BUSY_SECONDS = 10.0
_CITED = """
select c.* from citations c join turns t on t.id = c.turn_id
where t.conversation_id = ? order by c.turn_id, c.n
"""
_JUDGED = """
select t.*, c.channel, f.rating, coalesce(f.comment, '') as comment, coalesce(k.text, '') as correction,
    coalesce(k.author, '') as author
from turns t join conversations c on c.id = t.conversation_id
left join feedback f on f.turn_id = t.id left join corrections k on k.turn_id = t.id
where c.channel != 'evaluation' and t.conversation_id in (
    select t.conversation_id from turns t join (
        select turn_id from feedback union select turn_id from corrections) j on j.turn_id = t.id)
order by c.rowid, t.rowid
"""
_USAGE = """
with written as (
    select t.rowid as n, t.id, t.conversation_id, t.decision, t.status, t.model from turns t
    join conversations c on c.id = t.conversation_id where c.channel != 'evaluation'
), owned as (
    select w.*, coalesce(nullif(w.model, ''), (
        select b.model from written b
        where b.conversation_id = w.conversation_id and b.n < w.n and b.model != ''
        order by b.n desc limit 1)) as owner from written w
)
select owner, sum(model != '') as turns, count(distinct conversation_id) as conversations,
    sum(model != '' and decision = 'abstain') as abstained, sum(model != '' and status = 'failed') as failed,
    count(distinct case when decision = 'handoff' then conversation_id end) as handed_over,
    sum(coalesce(f.rating, 0) = 1) as up, sum(coalesce(f.rating, 0) = -1) as down
from owned left join feedback f on f.turn_id = owned.id
where owner is not null group by owner
"""


class SqliteStore:
    """An SQLite file (WAL), safe to use from several threads and several processes.

    One connection behind a lock: a turn costs two short writes, and SQLite takes one writer at a time anyway.
    Turns that a killed process left open are marked failed on opening.
    """

    def __init__(self, path: Path) -> None:
        from sqlite_utils import Database

        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._db = Database(sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False))
        self._db.enable_wal()
        self._db.execute("PRAGMA foreign_keys = on")
        with self._write() as db:
            migrations().apply(db)
            close_abandoned(db, _now())

    def close(self) -> None:
        """Close the file; the store cannot be used afterwards."""
        with self._lock:
            self._db.close()

    def new_conversation(self, channel: str, language: str | None = None) -> str:
        """Begin a conversation and return its id, which cannot be guessed (122 random bits)."""
        row = {
            "id": uuid.uuid4().hex,
            "channel": channel,
            "language": language or "",
            "owner": "bot",
            "created_at": _now(),
        }
        with self._write() as db:
            db["conversations"].insert(row)
        return row["id"]

    def thread(self, conversation_id: str) -> Thread:
        """All that a turn has to know of its conversation. Raises UnknownConversation."""
        with self._lock:
            about = self._conversation(conversation_id)
            rows = self._read("select * from turns where conversation_id = ? order by rowid", conversation_id)
            cited = self._read(_CITED, conversation_id)
        by_turn = {id: list(citations) for id, citations in groupby(cited, lambda row: row["turn_id"])}
        return Thread(**about, turns=[_turn(row, by_turn.get(row["id"], [])) for row in rows])

    def set_owner(self, conversation_id: str, owner: Owner) -> None:
        """Hand the conversation to a human, or back to the bot. Raises UnknownConversation."""
        self._conversation(conversation_id)
        with self._write() as db:
            db["conversations"].update(conversation_id, {"owner": owner})

    def open_turn(self, new: NewTurn) -> str:
        """Write a turn before its answer. Returns the turn's id. Raises UnknownConversation."""
        self._conversation(new.conversation_id)
        row = {
            "id": uuid.uuid4().hex,
            **{name: getattr(new, name) for name in NewTurn.__slots__ if name != "hits"},
            "hits": _json([asdict(hit) for hit in new.hits]),
            "answer": "",
            "status": "open",
            "timings": "{}",
            "error": "",
            "process": this_process(),
            "created_at": _now(),
        }
        with self._write() as db:
            db["turns"].insert(row)
        return str(row["id"])

    def close_turn(self, turn_id: str, end: TurnEnd) -> Turn:
        """Write how the turn ended and return it as it is now on disk. Raises UnknownTurn."""
        self.trace(turn_id)
        changes = {"answer": end.answer, "status": end.status, "error": end.error, "closed_at": _now()}
        changes["timings"] = _json(dict(end.timings))
        if end.decision:
            changes["decision"] = end.decision
        with self._write() as db:
            db["turns"].update(turn_id, changes)
            db["citations"].delete_where("turn_id = ?", [turn_id])
            db["citations"].insert_all({"turn_id": turn_id, **asdict(c)} for c in end.citations)
        return self.turn(turn_id)

    def turn(self, turn_id: str) -> Turn:
        """Raises UnknownTurn."""
        row = self._row(turn_id)
        return _turn(row, self._read("select * from citations where turn_id = ? order by n", turn_id))

    def trace(self, turn_id: str) -> Trace:
        """All columns of the turn; `hits` (passages, scores) and `timings` decoded. Raises UnknownTurn."""
        return _decoded(self._row(turn_id))

    def record_feedback(self, turn_id: str, rating: Literal[1, -1], comment: str = "") -> None:
        """Keep the customer's opinion of a turn; a second one replaces the first. Raises UnknownTurn."""
        self._row(turn_id)
        row = {"turn_id": turn_id, "rating": rating, "comment": comment, "created_at": _now()}
        with self._write() as db:
            db["feedback"].upsert(row, pk="turn_id")

    def record_correction(self, turn_id: str, text: str, author: str = "") -> None:
        """Keep what a colleague answers, or would have answered, to a turn; a second one replaces the first.

        Raises UnknownTurn, or BadMessage for an empty text.
        """
        self._row(turn_id)
        if not text.strip():
            raise BadMessage("The correction is empty; write the answer that the customer should get.")
        row = {"turn_id": turn_id, "text": text.strip(), "author": author.strip(), "created_at": _now()}
        with self._write() as db:
            db["corrections"].upsert(row, pk="turn_id")

    def judged_conversations(self) -> Iterator[list[Trace]]:
        """The traces of each conversation in which someone rated or corrected an answer, oldest first."""
        for _, rows in groupby(self._read(_JUDGED), lambda row: row["conversation_id"]):
            yield [_decoded(row) for row in rows]

    def usage(self) -> dict[str, Usage]:
        """How customers fared with each model version, by its label."""
        with self._lock:
            return _usage(self._db.conn)

    def _conversation(self, conversation_id: str) -> dict[str, Any]:
        rows = self._read("select * from conversations where id = ?", conversation_id)
        if not rows:
            raise UnknownConversation(f"There is no conversation {conversation_id!r}; begin a new one.")
        return rows[0]

    def _row(self, turn_id: str) -> dict[str, Any]:
        rows = self._read("select * from turns where id = ?", turn_id)
        if not rows:
            raise UnknownTurn(f"There is no turn {turn_id!r}; use the id that the reply ended with.")
        return rows[0]

    def _read(self, sql: str, *values: object) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._db.query(sql, values))

    @contextmanager
    def _write(self) -> Iterator[Any]:
        """A transaction that takes the write lock first, so that no later upgrade finds the file busy."""
        with self._lock:
            self._db.conn.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
            except BaseException:
                self._db.rollback()
                raise
            self._db.conn.execute("COMMIT")


def read_usage(path: Path) -> dict[str, Usage]:
    """That of a file which is neither made nor changed by this; empty before the first conversation."""
    if not path.is_file():
        return {}
    with closing(sqlite3.connect(f"file:{path.absolute()}?mode=ro", uri=True)) as connection:
        try:
            return _usage(connection)
        except sqlite3.OperationalError:  # a database whose tables are still being made
            return {}


def _usage(connection: sqlite3.Connection) -> dict[str, Usage]:
    rows = connection.execute(_USAGE).fetchall()
    return {str(owner): Usage(*map(int, counts)) for owner, *counts in rows}


def _turn(row: dict[str, Any], cited: list[dict[str, Any]]) -> Turn:
    citations = [Citation(**{name: one[name] for name in Citation.__slots__}) for one in cited]
    kept = {name: row[name] for name in Turn.__slots__ if name in row and name != "timings"}
    return Turn(**kept, timings=json.loads(row["timings"]), citations=citations)


def _decoded(row: dict[str, Any]) -> Trace:
    return row | {name: json.loads(row[name]) for name in ("hits", "timings")}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
