"""What a model's first token tells of whether the passages answer: how likely it was to say that none does.

A small model says "I could not find the answer" too readily, or hardly ever; how it is taken is therefore
measured for each tuned model, on held-out questions (finetune/evaluation/abstention.py). `Doubt` turns the
probability into evidence, which is added to what the search saw.
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

Opening = Mapping[str, float]  # the likeliest first tokens of an answer, as text, with their probabilities


@dataclass(frozen=True, slots=True)
class Doubt:
    """A line from the log-probability of silence to the log-odds that a passage answers."""

    weight: float
    bias: float

    def evidence(self, opening: Opening, language: str) -> float:
        """Log-likelihood ratio of "a passage answers", in nats; negative speaks against an answer."""
        return self.bias - self.weight * log_silence(opening, language)


def log_silence(opening: Opening, language: str) -> float:
    """Log-probability that an answer with these first tokens begins like the sentence for "not found"."""
    begun = (p for token, p in opening.items() if token.strip() and _begins(token, language))
    return math.log(max(LEAST, sum(begun)))


def opening_of(logits: Any, tokenizer: Any) -> dict[str, float]:
    """The likeliest tokens as text with their probabilities; `logits` is a tensor over the vocabulary."""
    likeliest = logits.float().softmax(-1).topk(TOP)
    opening: dict[str, float] = {}
    for token, probability in zip(likeliest.indices.tolist(), likeliest.values.tolist(), strict=True):
        text = tokenizer.decode([token])
        opening[text] = opening.get(text, 0.0) + probability
    return opening


def read_doubt(model: ModelFolder) -> Doubt | None:
    """What was measured when the model was tuned; None for a model that was not tuned here."""
    beside = DEFAULT_ADAPTER if model.name == "default" else model.path
    row = read_object(beside / FILE)
    try:
        return Doubt(float(row["weight"]), float(row["bias"]))
    except (KeyError, TypeError, ValueError):
        return None


def _begins(token: str, language: str) -> bool:
    return ABSTENTION[language].startswith(token.strip())
