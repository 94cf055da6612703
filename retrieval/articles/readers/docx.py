"""Read a Word document: heading styles give the sections, tables become rows of cells."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from retrieval.articles.article import Article, Section
from retrieval.articles.blocks import table_text
from retrieval.errors import BadFile

_HEADING_STYLE = re.compile(r"^heading (\d)$", re.I)


def read_docx(path: Path) -> Article:
    """Read a .docx file; its title is the Title paragraph, else the document's property, else its name."""
    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    try:
        document = Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise BadFile(f"it is not a readable Word document ({error})") from error
    title = next((p.text.strip() for p in document.paragraphs if _style(p) == "Title" and p.text.strip()), "")
    return Article(
        title=title or str(document.core_properties.title or "").strip() or path.stem,
        sections=tuple(_sections(document)),
    )


def _sections(document: Any) -> list[Section]:
    sections: list[Section] = []
    above: list[tuple[int, str]] = []
    text = ""
    for item in document.iter_inner_content():
        heading = _HEADING_STYLE.match(_style(item)) if hasattr(item, "text") else None
        if heading is None:
            text = _append(text, item)
            continue
        if text:
            sections.append(Section(tuple(words for _, words in above), text))
        text = ""
        level = int(heading[1])
        above = [(n, words) for n, words in above if n < level] + [(level, item.text.strip())]
    return [*sections, Section(tuple(words for _, words in above), text)] if text else sections


def _append(text: str, item: Any) -> str:
    """Add a paragraph or a table; items of one list stay in one block."""
    if not hasattr(item, "text"):
        return _join(text, _table(item), "\n\n")
    words = str(item.text).strip()
    style = _style(item)
    if not words or style == "Title":
        return text
    if not style.startswith("List"):
        return _join(text, words, "\n\n")
    after_item = text.rpartition("\n")[2].startswith("- ")
    return _join(text, f"- {words}", "\n" if after_item else "\n\n")


def _table(table: Any) -> str:
    rows: list[list[str]] = []
    for row in table.rows:
        cells: list[str] = []
        seen: set[int] = set()
        for cell in row.cells:  # a merged cell comes once for every column that it spans
            if id(cell._tc) not in seen:
                seen.add(id(cell._tc))
                cells.append(" ".join(cell.text.split()))
        rows.append(cells)
    return table_text(rows)


def _style(item: Any) -> str:
    style = getattr(item, "style", None)
    return str(style.name) if style is not None and style.name else ""


def _join(text: str, more: str, separator: str) -> str:
    return f"{text}{separator}{more}" if text and more else text or more
