"""The rows of one log file, and the conversation that some of them make."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from finetune import columns
from finetune.conversation import Conversation, Problem, Utterance
from retrieval.passage import Language
from retrieval.text import language_of

Row = tuple[int, Mapping[str, Any]]
HEAD = 1 << 20  # bytes looked at to tell the encoding


def lines_of(file: Path, problems: list[Problem]) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not blank; one that does not decode is a problem."""
    with _open(file) as text:
        for number, line in enumerate(text, start=1):
            if _broken(line):
                problems.append(Problem(file, number, f"not valid {text.encoding}"))
            elif line.strip():
                yield number, line


def rows_of(file: Path, problems: list[Problem]) -> Iterator[Row]:
    """Numbered rows of a CSV file, by column name; a row of another width or encoding is a problem."""
    with _open(file) as text:
        first = text.readline()
        text.seek(0)
        reader = csv.reader((line.replace("\0", "") for line in text), delimiter=_delimiter(first))
        header: list[str] = []
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                problems.append(Problem(file, line, f"broken CSV ({error})"))
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = [cell.strip().lstrip("\ufeff") for cell in cells]
            elif any(map(_broken, cells)):
                problems.append(Problem(file, line, f"not valid {text.encoding}"))
            elif len(cells) != len(header):
                problems.append(Problem(file, line, f"{len(cells)} columns instead of {len(header)}"))
            else:
                yield line, dict(zip(header, cells, strict=True))


def conversation_of(
    file: Path, rows: Sequence[Row], meant: Mapping[str, str], problems: list[Problem]
) -> Iterator[Conversation]:
    """The conversation in these rows: either each is a message, or the only one holds a list of messages."""
    line, head = rows[0]
    if "messages" in meant:
        inside = head.get(meant["messages"])
        if not isinstance(inside, list) or not all(isinstance(m, dict) for m in inside):
            problems.append(Problem(file, line, "no list of messages"))
            return
        of_message = columns.by_name(list(dict.fromkeys(key for m in inside for key in m)))
        each: Sequence[Row] = [(line, m) for m in inside]
    else:
        of_message, each = dict(meant), rows
    messages = _utterances(file, each, of_message, str(_cell(head, meant, "author")), problems)
    if not messages:
        problems.append(Problem(file, line, "a conversation without messages"))
        return
    written = "\n".join(m.text for m in messages if m.role == "customer") or messages[0].text
    yield Conversation(
        id=str(_cell(head, meant, "conversation") or f"{file.stem}-{line}"),
        customer_id=str(_cell(head, meant, "customer")),
        started_at=min((m.at for m in messages if m.at), default=_time(_cell(head, meant, "at"))),
        language=_language(_cell(head, meant, "language"), written),
        status=str(_last(rows, meant, "status")).strip().lower(),
        rating=_rating(_last(rows, meant, "rating")),
        linked_article=str(_last(rows, meant, "article")).strip().strip("/"),
        messages=tuple(messages),
        channel=str(_cell(head, meant, "channel")),
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
    file: Path, rows: Sequence[Row], meant: Mapping[str, str], agent: str, problems: list[Problem]
) -> list[Utterance]:
    """Messages in order; without roles, whoever wrote first is the customer."""
    said: list[Utterance] = []
    opener = _name(_cell(rows[0][1], meant, "author")) if rows else ""
    for line, row in rows:
        text, author = str(_cell(row, meant, "message")).strip(), _name(_cell(row, meant, "author"))
        word = _name(_cell(row, meant, "role"))
        role = columns.role_of(word) if "role" in meant else ("customer" if author == opener else "agent")
        if role is None:
            problems.append(Problem(file, line, f'unknown author role "{word}"'))
        elif role != "other" and text:
            name = (author or agent) if role == "agent" else ""
            said.append(Utterance(role, text, _time(_cell(row, meant, "at")), name))
    if all(m.at for m in said):
        said.sort(key=lambda m: m.at or datetime.min.replace(tzinfo=UTC))
    return said


def _cell(row: Mapping[str, Any], meant: Mapping[str, str], meaning: str) -> Any:
    value = row.get(meant[meaning], "") if meaning in meant else ""
    if isinstance(value, dict):
        value = value.get("id") or value.get("role") or value.get("type") or value.get("name")
    return "" if value is None else value


def _name(value: Any) -> str:
    return str(value).strip()


def _last(rows: Sequence[Row], meant: Mapping[str, str], meaning: str) -> Any:
    """The value in the latest row that has one: a ticket's status and rating may change on the way."""
    return next((v for _, row in reversed(rows) if (v := _cell(row, meant, meaning)) != ""), "")


def _language(value: Any, written: str) -> Language:
    """What the log says, or what the customer's own words show."""
    said = str(value).lower()[:2]
    return "en" if said == "en" else "zh" if said == "zh" else language_of(written)


def _rating(value: Any) -> float | None:
    found = re.search(r"\d+(?:\.\d+)?", str(value))
    return float(found.group()) if found else None


def _time(value: Any) -> datetime | None:
    """An ISO time, or seconds since 1970; without a zone it is taken as UTC."""
    try:
        if re.fullmatch(r"\d{9,11}(\.\d+)?", str(value)):
            return datetime.fromtimestamp(float(value), UTC)
        time = datetime.fromisoformat(str(value).strip().replace("/", "-"))
    except (ValueError, OverflowError, OSError):
        return None
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def _open(file: Path) -> TextIO:
    # What does not decode becomes lone surrogates, so that a bad row is found and the rest is read.
    return file.open(encoding=_encoding(file), errors="surrogateescape", newline="")


def _encoding(file: Path) -> str:
    """UTF-8 unless its first megabyte says otherwise: a byte-order mark, or lines that mostly are not."""
    with file.open("rb") as raw:
        head = raw.read(HEAD)
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    lines = [line for line in head.split(b"\n") if not line.isascii()]
    for encoding in ("utf-8-sig", "gb18030"):
        if 2 * sum(_decodes(line, encoding) for line in lines) >= len(lines):
            return encoding
    return "cp1252"


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        text = line.decode(encoding)
    except UnicodeDecodeError:
        return False
    # Latin-1 letters also decode as GB 18030, but then to a lone Han character among Latin letters.
    return encoding == "utf-8-sig" or len(re.findall(r"[\u4e00-\u9fff]{2}", text)) > 0


def _broken(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


def _delimiter(line: str) -> str:
    return max(",\t;|", key=line.count)
