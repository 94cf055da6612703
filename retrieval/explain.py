"""Show why a search found what it found, and why it did not find an article that was expected."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.index import Index
from retrieval.search.filters import CUSTOMER, Filter
from retrieval.search.hits import Hit
from retrieval.search.ranking import Ranking, passing

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a hit stands where it stands.

    Ranks begin at 1: the lexical one among all passages that the filters let through (None without a matching
    word), the dense one among the candidates. `terms` is what each matched word adds to the BM25 score,
    `fused` the mixture of both, `boost` the factor that the preference for a language puts on it. What the
    reranker says of it is in the hit.
    """

    hit: Hit
    lexical_rank: int | None
    terms: dict[str, float]
    dense_rank: int
    fused: float
    boost: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """`searched` passages passed the filters and `left_out` counts the others by the filter that did it.

    `words` are what was searched by, synonyms included; `why` answers for the article that was expected;
    `familiarity` is how like the questions that a tuned embedder learnt this one is, 0 to 1.
    """

    words: list[str]
    searched: int
    left_out: dict[str, int]
    candidates: int
    hits: list[Reason]
    why: str = ""
    familiarity: float | None = None


def explain(
    index: Index,
    query: str,
    k: int = 5,
    language: str | None = None,
    *,
    where: Filter = CUSTOMER,
    why: str = "",
    outsider: bool = True,
) -> Explanation:
    """Search and say how each hit was ranked.

    `why` names an article that was expected. To an `outsider` an article of another audience does not exist:
    it is neither named nor counted.
    """
    ranking = index.rank(query, k, language, where=where)
    if ranking is None:
        return Explanation([], 0, {}, 0, [], _absent(why) if why else "")
    left_out = Counter(where.against(passage) for passage in ranking.snapshot.passages)
    searched = left_out.pop("", 0)
    if outsider:
        left_out.pop("audience", None)
    snapshot = ranking.snapshot
    bm25 = passing(ranking.words.scores(snapshot.lexical), snapshot.masks.mask(where))
    placed = zip(ranking.hits, ranking.kept, strict=True)
    reasons = [_reason(hit, int(place), ranking, bm25) for hit, place in placed]
    answer = _why(why, ranking, bm25, where, k, outsider) if why else ""
    return Explanation(
        ranking.words.every_word(), searched, dict(left_out), len(ranking.rows), reasons, answer,
        index.familiarity(query),
    )  # fmt: skip


def _reason(hit: Hit, place: int, ranking: Ranking, bm25: np.ndarray) -> Reason:
    row = int(ranking.rows[place])
    terms = ranking.snapshot.lexical.matched(ranking.words.every_word(), row)
    fused, score = float(ranking.fused[place]), float(ranking.scores[place])
    return Reason(
        hit,
        _rank(bm25, float(bm25[row])),
        {word: round(gain, 4) for word, gain in terms.items()},
        _rank(ranking.cosine, float(ranking.cosine[place]), above=None) or 1,
        fused,
        score / fused if fused else 1.0,
    )


def _rank(scores: np.ndarray, score: float, above: float | None = 0.0) -> int | None:
    import numpy as np

    return None if above is not None and score <= above else 1 + int(np.count_nonzero(scores > score))


def _why(article: str, ranking: Ranking, bm25: np.ndarray, where: Filter, k: int, outsider: bool) -> str:
    """One sentence on what became of an article."""
    import numpy as np

    passages = ranking.snapshot.passages
    rows = [row for row, passage in enumerate(passages) if passage.article == article]
    decisions = {where.against(passages[row]) for row in rows}
    if not rows or (outsider and decisions == {"audience"}):
        return _absent(article)
    if "" not in decisions:
        first = passages[rows[0]]
        is_ = {
            "audience": f"it is {first.audience}: search with --audience internal",
            "language": f"it is in {first.language}",
            "product": f'its product is "{first.product}"',
            "tag": f"its tags are {', '.join(first.tags) or 'none'}",
        }
        return f'"{article}" is left out by the filter {min(decisions)}: {is_[min(decisions)]}.'
    places = [place for place in ranking.order if int(ranking.rows[place]) in set(rows)]
    if not places:
        best = max(float(bm25[row]) for row in rows)
        rank = _rank(bm25, best)
        words = f"by words its rank is {rank}" if rank else "it shares no word with the question"
        return (
            f'"{article}" is not among the {len(ranking.rows)} candidates: {words}, and its meaning is '
            "further from the question than theirs."
        )
    kept = [n for n, place in enumerate(ranking.kept, 1) if place in places]
    if kept:
        return f'"{article}" is found, at place {kept[0]}.'
    place = 1 + int(np.flatnonzero(ranking.order == places[0])[0])
    score, last = float(ranking.scores[places[0]]), float(ranking.scores[ranking.kept].min())
    if score > last or len(ranking.kept) < k:
        return f'"{article}" says the same as a passage above it, at place {place} of the candidates.'
    return f'"{article}" is at place {place} of the candidates with {score:.3f}; the last hit has {last:.3f}.'


def _absent(article: str) -> str:
    return (
        f'There is no article "{article}" in the index: `chatbot search` prints the names of those it finds.'
    )
