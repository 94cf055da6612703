"""The tables of the store, as numbered steps: a released step is never edited, only followed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sqlite_utils.migrations import Migrations


def migrations() -> Migrations:
    """The steps, in order. Built on call, because importing sqlite-utils takes a third of a second."""
    from sqlite_utils.migrations import Migrations

    steps = Migrations("chatbot")
    for step in (m001_conversations, m002_turns, m003_citations, m004_feedback, m005_corrections):
        steps()(step)
    return steps


def m001_conversations(db: Any) -> None:
    """`owner` says who answers: the bot, or a human after a hand-off."""
    columns = {"id": str, "channel": str, "language": str, "owner": str, "created_at": str}
    db["conversations"].create(columns, pk="id", not_null=["channel", "owner", "created_at"])


def m002_turns(db: Any) -> None:
    """The whole trace of a turn; `hits` and `timings` are JSON, `process` is who holds an open turn."""
    columns = {
        "id": str,
        "conversation_id": str,
        "question": str,
        "query": str,
        "hits": str,
        "decision": str,
        "answer": str,
        "status": str,
        "language": str,
        "model": str,
        "index_version": str,
        "timings": str,
        "error": str,
        "process": str,
        "created_at": str,
        "closed_at": str,
    }
    foreign_keys = [("conversation_id", "conversations", "id")]
    db["turns"].create(columns, pk="id", foreign_keys=foreign_keys, not_null=["question", "status"])
    db["turns"].create_index(["conversation_id"])
    db["turns"].create_index(["status"])


def m003_citations(db: Any) -> None:
    """The passages an answer cites, with their text as it was then."""
    columns = {
        "turn_id": str,
        "n": int,
        "article": str,
        "title": str,
        "heading": str,
        "url": str,
        "quote": str,
        "language": str,
    }
    db["citations"].create(columns, pk=("turn_id", "n"), foreign_keys=[("turn_id", "turns", "id")])


def m004_feedback(db: Any) -> None:
    """Thumbs up (1) or down (-1) on a turn, one a turn: the last one counts."""
    columns = {"turn_id": str, "rating": int, "comment": str, "created_at": str}
    db["feedback"].create(columns, pk="turn_id", foreign_keys=[("turn_id", "turns", "id")])


def m005_corrections(db: Any) -> None:
    """What a colleague answers, or would have answered, to a turn, one a turn: the last one counts."""
    columns = {"turn_id": str, "text": str, "author": str, "created_at": str}
    foreign_keys = [("turn_id", "turns", "id")]
    db["corrections"].create(columns, pk="turn_id", foreign_keys=foreign_keys, not_null=["text"])
