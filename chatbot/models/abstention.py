"""What a model's first token tells of whether the passages answer: how likely it was to say that none does.

A small model says "I could not find the answer" too readily, or hardly ever; how it is taken is therefore
measured for each tuned model, on held-out questions (finetune/evaluation/abstention.py). The abstention prior
turns the probability into evidence, which is added to what the search saw.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chatbot.models.folders import DEFAULT_ADAPTER, ModelFolder, read_object
from chatbot.turn.prompt import ABSTENTION

FILE = "silence.json"
TOP = 20  # first tokens that are looked at; the most that OpenAI and vLLM tell
LEAST = 0.005  # a probability below it tells no more than this one


@dataclass(frozen=True, slots=True)
class FirstTokens:
    """The likeliest first tokens of an answer: probabilities by text."""

    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class AbstentionPrior:
    """A line from the log-probability of abstaining to the log-odds that a passage answers."""

    weight: float
    bias: float

    def evidence(self, first: FirstTokens, language: str) -> float:
        """Log-likelihood ratio of "a passage answers", in nats; negative speaks against an answer."""
        return self.bias - self.weight * log_abstention(first, language)


def log_abstention(first: FirstTokens, language: str) -> float:
    """Log-probability that an answer with these first tokens begins like the sentence for "not found"."""
    begun = (p for token, p in first.probabilities.items() if token.strip() and _begins(token, language))
    return math.log(max(LEAST, sum(begun)))


def first_tokens_of(logits: Any, tokenizer: Any) -> FirstTokens:
    """The likeliest tokens as text with their probabilities; `logits` is a tensor over the vocabulary."""
    likeliest = logits.float().softmax(-1).topk(TOP)
    probabilities: dict[str, float] = {}
    for token, probability in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True):
        text = tokenizer.decode([token])
        probabilities[text] = probabilities.get(text, 0.0) + probability
    return FirstTokens(probabilities)


def read_abstention_prior(model: ModelFolder) -> AbstentionPrior | None:
    """What was measured when the model was tuned; None for a model that was not tuned here."""
    beside = DEFAULT_ADAPTER if model.name == "default" else model.path
    row = read_object(beside / FILE)
    try:
        return AbstentionPrior(float(row["weight"]), float(row["bias"]))
    except (KeyError, TypeError, ValueError):
        return None


def _begins(token: str, language: str) -> bool:
    return ABSTENTION[language].startswith(token.strip())
