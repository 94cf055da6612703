"""Read exported support logs, CSV or JSON, English or Chinese, one conversation at a time."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

from finetune.errors import LogsUnreadable
from finetune.logs import columns
from finetune.logs.conversation import Conversation, Problem
from finetune.logs.encodings import Opened
from finetune.logs.helpdesks import helpdesk_of, plain_row
from finetune.logs.json_records import json_rows
from finetune.logs.rows import conversation_of, faq_of
from finetune.logs.tables import REST, WIDTH, mend, rows_of

# Exports sorted by time mix conversations; between two rows of one at most this many others may lie.
WINDOW = 10_000
SAMPLE = 50  # rows looked at to guess columns
TABLES = {".csv", ".tsv", ".txt"}
JSON = {".json", ".jsonl", ".ndjson"}
# The names that `plain_row` gives, and that imported logs have.
_PLAIN_NAMES = (
    "id", "customer_id", "customer_name", "agent", "rating", "created_at", "status", "channel", "messages",
)  # fmt: skip

Row = tuple[int, Mapping[str, Any]]


@dataclass(slots=True)
class Reading:
    """How a file is read. `given` are columns by meaning that are not to be guessed; `meant` and `form` are
    filled in as soon as they are known, then `shown` is called. `told` is given the bytes read so far.
    """

    given: Mapping[str, str] = field(default_factory=dict)
    shown: Callable[[Path, str, Mapping[str, str]], None] | None = None
    told: Callable[[int], None] | None = None


def read_logs(paths: Sequence[Path], problems: list[Problem] | None = None) -> Iterator[Conversation]:
    """Conversations of all files, in the files' order; a folder stands for the logs inside it.

    What cannot be read is added to `problems` and the rest goes on. Raises LogsUnreadable before the first
    conversation when a file has rows but nothing readable, or when there is nothing at all.
    """
    noted = problems if problems is not None else []
    files = list(log_files(paths))
    opened: list[tuple[Iterator[Conversation], list[Conversation]]] = []
    for file in files:
        conversations = read_log(file, noted)
        first = list(islice(conversations, 1))
        opened.append((conversations, first))
        if not first and any(p.file == file and p.line for p in noted):
            worst = next(p for p in noted if p.file == file and p.line)
            raise LogsUnreadable(
                f"{file} holds no readable conversation (line {worst.line}: {worst.reason})."
            )
    if not any(first for _, first in opened):
        named = ", ".join(map(str, files or paths))
        raise LogsUnreadable(
            f"There is no conversation in {named}: give CSV or JSONL exports of your support desk."
        )
    for conversations, first in opened:
        yield from chain(first, conversations)


def log_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files; of a folder that `chatbot logs import` wrote, its conversations. Raises LogsUnreadable."""
    for path in paths:
        if path.is_dir():
            inside = (p for p in path.rglob("*") if p.suffix.lower() in (TABLES | JSON) - {".txt"})
            yield from sorted(p for p in inside if p.name != "manifest.json")
        elif path.is_file():
            yield path
        else:
            raise LogsUnreadable(
                f"There is no file {path}: check the path, or give a folder of CSV and JSONL exports."
            )


def read_log(file: Path, problems: list[Problem], reading: Reading | None = None) -> Iterator[Conversation]:
    """The conversations of one file. Raises LogsUnreadable when its columns cannot be told."""
    reading = reading or Reading()
    opened = Opened(file, reading.told)
    rows: Iterator[Row]
    if file.suffix.lower() in JSON or (
        file.suffix.lower() not in TABLES and opened.head().lstrip()[:1] in "[{"
    ):
        rows = _plain_rows(file, json_rows(file, problems, opened), problems)
    else:
        rows = rows_of(file, problems, opened)
    sample = list(islice(rows, SAMPLE))
    if not sample:
        problems.append(Problem(file, 0, "the file is empty"))
        return
    meant = _meanings(file, [row for _, row in sample], reading.given)
    if reading.shown:
        reading.shown(file, _form(sample, meant), meant)
    every = _mended(file, chain(sample, rows), meant, problems)
    if "messages" in meant:
        for line, row in every:
            yield from conversation_of(file, [(line, row)], meant, problems)
    elif "message" not in meant:
        for line, row in every:
            yield from faq_of(file, line, row, meant, problems)
    else:
        yield from _grouped(file, every, meant, problems)


