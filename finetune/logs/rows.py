"""The conversation that some rows of a log make."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from finetune.logs import columns
from finetune.logs.conversation import Conversation, Problem, Utterance
from retrieval.languages.text import language_of

Row = tuple[int, Mapping[str, Any]]


def conversation_of(
    file: Path, rows: Sequence[Row], meant: Mapping[str, str], problems: list[Problem]
) -> Iterator[Conversation]:
    """The conversation in these rows: either each is a message, or the only one holds a list of messages."""
    line, head = rows[0]
    if "messages" in meant:
        inside = head.get(meant["messages"])
        if not isinstance(inside, list):
            problems.append(Problem(file, line, "no list of messages"))
            return
        if any(not isinstance(m, dict) for m in inside):
            problems.append(Problem(file, line, "a message that is no object"))
            inside = [m for m in inside if isinstance(m, dict)]
        of_message = columns.by_name(list(dict.fromkeys(key for m in inside for key in m)))
        each: Sequence[Row] = [(line, m) for m in inside]
    else:
        of_message, each = dict(meant), rows
    people = str(_cell(head, meant, "author")), str(_cell(head, meant, "customer_name"))
    left = [str(reason) for reason in head.get("left_out") or ()] if "messages" in meant else []
    messages = _utterances(file, each, of_message, people, problems, left)
    if not messages:
        problems.append(Problem(file, line, "a conversation without messages"))
        return
    written = "\n".join(m.text for m in messages if m.role == "customer") or messages[0].text
    yield Conversation(
        id=str(_cell(head, meant, "conversation")) or f"{file.stem}-{line}",
        customer_id=str(_cell(head, meant, "customer")),
        started_at=min((m.at for m in messages if m.at), default=_time(_cell(head, meant, "at"))),
        language=_language(_cell(head, meant, "language"), written),
        status=str(_last(rows, meant, "status")).strip().lower(),
        rating=_rating(_last(rows, meant, "rating")),
        linked_article=str(_last(rows, meant, "article")).strip().strip("/"),
        messages=tuple(messages),
        channel=str(_cell(head, meant, "channel")),
        source="faq" if head.get("source") == "faq" else "log",
        left_out=tuple(left),
    )


def faq_of(
    file: Path, line: int, row: Mapping[str, Any], meant: Mapping[str, str], problems: list[Problem]
) -> Iterator[Conversation]:
    """A question with its answer as a resolved conversation of two messages."""
    question, answer = (str(_cell(row, meant, key)).strip() for key in ("question", "answer"))
    if not question or not answer:
        problems.append(Problem(file, line, "no question or no answer"))
        return
    said = (Utterance("customer", question), Utterance("agent", answer))
    name = f"{file.stem}-{line}"
    yield Conversation(name, "", None, language_of(question), "resolved", None, "", said, source="faq")


def _utterances(
    file: Path, rows: Sequence[Row], meant: Mapping[str, str], people: tuple[str, str],
    problems: list[Problem], left: list[str],
) -> list[Utterance]:  # fmt: skip
    """Messages in order; without roles, whoever wrote first is the customer."""
    said: list[Utterance] = []
    opener = _name(_cell(rows[0][1], meant, "author")) if rows else ""
    for line, row in rows:
        text, author = _text(_cell(row, meant, "message")), _name(_cell(row, meant, "author"))
        word = _name(_cell(row, meant, "role"))
        role = columns.role_of(word) if "role" in meant else ("customer" if author == opener else "agent")
        if role is None:
            problems.append(Problem(file, line, f'unknown author role "{word}"'))
        elif role == "other":
            left.append("bot or system message")
        elif text:
            name = author or people[role == "customer"]
            said.append(Utterance(role, text, _time(_cell(row, meant, "at")), name))
    if all(m.at for m in said):
        said.sort(key=lambda m: m.at or datetime.min.replace(tzinfo=UTC))
    return said


def _cell(row: Mapping[str, Any], meant: Mapping[str, str], meaning: str) -> Any:
    value = row.get(meant[meaning], "") if meaning in meant else ""
    if isinstance(value, dict):
        value = value.get("id") or value.get("role") or value.get("type") or value.get("name")
    return "" if value is None else value


def _text(value: Any) -> str:
    """Plain text; a message in parts, as chat models have it, gives its texts."""
    if isinstance(value, list):
        value = "\n".join(str(part.get("text") or "") for part in value if isinstance(part, dict))
    return str(value).strip()


def _name(value: Any) -> str:
    return str(value).strip()


def _last(rows: Sequence[Row], meant: Mapping[str, str], meaning: str) -> Any:
    """The value in the latest row that has one: a ticket's status and rating may change on the way."""
    return next((v for _, row in reversed(rows) if (v := _cell(row, meant, meaning)) != ""), "")


def _language(value: Any, written: str) -> str:
    """What the log says, or what the customer's own words show."""
    said = str(value).lower()[:2]
    return "en" if said == "en" else "zh" if said == "zh" else language_of(written)


def _rating(value: Any) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", str(value))
    return float(found.group()) if found else None


def _time(value: Any) -> datetime | None:
    """An ISO time, or seconds since 1970; without a zone it is taken as UTC."""
    try:
        if re.fullmatch(r"\d{12,14}", str(value)):
            return datetime.fromtimestamp(int(value) / 1000, UTC)
        if re.fullmatch(r"\d{9,11}(\.\d+)?", str(value)):
            return datetime.fromtimestamp(float(value), UTC)
        time = datetime.fromisoformat(str(value).strip().replace("/", "-"))
    except (ValueError, OverflowError, OSError):
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
