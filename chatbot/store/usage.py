"""How customers fared with a model version: counts of stored turns, and how sure a share of them is."""

from __future__ import annotations

import math
from dataclasses import dataclass

NINETY_FIVE = 1.96  # standard errors to each side of a 95 % interval


@dataclass(frozen=True, slots=True)
class Usage:
    """Counts for one model label; `abstained` and `failed` are turns, `handed_over` conversations.

    A question that was not answered names no model. It counts for the version that answered before it in the
    same conversation, since a hand-over is asked for after a bad answer.
    """

    turns: int
    conversations: int
    abstained: int
    failed: int
    handed_over: int
    up: int
    down: int


def share(part: int, whole: int) -> tuple[float, float, float]:
    """A share with its 95 % interval (Wilson 1927), which also holds for a few dozen cases; NaN of none."""
    if not whole:
        return math.nan, math.nan, math.nan
    mean, square = part / whole, NINETY_FIVE**2
    middle = (mean + square / (2 * whole)) / (1 + square / whole)
    half = NINETY_FIVE / (1 + square / whole)
    half *= math.sqrt(mean * (1 - mean) / whole + square / (4 * whole**2))
    return mean, max(0.0, middle - half), min(1.0, middle + half)
