"""Read a file of any supported format into articles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from retrieval.articles.article import Article
from retrieval.articles.readers.docx import read_docx
from retrieval.articles.readers.export import read_export
from retrieval.articles.readers.html import read_html
from retrieval.articles.readers.pdf import read_pdf
from retrieval.articles.readers.rows import read_csv, read_jsonl
from retrieval.articles.readers.text import read_markdown, read_plain
from retrieval.articles.readers.xlsx import read_xlsx
from retrieval.errors import BadFile

Problems = list[tuple[str, str]]

_READERS: dict[str, Callable[[Path], Article]] = {
    ".md": read_markdown,
    ".markdown": read_markdown,
    ".txt": read_plain,
    ".html": read_html,
    ".htm": read_html,
    ".pdf": read_pdf,
    ".docx": read_docx,
}
_ROW_READERS: dict[str, Callable[[Path, Problems], list[Article]]] = {
    ".csv": read_csv,
    ".tsv": read_csv,
    ".jsonl": read_jsonl,
    ".json": read_export,
    ".xlsx": read_xlsx,
}
SUFFIXES = frozenset(_READERS) | frozenset(_ROW_READERS)


def read(path: Path) -> tuple[list[Article], Problems]:
    """Read the articles of a file, with the (place, reason) of each row that could not be read.

    Raises BadFile, its message the bare reason, when nothing of the file can be read.
    """
    suffix = path.suffix.lower()
    problems: Problems = []
    if suffix in _ROW_READERS:
        articles = _ROW_READERS[suffix](path, problems)
    elif suffix in _READERS:
        articles = [_READERS[suffix](path)]
    else:
        raise BadFile(f"{suffix or 'a file without ending'} is not one of {', '.join(sorted(SUFFIXES))}")
    full = [article for article in articles if any(section.text.strip() for section in article.sections)]
    if not full and not problems:
        raise BadFile("it holds no text")
    return full, problems