def _plain_rows(file: Path, rows: Iterator[Row], problems: list[Problem]) -> Iterator[Row]:
    """Records of a help desk under plain names; others as they are."""
    for line, row in rows:
        desk = helpdesk_of(row)
        try:
            yield line, {**plain_row(row, desk), "desk": desk} if desk else row
        except (AttributeError, TypeError, KeyError) as error:
            problems.append(Problem(file, line, f"not as {desk} writes it ({error})"))


def _mended(file: Path, rows: Iterator[Row], meant: dict[str, str], problems: list[Problem]) -> Iterator[Row]:
    for line, row in rows:
        if WIDTH in row:
            if mended := mend(file, (line, dict(row)), meant, problems):
                yield mended
        else:
            yield line, row


def _form(sample: Sequence[Row], meant: Mapping[str, str]) -> str:
    desks = {row.get("desk") for _, row in sample} - {None}
    if desks:
        return str(next(iter(desks)))
    if "messages" in meant:
        return "conversations"
    return "messages" if "message" in meant else "questions and answers"


def _meanings(file: Path, sample: Sequence[Mapping[str, Any]], given: Mapping[str, str]) -> dict[str, str]:
    """What the columns mean. Raises LogsUnreadable when the messages cannot be found."""
    names = [n for n in dict.fromkeys(name for row in sample for name in row) if n not in (WIDTH, REST)]
    for meaning, column in given.items():
        if column not in names:
            raise LogsUnreadable(
                f'{file} has no column "{column}" for {meaning}: its columns are {", ".join(names)}.'
            )
    if any("desk" in row for row in sample):
        names = [n for n in _PLAIN_NAMES if n in names]
    found = {**columns.by_name(names), **given}
    if "messages" in found and any(isinstance(row.get(found["messages"]), list) for row in sample):
        return found
    guessed = columns.guess(names, [{n: str(row.get(n) or "") for n in names} for row in sample])
    found = {m: c for m, c in guessed.items() if c not in given.values()} | dict(given)
    found.pop("messages", None)
    said = {**columns.by_name(names), **given}.keys() | ({"role"} & found.keys())
    if len(names) == 2 and not {"message", "role", "author", "question", "answer"} & said:
        found = {"question": names[0], "answer": names[1]}
    if "message" not in found and {"question", "answer"} <= found.keys():
        return found
    if "message" not in found:
        raise LogsUnreadable(
            f'{file} has no column with the messages (columns: {", ".join(names)}): rename it to "message", '
            'or name two columns "question" and "answer".'
        )
    if "role" not in found and "author" not in found:
        raise LogsUnreadable(
            f"{file} does not tell customers from agents (its columns: {', '.join(names)}): "
            'add a column "author_role" with "customer" or "agent" in each row.'
        )
    return found


class _Closed:
    """Which conversations are done, in 16 MiB however many: one that is not may pass for one, about never."""

    def __init__(self) -> None:
        self._bits = bytearray(1 << 24)

    def _places(self, key: str) -> list[int]:
        digest = hashlib.blake2b(key.encode(errors="replace"), digest_size=16).digest()
        return [int.from_bytes(digest[i : i + 4], "big") % (len(self._bits) * 8) for i in (0, 4, 8, 12)]

    def add(self, key: str) -> None:
        for place in self._places(key):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, key: str) -> bool:
        return all(self._bits[place >> 3] >> (place & 7) & 1 for place in self._places(key))


def _grouped(
    file: Path, rows: Iterator[Row], meant: Mapping[str, str], problems: list[Problem]
) -> Iterator[Conversation]:
    """Put rows of the same conversation together; without an id column the file is one conversation."""
    open_rows: OrderedDict[str, list[Row]] = OrderedDict()
    last: dict[str, int] = {}
    closed = _Closed()
    for count, (line, row) in enumerate(rows):
        key = str(row.get(meant.get("conversation", ""), "") or "")
        if key not in open_rows and key in closed:
            problems.append(
                Problem(
                    file, line,
                    f'conversation "{key}" goes on {WINDOW} rows later: kept as one of its own, sort by it',
                )
            )  # fmt: skip
        open_rows.setdefault(key, []).append((line, row))
        open_rows.move_to_end(key)
        last[key] = count
        while last[next(iter(open_rows))] < count - WINDOW:
            done, kept = open_rows.popitem(last=False)
            closed.add(done)
            del last[done]
            yield from conversation_of(file, kept, meant, problems)
    for kept in open_rows.values():
        yield from conversation_of(file, kept, meant, problems)
