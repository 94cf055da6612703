"""Measures of an answer against a reference, for English and Chinese, and how sure one can be of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from retrieval.languages.text import tokens


def rouge_l(answer: str, reference: str) -> float:
    """F1 of the longest common subsequence of words (Lin 2004), 0..1; Chinese is cut into words first."""
    said, wanted = tokens(answer), tokens(reference)
    if not said or not wanted:
        return float(said == wanted)
    row = [0] * (len(wanted) + 1)
    for word in said:
        diagonal = 0
        for j, other in enumerate(wanted, start=1):
            diagonal, row[j] = row[j], diagonal + 1 if word == other else max(row[j], row[j - 1])
    return 2 * row[-1] / (len(said) + len(wanted))


def chrf(answer: str, reference: str) -> float:
    """F2 of the letter sequences of one to six letters (Popovic 2015), 0..1, as sacrebleu computes it."""
    return float(_chrf().sentence_score(answer, [reference]).score) / 100


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def bootstrap(values: Sequence[float], seed: int = 0, rounds: int = 2000) -> Interval:
    """Percentile bootstrap of the mean (Efron 1979); for a paired comparison give the differences."""
    import numpy as np

    if not values:
        return Interval(float("nan"), float("nan"), float("nan"))
    array = np.asarray(values, dtype=float)
    picks = np.random.default_rng(seed).integers(0, len(array), (rounds, len(array)))
    low, high = np.percentile(array[picks].mean(axis=1), [2.5, 97.5])
    return Interval(float(array.mean()), float(low), float(high))
