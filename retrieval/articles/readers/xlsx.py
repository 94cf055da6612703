"""Read an Excel workbook: rows of questions and answers as articles, any other sheet as one table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from retrieval.articles.article import Article, Section
from retrieval.articles.blocks import table_text
from retrieval.articles.readers.rows import UNNAMED, Row, has_text_column, row_articles
from retrieval.errors import BadFile


def read_xlsx(path: Path, problems: list[tuple[str, str]]) -> list[Article]:
    """Read every visible sheet; formulas give the value that the workbook was saved with."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
        try:
            sheets = [
                (sheet.title, [[_cell(value) for value in row] for row in sheet.iter_rows(values_only=True)])
                for sheet in book.worksheets
                if sheet.sheet_state == "visible"
            ]
        finally:
            book.close()
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError, OSError) as error:
        raise BadFile(f"it is not a readable Excel workbook ({error})") from error
    several = len(sheets) > 1
    rows: list[Row] = []
    tables: list[Article] = []
    for name, lines in sheets:
        filled = [(n, line) for n, line in enumerate(lines, 1) if any(line)]
        if filled and has_text_column(filled[0][1]):
            rows.extend(_rows(name if several else "", filled))
        elif filled:
            title = f"{path.stem}: {name}" if several else path.stem
            text = table_text(line for _, line in filled)
            tables.append(Article(title, (Section((), text),), row=f"{UNNAMED}{name}"))
    return row_articles(rows, problems) + tables


def _rows(sheet: str, lines: list[tuple[int, list[str]]]) -> Iterable[Row]:
    header = lines[0][1]
    for number, cells in lines[1:]:
        place = f"sheet {sheet}, row {number}" if sheet else f"row {number}"
        yield place, dict(zip(header, cells, strict=False))


def _cell(value: Any) -> str:
    """As a person sees it: 5 instead of 5.0, a date without its midnight."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).removesuffix(" 00:00:00").strip()
