"""Which passages a search may find: by audience, language, product and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from retrieval.articles.passage import Audience, Passage

if TYPE_CHECKING:
    import numpy as np

    from retrieval.vectors.backend import Vectors

FEW = 1000  # so many passages are all looked at; a nearest-neighbour search would not be faster


@dataclass(frozen=True, slots=True)
class Filter:
    """Who reads, and what they want; the default is a customer who may read whatever is public.

    An `internal` reader also reads what is public. All `tags` must be there; capitals do not matter.
    """

    audience: Audience = "public"
    language: str | None = None
    product: str = ""
    tags: tuple[str, ...] = ()

    def against(self, passage: Passage) -> str:
        """The first of audience, language, product and tag that leaves this passage out, or ""."""
        if passage.audience != "public" and self.audience == "public":
            return "audience"
        if self.language is not None and passage.language != self.language:
            return "language"
        if self.product and passage.product.casefold() != self.product.casefold():
            return "product"
        has = {tag.casefold() for tag in passage.tags}
        return "" if has.issuperset(tag.casefold() for tag in self.tags) else "tag"


CUSTOMER = Filter()


class Masks:
    """For the passages of one version, which of them pass a filter; the last few filters are remembered."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self.mask = lru_cache(32)(self._mask)

    def _mask(self, where: Filter) -> np.ndarray | None:
        """One bool a passage; None when all pass, which costs the search nothing."""
        import numpy as np

        passing = (not where.against(passage) for passage in self._passages)
        mask = np.fromiter(passing, dtype=bool, count=len(self._passages))
        return None if mask.all() else mask


def nearest(
    dense: Vectors, vector: np.ndarray, n: int, allowed: np.ndarray | None, languages: np.ndarray
) -> np.ndarray:
    """The rows of at least the n nearest allowed passages of each language, as far as there are so many."""
    import numpy as np

    if allowed is None:
        return dense.nearest(vector, n)
    rows = np.flatnonzero(allowed)
    if len(rows) <= FEW:
        return rows
    present, counts = np.unique(languages[rows], return_counts=True)
    asked = n
    while True:
        asked *= 4
        found = dense.nearest(vector, asked)
        found = found[allowed[found]]
        enough = all(
            np.count_nonzero(languages[found] == language) >= min(n, count)
            for language, count in zip(present, counts, strict=True)
        )
        if enough or asked >= len(allowed):
            return found
