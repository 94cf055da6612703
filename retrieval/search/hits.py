"""What a search hands out: a passage with every score that ranked it."""

from __future__ import annotations

from dataclasses import dataclass

from retrieval.articles.passage import Passage


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a query, with every score that ranked it.

    `score` is the fused one, higher is better, about 0..1; `dense` the cosine; `lexical` the BM25 score;
    `whitened` the cosine after whitening (retrieval/vectors); `coverage` the idf-weighted share, 0..1,
    of the query's content words that title, heading and text contain. Coverage compares words, so it is
    0 when query and passage are in different languages. `reranked` is what the reranker says, 0..1; None
    where it did not read the passage.
    """

    passage: Passage
    score: float
    dense: float
    lexical: float
    coverage: float
    asked: float = 0.0
    whitened: float = 0.0
    reranked: float | None = None
