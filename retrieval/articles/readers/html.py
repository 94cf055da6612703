"""Read the article of a web page, leaving out menus, footers and scripts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from retrieval.articles.article import Article, Section
from retrieval.articles.blocks import table_text
from retrieval.articles.metadata import metadata
from retrieval.errors import BadFile

_NOISE = "script, style, noscript, template, svg, nav, footer, aside, form, iframe, button, [hidden]"
_NOISE_ROLES = "[role=navigation], [role=banner], [role=contentinfo], [role=search], [aria-hidden=true]"
_NOISE_CLASS = re.compile(r"(^|[-_ ])(breadcrumbs?|sidebar|cookie|menu|navbar|share|related)([-_ ]|$)", re.I)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_LISTS = ("ul", "ol")
_BLOCKS = frozenset(
    (
        "p",
        "div",
        "section",
        "article",
        "main",
        "figure",
        "header",
        "body",
        "hr",
        "pre",
        "blockquote",
        "dl",
        "dt",
        "dd",
        "table",
        *_LISTS,
    )
)
_BREAKS = frozenset(("br", "li", "tr", "td", "th"))


def read_html(path: Path) -> Article:
    """Read the `main` or `article` element of a page, else its body; its url is the canonical link."""
    from bs4 import BeautifulSoup

    page = BeautifulSoup(path.read_bytes(), "lxml")
    title = _line(page.title) if page.title else ""
    canonical = page.select_one("link[rel=canonical]")
    url = str(canonical.get("href") or "") if canonical else ""
    body = page.find("main") or page.find("article") or page.body
    if body is None:
        raise BadFile("it holds no text")
    _remove_noise(body)
    first = body.find("h1")
    title = (_line(first) if first else "") or title or path.stem
    about = {
        name: str(tag.get("content") or "")
        for name in ("audience", "product")
        if (tag := page.select_one(f"meta[name={name}]"))
    }
    meta = metadata(about)
    sections = tuple(_sections(body, title))
    return Article(title, sections, url, product=meta.product, audience=meta.audience)


def html_sections(markup: str, title: str) -> tuple[Section, ...]:
    """The sections of a piece of HTML, such as the body of an exported article."""
    from bs4 import BeautifulSoup

    body = BeautifulSoup(markup, "lxml").body
    if body is None:
        return ()
    _remove_noise(body)
    return tuple(_sections(body, title))


def _remove_noise(body: Any) -> None:
    from bs4 import Comment

    for comment in body.find_all(string=lambda text: isinstance(text, Comment)):
        comment.extract()
    noise = body.select(f"{_NOISE}, {_NOISE_ROLES}")
    noise += body.find_all(class_=_NOISE_CLASS)
    if body.name == "body":
        noise += body.find_all("header", recursive=False)
    for element in noise:
        if not element.decomposed:
            element.decompose()


def _sections(body: Any, title: str) -> list[Section]:
    sections: list[Section] = []
    above: list[tuple[int, str]] = []
    blocks: list[str] = []

    def close() -> None:
        text = "\n\n".join(blocks)
        if text:
            headings = tuple(words for _, words in above if words != title)
            sections.append(Section(headings, text))
        blocks.clear()

    for name, text in _blocks(body):
        if name not in _HEADINGS:
            blocks.append(text)
            continue
        close()
        level = int(name[1])
        above = [(n, words) for n, words in above if n < level] + [(level, text)]
    close()
    return sections


def _blocks(element: Any) -> list[tuple[str, str]]:
    """The element's headings and blocks in reading order, as (tag, text)."""
    found: list[tuple[str, str]] = []
    loose: list[str] = []

    def flush() -> None:
        found.append(("p", " ".join("".join(loose).split())))
        loose.clear()

    for child in element.children:
        name = getattr(child, "name", None)
        if name in _BLOCKS or name in _HEADINGS:
            flush()
            found.extend(_block(child))
        else:
            loose.append(" " if name == "br" else _raw(child))
    flush()
    return [(name, text) for name, text in found if text.strip()]


def _block(element: Any) -> list[tuple[str, str]]:
    name = str(element.name)
    if name in _HEADINGS or name in ("p", "dt"):
        return [(name, _line(element))]
    if name == "pre":
        return [(name, element.get_text().strip("\n"))]
    if name in _LISTS:
        return [(name, _list(element))]
    return [(name, _table(element))] if name == "table" else _blocks(element)


def _list(element: Any, depth: int = 0) -> str:
    lines: list[str] = []
    for n, item in enumerate(element.find_all("li", recursive=False), 1):
        nested = [inner.extract() for inner in item.find_all(_LISTS, recursive=False)]
        mark = f"{n}." if element.name == "ol" else "-"
        lines.append(f"{'  ' * depth}{mark} {_line(item)}")
        lines.extend(_list(inner, depth + 1) for inner in nested)
    return "\n".join(lines)


def _table(element: Any) -> str:
    """Rows of cells; a cell that spans rows is repeated in each, so that each row can stand alone."""
    rows: list[list[str]] = []
    spanning: dict[int, tuple[int, str]] = {}  # column -> rows still to fill, text
    for row in element.find_all("tr"):
        if row.find_parent("table") is not element:
            continue  # of a table inside a cell, whose words are in that cell
        cells = [(_line(cell), cell) for cell in row.find_all(("th", "td"), recursive=False)]
        line: list[str] = []
        while cells or len(line) in spanning:
            left, text = spanning.pop(len(line), (0, ""))
            if not left:
                text, cell = cells.pop(0)
                left = _span(cell)
            if left > 1:
                spanning[len(line)] = (left - 1, text)
            line.append(text)
        rows.append(line)
    return table_text(rows)


def _span(cell: Any) -> int:
    """How many rows a cell covers; a page may claim anything, a table of help has no more than 200."""
    span = str(cell.get("rowspan") or "1")
    return min(int(span), 200) if span.isdigit() else 1


def _line(element: Any) -> str:
    return " ".join(_raw(element).split())


def _raw(element: Any) -> str:
    """The text of an element; inside it, blocks and line breaks are spaces and inline tags are nothing."""
    if not hasattr(element, "descendants"):
        return str(element)
    parts = (
        str(node) if node.name is None else " " if node.name in _BLOCKS or node.name in _BREAKS else ""
        for node in element.descendants
    )
    return "".join(parts)
