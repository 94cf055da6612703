"""An article as the readers hand it over: a title and sections of text, each under its headings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from json import dumps

from retrieval.articles.passage import Audience


@dataclass(frozen=True, slots=True)
class Section:
    """Text under one heading path: blocks stand between blank lines, list items and table rows on lines."""

    headings: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Article:
    """One article of a file. `row` is the id of a table row, or "" when the file is one article.

    `language` is "" where nobody declared it: then each passage is looked at.
    """

    title: str
    sections: tuple[Section, ...]
    url: str = ""
    tags: tuple[str, ...] = ()
    row: str = ""
    language: str = ""
    product: str = ""
    audience: Audience = "public"

    @property
    def content_hash(self) -> str:
        """Equal for two articles that would give the same passages, wherever their files lie."""
        return sha256(dumps(asdict(self), sort_keys=True).encode()).hexdigest()
