"""One search: candidates by words and by meaning, the signs of each, one score, no repetitions, hits."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from retrieval.articles.passage import Passage
from retrieval.embed.embedder import Embedder
from retrieval.embed.likeness import shifted_to_untuned
from retrieval.languages.text import language_of
from retrieval.search import rerank
from retrieval.search.earlier import Earlier, bound
from retrieval.search.filters import Filter, nearest
from retrieval.search.fusion import OTHER_LANGUAGE, SIGNS, best_parts, distinct, fuse
from retrieval.search.hits import Hit
from retrieval.search.question import Part, parts_of, split_question
from retrieval.search.snapshot import Snapshot
from retrieval.store.content import embedded_text
from retrieval.vectors.whitening import WHITENED_OF_COSINE
from retrieval.words.synonyms import Synonyms, Wording

if TYPE_CHECKING:
    import numpy as np

CANDIDATES = 50  # of each language from the vectors, and as many from the words

STAGES = ("embedding", "dense", "words", "fusing")  # of a search, in order
Way = Literal["lexical", "dense", "fused"]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every number of one search: `rows` are the candidates, `kept` the places among them that are `hits`."""

    snapshot: Snapshot
    words: Wording
    rows: np.ndarray
    foreign: np.ndarray  # whether a candidate is in another language than the question
    cosine: np.ndarray
    fused: np.ndarray
    scores: np.ndarray  # fused, after the preference for a language
    order: np.ndarray
    kept: np.ndarray
    signs: np.ndarray  # of each candidate, what `fused` weighs
    hits: list[Hit]
    seconds: dict[str, float]  # of each stage of the search


@dataclass(frozen=True, slots=True)
class _Candidates:
    """The candidates' rows, and for each part of the question the BM25 score of every row."""

    rows: np.ndarray
    bm25: list[np.ndarray]


