"""How to take a tuned model's first token: what saying "not found" readily told on held-out examples."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from chatbot.models.abstention import FILE, AbstentionPrior
from finetune.dataset.example import Example
from finetune.evaluation.logistic import logistic

RIDGE = 1.0  # pulls the weight to 0, "the first token tells nothing", when there are few examples
FEWEST = 5  # examples with and without an answer, each
_FLAT = 1e-6  # hardly a penalty: the bias is free


def fit(answered: Sequence[float], unanswered: Sequence[float]) -> AbstentionPrior | None:
    """Logistic regression of "a passage answers" on log-probabilities of silence, as a likelihood ratio.

    The log-odds of the examples themselves are taken off, so that what remains is what the model adds. None
    when there are too few of either kind, or a model that says "not found" more readily where there is an
    answer.
    """
    if min(len(answered), len(unanswered)) < FEWEST:
        return None
    rows = np.array([(1.0, -x) for x in [*answered, *unanswered]])
    answers = np.array([1.0] * len(answered) + [0.0] * len(unanswered))
    prior = math.log(len(answered) / len(unanswered))
    bias, weight = map(float, logistic(rows, answers, np.array([_FLAT, RIDGE]), prior))
    return AbstentionPrior(round(weight, 4), round(bias, 4)) if weight > 0 else None


def write_abstention_prior(
    folder: Path, examples: Sequence[Example], silences: Sequence[float | None]
) -> AbstentionPrior | None:
    """Fit on examples that were not learnt and keep the result in the model's folder, if there is one."""
    seen = [(one.gold, x) for one, x in zip(examples, silences, strict=True) if x is not None]
    prior = fit([x for gold, x in seen if gold], [x for gold, x in seen if not gold])
    if prior:
        (folder / FILE).write_text(json.dumps(asdict(prior)) + "\n", encoding="utf-8")
    return prior
