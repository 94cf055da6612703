"""Conversations on disk: what was asked, found, decided and answered, and what the customer thought of it."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from chatbot.errors import BadMessage, UnknownConversation, UnknownTurn
from chatbot.store.abandoned import close_abandoned, this_process
from chatbot.store.migrations import migrations
from chatbot.turn.events import Citation, Decision, Status, Turn
from chatbot.turn.message import Message
from retrieval.search.hits import Hit

Owner = Literal["bot", "human"]
BUSY_SECONDS = 10.0
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


@dataclass(frozen=True, slots=True)
class Conversation:
    """`owner` says who answers; once it is a human, the bot is silent. `language` is "" while unknown."""

    id: str
    channel: str
    language: str
    owner: Owner
    created_at: str


class Store:
    """An SQLite file (WAL), safe to use from several threads and several processes.

    One connection behind a lock: a turn costs two short writes, and SQLite takes one writer at a time anyway.
    Turns that a killed process left open are marked failed on opening.
    """

    def __init__(self, path: Path) -> None:
        from sqlite_utils import Database

        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        connection = sqlite3.connect(path, timeout=BUSY_SECONDS, check_same_thread=False)
        self._db = Database(connection)
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
        row = Conversation(uuid.uuid4().hex, channel, language or "", "bot", _now())
        with self._write() as db:
            db["conversations"].insert(asdict(row))
        return row.id

    def conversation(self, conversation_id: str) -> Conversation:
        """Raises UnknownConversation."""
        rows = self._read("select * from conversations where id = ?", conversation_id)
        if not rows:
            raise UnknownConversation(f"There is no conversation {conversation_id!r}; begin a new one.")
        return Conversation(**rows[0])

    def set_owner(self, conversation_id: str, owner: Owner) -> None:
        """Hand the conversation to a human, or back to the bot. Raises UnknownConversation."""
        self.conversation(conversation_id)
        with self._write() as db:
            db["conversations"].update(conversation_id, {"owner": owner})

    def history(self, conversation_id: str) -> list[Message]:
        """Questions and the answers they got, oldest first; questions without an answer are left out."""
        messages: list[Message] = []
        for turn in self.turns(conversation_id):
            if turn.answer and turn.status in ("done", "stopped"):
                messages += [Message("user", turn.question), Message("assistant", turn.answer)]
        return messages

    def open_turn(
        self,
        conversation_id: str,
        question: str,
        *,
        query: str,
        hits: Sequence[Hit],
        decision: Decision,
        language: str,
        model: str,
        index_version: str = "",
    ) -> str:
        """Write the question and what was found for it, before any answer. Returns the turn's id.

        Raises UnknownConversation.
        """
        self.conversation(conversation_id)
        row = {
            "id": uuid.uuid4().hex,
            "conversation_id": conversation_id,
            "question": question,
            "query": query,
            "hits": _json([asdict(hit) for hit in hits]),
            "decision": decision,
            "answer": "",
            "status": "open",
            "language": language,
            "model": model,
            "index_version": index_version,
            "timings": "{}",
            "error": "",
            "process": this_process(),
            "created_at": _now(),
        }
        with self._write() as db:
            db["turns"].insert(row)
        return str(row["id"])

    def close_turn(
        self,
        turn_id: str,
        *,
        answer: str,
        status: Status,
        citations: Sequence[Citation] = (),
        timings: dict[str, float] | None = None,
        decision: Decision | None = None,
        error: str = "",
    ) -> Turn:
        """Write how the turn ended and return it as it is now on disk; `decision` replaces that of opening.

        Raises UnknownTurn.
        """
        self.turn(turn_id)
        changes = {"answer": answer, "status": status, "error": error, "closed_at": _now()}
        changes["timings"] = _json(timings or {})
        if decision:
            changes["decision"] = decision
        with self._write() as db:
            db["turns"].update(turn_id, changes)
            db["citations"].delete_where("turn_id = ?", [turn_id])
            db["citations"].insert_all({"turn_id": turn_id, **asdict(c)} for c in citations)
        return self.turn(turn_id)

    def turn(self, turn_id: str) -> Turn:
        """Raises UnknownTurn."""
        return self._turn(self.trace(turn_id))

    def turns(self, conversation_id: str) -> list[Turn]:
        """Every turn, oldest first, open and failed ones too. Raises UnknownConversation."""
        self.conversation(conversation_id)
        rows = self._read("select * from turns where conversation_id = ? order by rowid", conversation_id)
        return [self._turn(_decoded(row)) for row in rows]

    def trace(self, turn_id: str) -> dict[str, Any]:
        """All columns of the turn; `hits` (passages, scores) and `timings` decoded. Raises UnknownTurn."""
        rows = self._read("select * from turns where id = ?", turn_id)
        if not rows:
            raise UnknownTurn(f"There is no turn {turn_id!r}; use the id that the reply ended with.")
        return _decoded(rows[0])

    def record_feedback(self, turn_id: str, rating: Literal[1, -1], comment: str = "") -> None:
        """Keep the customer's opinion of a turn; a second one replaces the first. Raises UnknownTurn."""
        self.turn(turn_id)
        row = {"turn_id": turn_id, "rating": rating, "comment": comment, "created_at": _now()}
        with self._write() as db:
            db["feedback"].upsert(row, pk="turn_id")

    def record_correction(self, turn_id: str, text: str, author: str = "") -> None:
        """Keep what a colleague answers, or would have answered, to a turn; a second one replaces the first.

        Raises UnknownTurn, or BadMessage for an empty text.
        """
        self.turn(turn_id)
        if not text.strip():
            raise BadMessage("The correction is empty; write the answer that the customer should get.")
        row = {"turn_id": turn_id, "text": text.strip(), "author": author.strip(), "created_at": _now()}
        with self._write() as db:
            db["corrections"].upsert(row, pk="turn_id")

    def judged_conversations(self) -> Iterator[list[dict[str, Any]]]:
        """The traces of each conversation in which someone rated or corrected an answer, oldest first.

        Each trace also has `channel`, `rating` (1, -1 or None), and `comment`, `correction`, `author` ("" for
        none). Questions of an evaluation are not in it.
        """
        for _, rows in groupby(self._read(_JUDGED), lambda row: row["conversation_id"]):
            yield [_decoded(row) for row in rows]

    def _turn(self, row: dict[str, Any]) -> Turn:
        cited = self._read("select * from citations where turn_id = ? order by n", row["id"])
        citations = [Citation(**{k: v for k, v in c.items() if k != "turn_id"}) for c in cited]
        return Turn(**{name: row[name] for name in Turn.__slots__ if name in row}, citations=citations)

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


def _decoded(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: json.loads(row[name]) for name in ("hits", "timings")}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
