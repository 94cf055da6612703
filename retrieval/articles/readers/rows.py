"""Read tables of questions and answers: each row of a CSV or JSON Lines file is an article."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from retrieval.articles.article import Article, Section
from retrieval.articles.metadata import metadata
from retrieval.articles.readers.text import decode, markdown_sections
from retrieval.errors import BadFile

_TITLES = ("title", "question", "标题", "问题")
_TEXTS = ("text", "answer", "content", "body", "内容", "答案", "回答", "正文")
_IDS = ("id", "_id", "编号")

UNNAMED = "/"  # begins the row of an article without an id: its id is the file's with the row's number

Row = tuple[str, Mapping[str, Any]]


def read_csv(path: Path, problems: list[tuple[str, str]]) -> list[Article]:
    """Read a CSV with a header line, its cells parted by commas, semicolons or tabs."""
    text = decode(path.read_bytes())
    header = text.partition("\n")[0]
    if not header.strip():
        raise BadFile("it is empty")
    delimiter = max(",;\t", key=header.count)
    csv.field_size_limit(10_000_000)
    reader = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    _check_columns(reader.fieldnames or [])
    try:
        rows = [(f"line {reader.line_num}", row) for row in reader]
    except csv.Error as error:
        raise BadFile(f"line {reader.line_num} is not valid CSV ({error})") from error
    return row_articles(rows, problems)


def read_jsonl(path: Path, problems: list[tuple[str, str]]) -> list[Article]:
    """Read a file with one JSON object a line; a broken line is noted and the others are read."""
    rows: list[Row] = []
    lines = decode(path.read_bytes()).split("\n")
    if not any(line.strip() for line in lines):
        raise BadFile("it is empty")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            problems.append((f"line {number}", f"it is not valid JSON ({error.msg})"))
            continue
        if isinstance(row, dict):
            rows.append((f"line {number}", row))
        else:
            problems.append((f"line {number}", "it is not a JSON object"))
    return row_articles(rows, problems)


def row_articles(rows: Iterable[Row], problems: list[tuple[str, str]]) -> list[Article]:
    """The article of each (place, row); a row without a text, or with the id of one above, is a problem."""
    articles: list[Article] = []
    seen: set[str] = set()
    for number, (place, raw) in enumerate(rows, 1):
        row = {str(name).strip().lower(): value for name, value in raw.items() if name is not None}
        title, text = _first(row, _TITLES), _first(row, _TEXTS)
        name = _first(row, _IDS) or f"{UNNAMED}{number}"
        if not text:
            problems.append((place, f"it has no text in a column named {' or '.join(_TEXTS[:4])}"))
        elif name in seen:
            problems.append((place, f'its id "{name}" is already that of a row above'))
        else:
            seen.add(name)
            articles.append(_article(row, title, text, name))
    return articles


def _article(row: Mapping[str, Any], title: str, text: str, name: str) -> Article:
    sections = markdown_sections(text) or [Section((), text)]
    url, meta = _first(row, ("url", "link")), metadata(row)
    return Article(title, tuple(sections), url, meta.tags, name, meta.language, meta.product, meta.audience)


def has_text_column(names: Iterable[str]) -> bool:
    """Whether one of these columns is known to hold the text of an article."""
    return bool({name.strip().lower() for name in names} & set(_TEXTS))


def _check_columns(names: Iterable[str]) -> None:
    if not has_text_column(names):
        raise BadFile(f"its first line names no column {' or '.join(_TEXTS[:4])}")


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> str:
    """The first of these columns that is filled."""
    return next((text for name in names if (text := str(row.get(name) or "").strip())), "")
