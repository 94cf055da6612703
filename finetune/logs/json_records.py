"""The records of a JSON export, one at a time: of an array, a wrapped array, or lines."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from finetune.logs.conversation import Problem
from finetune.logs.encodings import Opened

Row = tuple[int, dict[str, Any]]
CHUNK = 1 << 16  # letters read at once
LONGEST = 1 << 24  # letters of one record; a quote that is never closed would otherwise take the file along
_TRIES = 200  # places at which a broken record is cut, from its end
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[{}\[\]]', re.DOTALL)
_WRAPPED = re.compile(
    r'"(?:tickets|conversations|payload|results|items|records|data|chats|logs)"\s*:\s*\[(?=\s*[{\]])'
)


def json_rows(file: Path, problems: list[Problem], opened: Opened) -> Iterator[Row]:
    """Numbered records. What is broken is a problem; what stands before and after the break is kept."""
    head = opened.head()
    wrapped = _WRAPPED.search(head) if head.lstrip()[:1] == "{" else None
    first = head.lstrip().partition("\n")[0].strip()
    if head.lstrip()[:1] == "[":
        yield from _records(file, opened, head.index("[") + 1, problems)
    elif (wrapped and not _is_json(first)) or (wrapped and len(first) >= len(head.strip())):
        yield from _records(file, opened, wrapped.end(), problems)
    elif first in ("{", '{"') or (
        first.startswith("{")
        and len(first) < 200
        and not first.endswith("}")
        and "\n" in head.strip()
        and head.lstrip().split("\n")[1][:1] in " \t"
    ):
        yield from _records(file, opened, 0, problems)
    else:
        yield from _lines(file, opened, problems)


def salvaged(text: str) -> dict[str, Any]:
    """A record that breaks off or has a fault, up to the last value before it; {} if nothing is left."""
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        fault = error.pos
    else:
        return {}
    cuts: deque[tuple[int, str]] = deque(maxlen=_TRIES)
    closers = ""
    for token in re.finditer(r'"(?:[^"\\]|\\.)*+(?:"|\Z)|[{}\[\],]', text[:fault], re.DOTALL):
        mark = token.group()
        if mark in "{[":
            closers = ("}" if mark == "{" else "]") + closers
        elif mark in "}]":
            closers = closers[1:]
            cuts.append((token.end(), closers))
        elif mark == ",":
            cuts.append((token.start(), closers))
    for end, closing in reversed(cuts):
        try:
            found = json.loads(text[:end] + closing)
        except ValueError:
            continue
        return found if isinstance(found, dict) else {}
    return {}


def _lines(file: Path, opened: Opened, problems: list[Problem]) -> Iterator[Row]:
    for line, text in opened.lines(problems):
        try:
            row = json.loads(text)
        except (ValueError, RecursionError) as error:
            yield from _kept(file, line, text, str(error), problems)
            continue
        if isinstance(row, dict):
            yield line, row
        else:
            problems.append(Problem(file, line, "not a JSON object"))


def _kept(file: Path, line: int, text: str, fault: str, problems: list[Problem]) -> Iterator[Row]:
    try:
        found = salvaged(text)
    except RecursionError:
        found = {}
    if any(isinstance(value, list | dict) and value for value in found.values()):
        problems.append(Problem(file, line, f"broken JSON ({fault}): kept what stands before the break"))
        yield line, found
    else:
        problems.append(Problem(file, line, f"broken JSON ({fault})"))


def _records(file: Path, opened: Opened, skip: int, problems: list[Problem]) -> Iterator[Row]:
    """The objects of an array, or one after another; each from its brace to the brace that closes it."""
    alike: set[str] = set()
    buffer, line, ended = "", 1, False
    chunks = opened.chunks(CHUNK)
    while not ended:
        piece = next(chunks, "")
        ended = not piece
        buffer += piece
        if skip:
            cut = min(skip, len(buffer))
            line += buffer.count("\n", 0, cut)
            buffer, skip = buffer[cut:], skip - cut
        while True:
            start = re.search(r"[{\]]", buffer)
            if not start:
                line += buffer.count("\n")
                buffer = ""
                break
            if start.group() == "]":
                return
            line += buffer.count("\n", 0, start.start())
            buffer = buffer[start.start() :]
            end = _end(buffer)
            if end < 0 and not ended and len(buffer) < LONGEST:
                break
            text = buffer[:end] if end > 0 else buffer
            taken = yield from _record(file, line, text, end < 0, alike, problems)
            line += buffer.count("\n", 0, taken)
            buffer = buffer[taken:]
        # What grows is scanned again: read more at once, so that this stays a small share.
        if buffer and not ended:
            buffer += "".join(islice(chunks, len(buffer) // CHUNK))


def _record(
    file: Path, line: int, text: str, cut: bool, alike: set[str], problems: list[Problem]
) -> Generator[Row, None, int]:
    """Yield the record, or what can be read of it and of those its fault took along; returns its length."""
    try:
        row = json.loads(text)
        alike.update(row if not alike else ())
        yield line, row
        return len(text)
    except (ValueError, RecursionError) as error:
        fault = "the file ends inside a record" if cut else str(error)
    starts = [m.end() - 1 for m in re.finditer(r"(?:\}\s*,\s*|\n[ \t]*,?)\{", text)]
    after = [(at, found) for at in starts if (found := _like(text, at, alike))]
    first = after[0][0] if after else len(text)
    yield from _kept(file, line, text[:first], fault, problems)
    at = first
    for start, (row, end) in after:
        if start >= at:
            yield line + text.count("\n", 0, start), row
            at = end
    return max(at, 1)


def _like(text: str, at: int, alike: set[str]) -> tuple[dict[str, Any], int] | None:
    """The record that begins here, if one does: an inner object has other names than the first record."""
    try:
        row, end = json.JSONDecoder().raw_decode(text, at)
    except (ValueError, RecursionError):
        return None
    return (row, end) if alike and len(alike & set(row)) * 2 > len(alike) else None


def _end(buffer: str) -> int:
    """Behind the brace that closes the first one; -1 if it is not there."""
    depth = 0
    for token in _TOKEN.finditer(buffer):
        mark = token.group()
        if mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if not depth:
                return token.end()
    return -1


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
