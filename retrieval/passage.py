"""The two things retrieval hands out: a passage of an article, and a hit with its scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["en", "zh"]
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
    language: Language
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


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query, with every score that ranked it.

    `score` is the fused one, higher is better, about 0..1; `dense` the cosine; `lexical` the BM25 score;
    `apart` the cosine after spreading the vectors (retrieval/spread.py); `coverage` the idf-weighted share,
    0..1, of the query's content words that title, heading and text contain. Coverage compares words, so it is
    0 when query and passage are in different languages. `reranked` is what the reranker says, 0..1; None
    where it did not read the passage.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    coverage: float
    asked: float = 0.0
    apart: float = 0.0
    reranked: float | None = None
