"""Read exported support logs, CSV or JSON lines, English or Chinese, one conversation at a time."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

from finetune import columns
from finetune.conversation import Conversation, Problem
from finetune.errors import LogsUnreadable
from finetune.rows import conversation_of, faq_of, lines_of, rows_of

# Exports sorted by time mix conversations; between two rows of one at most this many others may lie.
WINDOW = 10_000
SAMPLE = 50  # rows looked at to guess columns

Row = tuple[int, Mapping[str, Any]]


def read_logs(paths: Sequence[Path], problems: list[Problem] | None = None) -> Iterator[Conversation]:
    """Conversations of all files, in the files' order; a folder stands for the logs inside it.

    What cannot be read is added to `problems` and the rest goes on. Raises LogsUnreadable before the first
    conversation when a file has rows but nothing readable, or when there is nothing at all.
    """
    noted = problems if problems is not None else []
    files = list(_files(paths))
    opened: list[tuple[Iterator[Conversation], list[Conversation]]] = []
    for file in files:
        conversations = _read(file, noted)
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


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*") if p.suffix.lower() in {".csv", ".tsv", ".jsonl"})
        elif path.is_file():
            yield path
        else:
            raise LogsUnreadable(
                f"There is no file {path}: check the path, or give a folder of CSV and JSONL exports."
            )


def _read(file: Path, problems: list[Problem]) -> Iterator[Conversation]:
    rows = (
        _json_rows(file, problems)
        if file.suffix.lower() in {".jsonl", ".json", ".ndjson"}
        else rows_of(file, problems)
    )
    sample = [row for _, row in zip(range(SAMPLE), rows, strict=False)]
    if not sample:
        problems.append(Problem(file, 0, "the file is empty"))
        return
    meant = _meanings(file, [row for _, row in sample])
    every = chain(sample, rows)
    if "messages" in meant:
        for line, row in every:
            yield from conversation_of(file, [(line, row)], meant, problems)
    elif "message" not in meant:
        for line, row in every:
            yield from faq_of(file, line, row, meant, problems)
    else:
        yield from _grouped(file, every, meant, problems)


def _meanings(file: Path, sample: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What the columns mean. Raises LogsUnreadable when the messages cannot be found."""
    names = list(dict.fromkeys(name for row in sample for name in row))
    found = columns.by_name(names)
    if "messages" in found and any(isinstance(row.get(found["messages"]), list) for row in sample):
        return found
    found = columns.guess(names, [{n: str(row.get(n) or "") for n in names} for row in sample])
    found.pop("messages", None)
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


def _grouped(
    file: Path, rows: Iterator[Row], meant: Mapping[str, str], problems: list[Problem]
) -> Iterator[Conversation]:
    """Put rows of the same conversation together; without an id column the file is one conversation."""
    open_rows: OrderedDict[str, list[Row]] = OrderedDict()
    last: dict[str, int] = {}
    closed: set[str] = set()
    for count, (line, row) in enumerate(rows):
        key = str(row.get(meant.get("conversation", ""), "") or "")
        if key in closed:
            problems.append(
                Problem(file, line, f'conversation "{key}" goes on {WINDOW} rows later: sort by it')
            )
            continue
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


def _json_rows(file: Path, problems: list[Problem]) -> Iterator[Row]:
    for line, text in lines_of(file, problems):
        try:
            row = json.loads(text)
        except ValueError as error:
            what = "not one JSON object a line" if text.lstrip()[:1] == "[" else f"broken JSON ({error})"
            problems.append(Problem(file, line, what))
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            problems.append(Problem(file, line, "not a JSON object"))
