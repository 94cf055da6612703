"""Cut an article's sections into passages of whole sentences, lists and tables, small enough to quote."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from retrieval.articles.article import Article, Section
from retrieval.articles.blocks import is_row
from retrieval.languages.table import HAN

# Sizes are in units in which 160 English words and 350 Chinese characters are equal.
WORD = 35
CHARACTER = 16
LIMIT = 160 * WORD
TINY = LIMIT // 10
_LONG_WORD = 16  # a longer run of letters (a link, a key) counts as several words

_WIDE = f"{HAN}\u3040-\u30ff\uac00-\ud7af"
_SIZED = re.compile(rf"(?P<wide>[{_WIDE}])|[^\s{_WIDE}]+")
_SHORT = re.compile(rf"\s*(?:[{_WIDE}]|[^\s{_WIDE}]{{1,{_LONG_WORD}}})|\s+$")
# A sentence ends after . ! ? before a space and something that opens a sentence, or after Chinese stops.
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])|(?<=[。！？；])[”’」』）]*\s*")
_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|etc|vs|Mr|Mrs|Ms|Dr|St|No|Inc|Ltd|approx|[A-Z])\.\s*$")
_NUMBER = re.compile(r"^\s*\d+\.\s*$")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_ITEM = re.compile(r"^\s*(?:[-*+•]|\d+[.)、]|[（(]\d+[)）])\s*\S")
_RULE = re.compile(r"^[\s|:-]+$")


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage before it has a name: its headings as a path, and its text."""

    headings: tuple[str, ...]
    text: str


def split(article: Article) -> list[Piece]:
    """Cut an article into pieces of at most LIMIT; nothing is lost and the order is kept.

    Tiny neighbouring sections become one piece, with their headings as lines of its text, unless a heading
    is a question: those are asked for one by one. A table that is cut repeats its head.
    """
    return [
        Piece(section.headings, text)
        for section in _merge_tiny(article.sections)
        for text in split_text(section.text)
    ]


def split_text(text: str, limit: int = LIMIT) -> list[str]:
    """Cut a text into pieces of at most `limit` units, at blank lines, else list items or sentences."""
    atoms: list[str] = []
    for paragraph in _paragraphs(text):
        atoms.extend([paragraph] if size(paragraph) <= limit else _cut(paragraph, limit))
    return [piece.strip("\n").rstrip() for piece in _pack(atoms, limit) if piece.strip()]


def size(text: str) -> int:
    """Length of a text in units: 35 for a word, 16 for a Chinese, Japanese or Korean character."""
    total = 0
    for match in _SIZED.finditer(text):
        wide = match.lastgroup == "wide"
        total += CHARACTER if wide else WORD * (1 + (match.end() - match.start() - 1) // _LONG_WORD)
    return total


def sentences(text: str) -> list[str]:
    """Cut a text into sentences, each with the white space after it: joined, they are the text again."""
    found: list[str] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        sentence = text[start : end.end()]
        if sentence and not _ABBREVIATION.search(sentence) and not _NUMBER.match(sentence):
            found.append(sentence)
            start = end.end()
    return [*found, text[start:]] if start < len(text) else found


def _merge_tiny(sections: Iterable[Section]) -> list[Section]:
    merged: list[Section] = []
    for section in sections:
        before = merged[-1] if merged else None
        if before is not None and _belong(before, section):
            merged[-1] = _joined(before, section)
        else:
            merged.append(section)
    return merged


def _belong(before: Section, section: Section) -> bool:
    if any(heading.rstrip().endswith(("?", "？")) for heading in before.headings + section.headings):
        return False
    sizes = size(before.text), size(section.text)
    return min(sizes) <= TINY and sum(sizes) <= LIMIT // 2


def _joined(before: Section, section: Section) -> Section:
    shared = _shared(before, section)
    texts = ("\n".join([*part.headings[len(shared) :], part.text]) for part in (before, section))
    return Section(shared, "\n\n".join(texts))


def _shared(one: Section, other: Section) -> tuple[str, ...]:
    shared: list[str] = []
    for a, b in zip(one.headings, other.headings, strict=False):
        if a != b:
            break
        shared.append(a)
    return tuple(shared)


def _paragraphs(text: str) -> list[str]:
    """Parts between blank lines, with the blank lines after them; a line that ends in ":" keeps its list."""
    parts: list[str] = []
    start = 0
    for gap in _BLANK_LINES.finditer(text):
        leads = text[start : gap.start()].rstrip().endswith((":", "："))
        if not leads:
            parts.append(text[start : gap.end()])
            start = gap.end()
    return [*parts, text[start:]]


def _cut(paragraph: str, limit: int) -> list[str]:
    lines = paragraph.splitlines(keepends=True)
    if sum(map(is_row, lines)) > len(lines) / 2:
        return _cut_table(lines, limit)
    groups = _items(lines)
    atoms = [
        sentence for group in groups for sentence in (sentences(group) if size(group) > limit else [group])
    ]
    return [piece for atom in atoms for piece in ([atom] if size(atom) <= limit else _cut_hard(atom, limit))]


def _items(lines: Sequence[str]) -> list[str]:
    """List items with the lines that go on under them; running text stays together."""
    groups: list[str] = []
    for line in lines:
        if groups and not _ITEM.match(line):
            groups[-1] += line
        else:
            groups.append(line)
    return groups


def _cut_table(lines: list[str], limit: int) -> list[str]:
    """Cut a table between rows and repeat its head over each part."""
    first = next(i for i, line in enumerate(lines) if is_row(line))
    last = first + 2 if first + 1 < len(lines) and _RULE.match(lines[first + 1]) else first + 1
    lead, head, rows = "".join(lines[:first]), "".join(lines[first:last]), lines[last:]
    if size(head) > limit // 3:
        lead, head, rows = lead + head, "", rows
    parts = [""]
    for row in rows:
        if parts[-1] and size(lead + head + parts[-1] + row) > limit:
            parts.append("")
        parts[-1] += row
    tables = [f"{lead if n == 0 else ''}{head}{part}" for n, part in enumerate(parts)]
    return [
        piece for table in tables for piece in ([table] if size(table) <= limit else _cut_hard(table, limit))
    ]


def _cut_hard(text: str, limit: int) -> list[str]:
    """Cut what has no sentence end: at white space or between wide characters, else inside a long word."""
    pieces, filled = [""], 0
    for match in _SHORT.finditer(text):
        more = size(match.group())
        if filled + more > limit:
            pieces.append("")
            filled = 0
        pieces[-1] += match.group()
        filled += more
    return pieces


def _pack(atoms: Sequence[str], limit: int) -> list[str]:
    """Join neighbours into pieces of about equal size, as few as the limit allows."""
    if not atoms:
        return []
    sizes = [size(atom) for atom in atoms]
    target = sum(sizes) / max(1, -(-sum(sizes) // limit))
    pieces, filled = [atoms[0]], sizes[0]
    for atom, more in zip(atoms[1:], sizes[1:], strict=True):
        if filled + more > limit or filled + more / 2 > target:
            pieces.append(atom)
            filled = more
        else:
            pieces[-1] += atom
            filled += more
    return pieces