@dataclass(frozen=True, slots=True)
class Ranker:
    """All that one search uses, from its beginning to its end."""

    snapshot: Snapshot
    embedder: Embedder
    synonyms: Synonyms
    weights: Mapping[str, float]
    reranker: rerank.Reranker | None

    def rank(
        self,
        query: str,
        k: int,
        language: str | None,
        way: Way,
        where: Filter,
        earlier: Sequence[Earlier],
    ) -> Ranking:
        """Find at most k hits for a query that is not blank; the arguments are those of `Index.search`."""
        import numpy as np

        clock = [time.perf_counter()]
        texts = split_question(query) if way == "fused" else [query]
        parts = parts_of(texts, earlier, self.synonyms, self.embedder)
        clock.append(time.perf_counter())

        asked = language_of(query)
        allowed = self.snapshot.masks.mask(where)
        found = self._find(parts, allowed, max(k, CANDIDATES), clock)
        foreign = self.snapshot.languages[found.rows] != asked
        signs = best_parts(self._signs(parts, asked, found), foreign, self.weights)
        cosine = signs[:, SIGNS.index("cosine")]
        alone = {"dense": cosine, "lexical": signs[:, SIGNS.index("words")]}
        fused = alone[way] if way in alone else fuse(signs, foreign, self.weights)
        scores = fused
        if language is not None:
            scores = np.where(
                self.snapshot.languages[found.rows] == language, scores, scores * OTHER_LANGUAGE
            )

        order = np.argsort(-scores, kind="stable")
        most = max(k, rerank.BEST) if self.reranker else k
        kept = order[distinct((self.snapshot.passages[row] for row in found.rows[order]), most)]
        final, judged = self._judge(
            query, [self.snapshot.passages[row] for row in found.rows[kept]], scores[kept]
        )
        best_first = np.argsort(-final, kind="stable")[:k]
        kept, final, judged = kept[best_first], final[best_first], judged[best_first]
        clock.append(time.perf_counter())

        shown = found.rows[kept]
        # Of the question itself, for a mixture is nearer to everything; of a letter, of its best part.
        own = np.max([self._own(part, asked, found.rows, kept) for part in parts], axis=0)
        hits = self._hits(parts, found, shown, (final, own, signs[kept, SIGNS.index("whitened")], judged))
        words = parts[0].words if len(parts) == 1 else self.synonyms.wording(query)
        seconds = dict(zip(STAGES, np.diff(clock).tolist(), strict=True))
        return Ranking(
            self.snapshot, words, found.rows, foreign, cosine, fused, scores, order, kept, signs, hits,
            seconds,
        )  # fmt: skip

    def _find(
        self, parts: Sequence[Part], allowed: np.ndarray | None, most: int, clock: list[float]
    ) -> _Candidates:
        """What any part of a question finds."""
        import numpy as np

        snapshot = self.snapshot
        found = [nearest(snapshot.dense, part.vector, most, allowed, snapshot.languages) for part in parts]
        clock.append(time.perf_counter())
        bm25 = [passing(part.scores(snapshot.lexical), allowed) for part in parts]
        found += [best(scores, most) for scores in bm25]
        for part in parts:
            if not snapshot.lexical.knows(part.words.every_word()):  # misspelt, perhaps
                alike = snapshot.ngrams.scores(part.ngrams[0][0])
                found.append(best(passing(alike, allowed), CANDIDATES // 2))
        clock.append(time.perf_counter())
        return _Candidates(np.unique(np.concatenate(found)), bm25)

    def _signs(self, parts: Sequence[Part], asked: str, found: _Candidates) -> list[np.ndarray]:
        """For each part of the question the SIGNS of each candidate, shape (candidates, 5)."""
        rows = found.rows
        return [
            self._signs_of(part, asked, rows, bm25[rows])
            for part, bm25 in zip(parts, found.bm25, strict=True)
        ]

    def _signs_of(self, part: Part, asked: str, rows: np.ndarray, bm25: np.ndarray) -> np.ndarray:
        import numpy as np

        snapshot = self.snapshot
        home = snapshot.languages[rows] == asked
        cosine, whitened = self._meaning(part.vector, part.alone, asked, rows)
        if part.is_tuned:
            before = self._meaning(part.untuned, part.untuned_alone, asked, rows)
            pairs = zip((cosine, whitened), before, strict=True)
            cosine, whitened = (shifted_to_untuned(after, one, home) for after, one in pairs)
        words = bm25 / max(part.bound(snapshot.lexical), 1e-9)
        alike = sum(weight * snapshot.ngrams.scores_at(some, rows) for some, weight in part.ngrams)
        ngrams = alike / max(bound(snapshot.ngrams, part.ngrams), 1e-9)
        length = np.log1p(snapshot.lexical.different(rows))
        return np.stack((cosine, whitened, words, ngrams, length), axis=1)

    def _meaning(
        self, vector: np.ndarray, alone: np.ndarray, asked: str, rows: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """How alike a question and each row are, as they are and whitened.

        Passages of another language are compared with the question alone: what was said before would bring
        it nearer to all of them.
        """
        import numpy as np

        snapshot = self.snapshot
        home = snapshot.languages[rows] == asked
        cosine = self._likeness(vector, asked, rows)
        if not home.all():
            cosine = np.where(home, cosine, self._likeness(alone, asked, rows))
        whitened = snapshot.whitening.likeness(vector, asked, rows, snapshot.dense)
        usual = WHITENED_OF_COSINE * cosine
        return cosine, usual if whitened is None else np.where(home, whitened, usual)

    def _own(self, part: Part, asked: str, rows: np.ndarray, places: np.ndarray) -> np.ndarray:
        """How alike a part by itself and the candidates at these places of `rows` are."""
        if not part.is_tuned:
            return self._likeness(part.alone, asked, rows[places])
        before, after = (self._likeness(one, asked, rows) for one in (part.untuned_alone, part.alone))
        return shifted_to_untuned(after, before, self.snapshot.languages[rows] == asked)[places]

    def _likeness(self, vector: np.ndarray, asked: str, rows: np.ndarray) -> np.ndarray:
        """How alike a question and each row are, hubs of another language brought down."""
        snapshot = self.snapshot
        languages = snapshot.languages[rows]
        products = (
            snapshot.dense.products(vector, rows) - (languages != asked) * snapshot.whitening.hubness[rows]
        )
        return self.embedder.likeness(products, asked, languages)

    def _judge(
        self, query: str, passages: Sequence[Passage], scores: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The scores with the reranker's judgement in them, and the judgement; NaN where it read nothing."""
        import numpy as np

        judged = np.full(len(passages), np.nan)
        if self.reranker is None:
            return scores, judged
        places = rerank.in_doubt(scores, self.reranker.weight)
        judged[places] = self.reranker.judge(query, [embedded_text(passages[i]) for i in places])
        return rerank.mixed(scores, np.where(np.isnan(judged), 0.5, judged), self.reranker.weight), judged

    def _hits(
        self, parts: Sequence[Part], found: _Candidates, shown: np.ndarray, known: Sequence[np.ndarray]
    ) -> list[Hit]:
        """The hits at these rows, of which score, cosine, whitened cosine and judgement are `known`."""
        import numpy as np

        lexical = np.max([scores[shown] for scores in found.bm25], axis=0)
        coverage = np.max([part.said.coverage(self.snapshot.lexical, shown) for part in parts], axis=0)
        numbers = np.stack((*known, lexical, coverage), axis=1).tolist()
        return [
            Hit(
                self.snapshot.passages[row],
                score,
                dense,
                words,
                covered,
                whitened=whitened,
                reranked=None if math.isnan(verdict) else verdict,
            )
            for row, (score, dense, whitened, verdict, words, covered) in zip(shown, numbers, strict=True)
        ]


def best(scores: np.ndarray, n: int) -> np.ndarray:
    """The rows of the n highest scores above zero."""
    import numpy as np

    found = np.flatnonzero(scores > 0)
    return found if len(found) <= n else found[np.argpartition(-scores[found], n)[:n]]


def passing(scores: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """The scores, 0 for rows that a filter leaves out."""
    import numpy as np

    return scores if allowed is None else np.where(allowed, scores, 0.0)
