"""Search passages by their words: BM25 over stemmed English and segmented Chinese, titles counted more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.articles.passage import Passage
from retrieval.languages.text import terms

if TYPE_CHECKING:
    import numpy as np

TITLE_WEIGHT = 2  # how often a word of the title or a heading counts
K1, B = 1.2, 0.75


class Lexical:
    """BM25 (Robertson and Zaragoza 2009, in Lucene's form) over passages in their order."""

    def __init__(self, bm25: Any) -> None:
        import numpy as np

        self._bm25 = bm25
        self._passages: int = bm25.scores["num_docs"]
        self._frequency = np.diff(bm25.scores["indptr"])
        self._different = np.bincount(bm25.scores["indices"], minlength=self._passages)

    @classmethod
    def build(
        cls, passages: Iterable[Passage], words_of: Callable[[Passage], list[str]] | None = None
    ) -> Lexical:
        """Count the words of passages, or what else `words_of` takes from each."""
        import bm25s

        words_of = words_of or passage_words
        bm25 = bm25s.BM25(k1=K1, b=B, method="lucene")
        # A passage without any word still has a place in the order, hence the empty word.
        bm25.index([words_of(passage) or [""] for passage in passages], show_progress=False)
        return cls(bm25)

    @classmethod
    def load(cls, folder: Path) -> Lexical:
        """Read what `save` has written."""
        import bm25s

        return cls(bm25s.BM25.load(str(folder)))

    def save(self, folder: Path) -> None:
        """Write the counts into a folder."""
        self._bm25.save(str(folder), show_progress=False)

    def scores(self, words: Sequence[str]) -> np.ndarray:
        """Return the BM25 score of every passage for these words."""
        return self._bm25.get_scores_from_ids(self._bm25.get_tokens_ids(list(words)))

    def scores_at(self, words: Sequence[str], rows: np.ndarray) -> np.ndarray:
        """Return the BM25 score of these passages alone; the cost grows with their number."""
        import numpy as np

        total = np.zeros(len(rows))
        for word in words:
            if word in self._bm25.vocab_dict:
                first, last = self._column(word)
                having = self._bm25.scores["indices"][first:last]
                place = np.minimum(np.searchsorted(having, rows), len(having) - 1)
                total += np.where(having[place] == rows, self._bm25.scores["data"][first:last][place], 0.0)
        return total

    def knows(self, words: Sequence[str]) -> bool:
        """Whether each of these words stands in some passage."""
        return all(word in self._bm25.vocab_dict for word in words)

    def different(self, rows: np.ndarray) -> np.ndarray:
        """Return how many different words each of these passages has."""
        return self._different[rows]

    def bound(self, words: Sequence[str]) -> float:
        """Return the score that no passage can exceed: the idf of each word that any passage contains."""
        return float(self._idf([word for word in words if word in self._bm25.vocab_dict]).sum())

    def coverage(self, words: Sequence[str], rows: np.ndarray) -> np.ndarray:
        """Return the idf-weighted share, 0..1, of these words that each of these passages contains.

        A word that no passage contains counts fully as missing.
        """
        import numpy as np

        shares = np.zeros(len(rows))
        weights = self._idf(words)
        for word, weight in zip(words, weights, strict=True):
            if word in self._bm25.vocab_dict:
                # They stand in order; np.isin would look at each, of which a word can have 500,000.
                having = self._containing(word)
                place = np.minimum(np.searchsorted(having, rows), len(having) - 1)
                shares[having[place] == rows] += weight
        return shares / max(float(weights.sum()), 1e-9)

    def weight(self, words: Sequence[str]) -> float:
        """Return the sum of the idf of these words; those that no passage has weigh most."""
        return float(self._idf(words).sum())

    def matched(self, words: Sequence[str], row: int) -> dict[str, float]:
        """Return the words that this passage contains, each with what it adds to the score."""
        import numpy as np

        found = {}
        for word in words:
            if word in self._bm25.vocab_dict and np.isin(row, self._containing(word)):
                found[word] = float(self.scores([word])[row])
        return found

    def _containing(self, word: str) -> np.ndarray:
        first, last = self._column(word)
        return self._bm25.scores["indices"][first:last]

    def _column(self, word: str) -> tuple[int, int]:
        start = self._bm25.vocab_dict[word]
        first, last = self._bm25.scores["indptr"][start : start + 2]
        return int(first), int(last)

    def _idf(self, words: Sequence[str]) -> np.ndarray:
        import numpy as np

        ids = [self._bm25.vocab_dict.get(word, -1) for word in words]
        counts = np.array([self._frequency[i] if i >= 0 else 0 for i in ids], dtype=np.float64)
        return np.log1p((self._passages - counts + 0.5) / (counts + 0.5))


def query_words(query: str) -> list[str]:
    """The distinct content words of a query, in order."""
    return list(dict.fromkeys(terms(query)))


def passage_words(passage: Passage) -> list[str]:
    """The content words of a passage, those of its title and headings twice."""
    return terms(passage.context) * TITLE_WEIGHT + terms(passage.keywords) + terms(passage.text)
