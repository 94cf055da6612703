"""The rows of a CSV file by column name, whatever its delimiter, quotes and widths."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from finetune.logs import columns
from finetune.logs.conversation import Problem
from finetune.logs.encodings import Opened

Row = tuple[int, dict[str, str]]
REST = ""  # the name under which a row keeps the cells beyond its header's width, each behind the delimiter
WIDTH = "\0width"  # and its true number of cells, where that is not the header's
_LINES = 400  # of one cell; a quote that is never closed would otherwise take the file along


def rows_of(file: Path, problems: list[Problem], opened: Opened) -> Iterator[Row]:
    """Numbered rows. A quote that is never closed costs its own row only; a second header is followed."""
    lines = opened.lines(problems, blank=True)
    header: list[str] = []
    delimiter = ","
    back: deque[tuple[int, str]] = deque()
    while taken := (back.popleft() if back else next(lines, None)):
        number, text = taken
        if not text.strip():
            continue
        if not header:
            delimiter = max(",\t;|", key=text.count)
        cells, more = _record(text, back, lines, delimiter)
        if more and header and (cells is None or len(cells) != len(header)):
            problems.append(Problem(file, number, "a quote is not closed: read as one line"))
            back.extendleft(reversed(more))
            cells = _loose(text, delimiter)
        if cells is None:
            problems.append(Problem(file, number, "a quote is not closed: read as one line"))
            back.extendleft(reversed(more))
            cells = _loose(text, delimiter)
        if not any(cell.strip() for cell in cells):
            continue
        if not header:
            header = [cell.strip().lstrip("\ufeff") for cell in cells]
            if _is_data(header):
                yield number, dict(zip(("question", "answer"), header, strict=True))
                header = ["question", "answer"]
        elif _is_header(cells, header):
            header = _renamed([cell.strip() for cell in cells], header)
            problems.append(Problem(file, number, "a second header: its columns are followed from here"))
        else:
            yield number, _named(cells, header, delimiter)


def mend(file: Path, row: Row, meant: dict[str, str], problems: list[Problem]) -> Row | None:
    """A row of another width: its message had the delimiter in it, or its last cells are missing."""
    line, cells = row
    if WIDTH not in cells:
        return row
    widths, rest = cells.pop(WIDTH), cells.pop(REST, "")
    fixed = _shifted(cells, rest, meant) if rest else cells
    text = meant.get("message") or meant.get("answer") or ""
    role = meant.get("role")
    if not fixed.get(text) or (role and columns.role_of(fixed.get(role, "")) is None):
        problems.append(Problem(file, line, widths))
        return None
    problems.append(Problem(file, line, f"{widths}: mended"))
    return line, fixed


def _record(
    text: str, back: deque[tuple[int, str]], lines: Iterator[tuple[int, str]], delimiter: str
) -> tuple[list[str] | None, list[tuple[int, str]]]:
    """The cells that begin in this line, and the further lines that they went over; None if no end."""
    more: list[tuple[int, str]] = []

    def feed() -> Iterator[str]:
        yield text
        while len(more) < _LINES and (line := (back.popleft() if back else next(lines, None))):
            more.append(line)
            yield line[1]

    try:
        cells = next(csv.reader(feed(), delimiter=delimiter, strict=False))
    except (csv.Error, StopIteration):
        return None, more
    return (None if len(more) >= _LINES else cells), more


def _loose(text: str, delimiter: str) -> list[str]:
    cells = next(csv.reader([text.rstrip("\r\n")], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
    return [cell.strip('"').replace('""', '"') for cell in cells]


def _named(cells: Sequence[str], header: Sequence[str], delimiter: str) -> dict[str, str]:
    row = dict(zip(header, cells, strict=False))
    if len(cells) != len(header):
        row[WIDTH] = f"{len(cells)} columns instead of {len(header)}"
        if len(cells) > len(header):
            row[REST] = "".join(delimiter + cell for cell in cells[len(header) :])
    return row


def _shifted(cells: dict[str, str], rest: str, meant: dict[str, str]) -> dict[str, str]:
    """The cells behind the message moved back by as many as the message had delimiters too many."""
    names, delimiter = list(cells), rest[0]
    values = [*cells.values(), *rest[1:].split(delimiter)]
    text = meant.get("message") or meant.get("answer") or names[-1]
    at, extra = names.index(text) if text in names else len(names) - 1, len(values) - len(names)
    joined = delimiter.join(values[at : at + extra + 1])
    return dict(zip(names, [*values[:at], joined, *values[at + extra + 1 :]], strict=True))


def _is_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    plain = {columns.plain(cell) for cell in cells}
    if plain == {columns.plain(name) for name in header}:
        return True
    found = columns.by_name([cell.strip() for cell in cells])
    return len(found) >= max(3, len(cells) // 2) and ("message" in found or "question" in found)


def _renamed(cells: list[str], header: Sequence[str]) -> list[str]:
    """The new columns under the names of the first header, where they mean the same."""
    old, new = columns.by_name(header), columns.by_name(cells)
    same = {name: old[meaning] for meaning, name in new.items() if meaning in old}
    return [same.get(cell, cell) for cell in cells]


def _is_data(header: Sequence[str]) -> bool:
    """Two cells of prose: a file of questions and answers that has no header."""
    if len(header) != 2 or columns.by_name(header):
        return False
    question, answer = header
    long = question.rstrip()[-1:] in ("?", "？") or question.count(" ") >= 3 or len(question.encode()) > 24
    return long and len(answer.encode()) > 6
