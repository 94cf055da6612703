"""Measures of a ranked list of articles against those that answer the question."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

DEPTH = 10
MEASURES = ("hit@1", "recall@5", "recall@10", "ndcg@10", "mrr")


def measures(found: Sequence[str], relevant: Mapping[str, float]) -> dict[str, float]:
    """Each of MEASURES, 0..1, of the articles found, best first; `relevant` has grades above 0.

    nDCG (Järvelin and Kekäläinen 2002) takes the grades as gains; all measures look at the first ten.
    """
    gains = [relevant.get(article, 0.0) for article in found[:DEPTH]]
    hits = [rank for rank, gain in enumerate(gains) if gain > 0]
    ideal = _discounted(sorted(relevant.values(), reverse=True)[:DEPTH])
    return {
        "hit@1": float(0 in hits),
        "recall@5": sum(rank < 5 for rank in hits) / len(relevant),
        "recall@10": len(hits) / len(relevant),
        "ndcg@10": _discounted(gains) / ideal,
        "mrr": 1 / (hits[0] + 1) if hits else 0.0,
    }


def _discounted(gains: Iterable[float]) -> float:
    return sum(gain / math.log2(rank + 2) for rank, gain in enumerate(gains))
