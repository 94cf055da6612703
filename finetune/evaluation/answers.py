"""How good the delivered answers are: questions with known answers, asked through the whole turn."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chatbot.app import Chat, build_chat, collect
from chatbot.settings import Settings
from chatbot.turn.events import Done, Turn
from chatbot.turn.message import Message
from finetune.errors import QuestionsUnreadable
from finetune.evaluation.measures import bootstrap
from finetune.packages import need
from retrieval.languages.table import HAN
from retrieval.languages.text import language_of


@dataclass(frozen=True, slots=True)
class Question:
    """`articles` are those that answer it (none: it has no answer); each fact is a list of ways to say it."""

    id: str
    language: str
    text: str
    history: tuple[Message, ...]
    articles: tuple[str, ...]
    facts: tuple[tuple[str, ...], ...]


def read_questions(path: Path) -> list[Question]:
    """Read JSON Lines: id, language, question, history, article (a name, several, or null), facts.

    Raises QuestionsUnreadable with the line that is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise QuestionsUnreadable(f"{path} is no UTF-8 text ({error.reason}); save it as UTF-8.") from error
    questions = []
    for number, line in enumerate(
        text.split("\n"), start=1
    ):  # not splitlines: U+2028 may stand in a question
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line), number))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise QuestionsUnreadable(
                f"Line {number} of {path} is no question ({error!r}); it needs question, article and facts."
            ) from error
    if not questions:
        raise QuestionsUnreadable(f"{path} holds no question; see examples/questions.jsonl for the form.")
    return questions


def evaluate_answers(
    path: Path,
    *,
    settings: Settings,
    out: Path | None = None,
    on_step: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Ask every question of an installation and measure the answers; `out` gets the report as JSON."""
    need("sacrebleu")
    questions = read_questions(path)
    report = asyncio.run(_ask_all(questions, settings, on_step))
    if out:
        out.write_text(json.dumps(report, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return report


async def _ask_all(
    questions: Sequence[Question], settings: Settings, on_step: Callable[[int, int], None] | None
) -> dict[str, Any]:
    chat = await asyncio.to_thread(build_chat, settings)
    try:
        rows = []
        for number, question in enumerate(questions, start=1):
            rows.append(await ask(chat, question))
            if on_step:
                on_step(number, len(questions))
    finally:
        await chat.aclose()
    languages = sorted({question.language for question in questions})
    return {
        "model": chat.engine.model,
        "index": chat.index.version,
        "all": summary(rows),
        **{language: summary([r for r in rows if r["language"] == language]) for language in languages},
        "rows": rows,
    }


async def ask(chat: Chat, question: Question) -> dict[str, Any]:
    """Ask one question in a conversation of its own; returns what was said and how it is judged."""
    conversation = chat.new_conversation("evaluation", question.language)
    sources, last = await collect(chat.reply(conversation, question.text, history=question.history))
    if not isinstance(last, Done):
        return {
            "id": question.id,
            "language": question.language,
            "failed": last.message,
            **_judge(question, None),
        }
    return {
        "id": question.id,
        "language": question.language,
        "question": question.text,
        "answer": last.turn.answer,
        "decision": last.turn.decision,
        "wanted": list(question.articles),
        "found": [source.article for source in sources],
        "cited": [c.article for c in last.turn.citations],
        "seconds": last.turn.timings.get("total", 0.0),
        **_judge(question, last.turn),
    }


def summary(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Means over the rows, each with its 95 % interval and how many rows it is taken over."""
    answerable = [r for r in rows if r["answerable"]]
    unanswerable = [r for r in rows if not r["answerable"]]
    return {
        "questions": len(rows),
        "right_article_cited": _mean(r["right_article"] for r in answerable),
        "facts_stated": _mean(r["facts"] for r in answerable),
        "answered": _mean(r["answered"] for r in answerable),
        "not_answered_without_source": _mean(r["silent"] for r in unanswerable),
        "right_language": _mean(r["right_language"] for r in rows),
        "seconds_median": sorted(r.get("seconds", 0.0) for r in rows)[len(rows) // 2] if rows else None,
    }


def _judge(question: Question, turn: Turn | None) -> dict[str, Any]:
    answer = turn.answer if turn else ""
    said = _plain(answer)
    stated = [any(_plain(way) in said for way in fact) for fact in question.facts]
    return {
        "answerable": bool(question.articles),
        "silent": turn is not None and turn.decision != "answer",
        "answered": bool(turn) and turn is not None and turn.decision == "answer",
        "right_article": bool(turn)
        and any(c.article in question.articles for c in (turn.citations if turn else [])),
        "facts": sum(stated) / len(stated) if stated else None,
        "right_language": bool(answer) and language_of(answer) == question.language,
    }


def _mean(values: Any) -> dict[str, float] | None:
    numbers = [float(v) for v in values if v is not None]
    if not numbers:
        return None
    interval = bootstrap(numbers)
    return {
        "mean": round(interval.mean, 4),
        "low": round(interval.low, 4),
        "high": round(interval.high, 4),
        "n": len(numbers),
    }


def _question(row: dict[str, Any], number: int) -> Question:
    article = row.get("article")
    articles = [article] if isinstance(article, str) else list(article or [])
    if not row["question"].strip():
        raise ValueError("the question is empty")
    return Question(
        str(row.get("id", number)),
        row.get("language") or language_of(row["question"]),
        row["question"],
        tuple(Message(m["role"], m["content"]) for m in row.get("history", [])),
        tuple(articles),
        tuple((fact,) if isinstance(fact, str) else tuple(fact) for fact in row.get("facts", [])),
    )


def _plain(text: str) -> str:
    """Lower case without spaces between Chinese and figures, so that 5个 and 5 个 are the same."""
    import re

    text = re.sub(rf"(?<=[{HAN}])\s+|\s+(?=[{HAN}])", "", text.lower().replace("’", "'"))
    return re.sub(r"\s+", " ", text)
