"""A passage: a few whole sentences of one article, what the search finds and an answer cites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Audience = Literal["public", "internal"]


@dataclass(frozen=True, slots=True)
class Passage:
    """A few whole sentences of one article, small enough to read and to quote.

    `id` is "<article>#<n>"; `article` the path under its root without extension, or the id column of a row;
    `heading` the headings above the text as "A > B", or "".
    An `internal` passage is never shown to a customer.
    """

    id: str
    article: str
    title: str
    heading: str
    text: str
    url: str
    language: str
    tags: tuple[str, ...] = ()
    product: str = ""
    audience: Audience = "public"

    @property
    def context(self) -> str:
        """Title and heading on one line: what the text stands under."""
        return " > ".join(part for part in (self.title, self.heading) if part)

    @property
    def keywords(self) -> str:
        """The tags as text: other words for the article, which its author knows and it may not say."""
        return ", ".join(self.tags)
