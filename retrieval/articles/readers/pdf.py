"""Read the text of a PDF, one section a page, without the lines that repeat on its pages."""

from __future__ import annotations

import logging
import re
from collections import Counter
from pathlib import Path

from retrieval.articles.article import Article, Section
from retrieval.errors import BadFile

_HYPHENATED = re.compile(r"(?<=[a-z])-\n(?=[a-z])")
_PAGE_NUMBER = re.compile(r"^\W*(?:page\s*)?\d+(?:\s*(?:/|of)\s*\d+)?\W*$|^第\s*\d+\s*页.*$", re.I)


def read_pdf(path: Path) -> Article:
    """Read a PDF; the heading of each section is its page. Raises BadFile when it has no text (a scan)."""
    from pypdf import PdfReader
    from pypdf.errors import PdfReadError

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it warns about each small flaw of a file
    try:
        reader = PdfReader(path)
        pages = [page.extract_text() for page in reader.pages]
        title = str((reader.metadata.title if reader.metadata else None) or "").strip()
    except (PdfReadError, ValueError, KeyError, TypeError, IndexError, AttributeError, OSError) as error:
        raise BadFile(f"it is not a readable PDF ({error})") from error
    texts = _without_repeated_lines(pages)
    sections = tuple(Section((f"p. {n}",), text) for n, text in enumerate(texts, 1) if text)
    if not sections:
        raise BadFile("it holds no text (a scanned PDF needs text recognition first)")
    return Article(title=title or path.stem.replace("-", " ").replace("_", " "), sections=sections)


def _without_repeated_lines(pages: list[str]) -> list[str]:
    """Drop running heads, lines on more than half of three or more pages, and bare page numbers."""
    counts = Counter(line for page in pages for line in {line.strip() for line in page.splitlines()})
    repeated = {line for line, n in counts.items() if len(pages) >= 3 and n > len(pages) / 2}
    kept: list[str] = []
    for page in pages:
        lines = [line.rstrip() for line in page.splitlines()]
        lines = [line for line in lines if line.strip() not in repeated and not _PAGE_NUMBER.match(line)]
        kept.append(_HYPHENATED.sub("", "\n".join(lines)).strip())
    return kept
