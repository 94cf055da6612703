"""How to take a tuned model's first token: what saying "not found" readily told on held-out examples."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from chatbot.silence import FILE, Doubt
from finetune.example import Example

RIDGE = 1.0  # pulls the weight to 0, "the first token tells nothing", when there are few examples
FEWEST = 5  # examples with and without an answer, each


def fit(answered: Sequence[float], unanswered: Sequence[float]) -> Doubt | None:
    """Logistic regression of "a passage answers" on log-probabilities of silence, as a likelihood ratio.

    The log-odds of the examples themselves are taken off, so that what remains is what the model adds. None
    when there are too few of either kind, or a model that says "not found" more readily where there is an
    answer.
    """
    if min(len(answered), len(unanswered)) < FEWEST:
        return None
    points = [(x, 1.0) for x in answered] + [(x, 0.0) for x in unanswered]
    prior = math.log(len(answered) / len(unanswered))
    bias = weight = 0.0
    for _ in range(50):  # Newton's method in two dimensions
        g0 = g1 = h00 = h01 = h11 = 0.0
        for x, y in points:
            p = 1 / (1 + math.exp(-(prior + bias - weight * x)))
            g0, g1 = g0 + y - p, g1 - x * (y - p)
            h = p * (1 - p)
            h00, h01, h11 = h00 + h, h01 - h * x, h11 + h * x * x
        g1, h11 = g1 - RIDGE * weight, h11 + RIDGE
        determinant = h00 * h11 - h01 * h01
        if determinant < 1e-9:
            return None
        bias += (h11 * g0 - h01 * g1) / determinant
        weight += (h00 * g1 - h01 * g0) / determinant
    return Doubt(round(weight, 4), round(bias, 4)) if weight > 0 else None


def write_doubt(folder: Path, examples: Sequence[Example], silences: Sequence[float | None]) -> Doubt | None:
    """Fit on examples that were not learnt and keep the result in the model's folder, if there is one."""
    seen = [(one.gold, x) for one, x in zip(examples, silences, strict=True) if x is not None]
    doubt = fit([x for gold, x in seen if gold], [x for gold, x in seen if not gold])
    if doubt:
        (folder / FILE).write_text(json.dumps(asdict(doubt)) + "\n", encoding="utf-8")
    return doubt
