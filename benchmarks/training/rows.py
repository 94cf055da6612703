"""Made-up training rows with the lengths of grounded examples: a long prompt, a short answer."""

from __future__ import annotations

import random

from finetune.training.train import Row

# Of the example shop's data set with the embedded model: prompts of 260 to 1100 tokens, answers of 12 to 90.
PROMPTS = (550.0, 0.35)  # median and spread (of the logarithm)
ANSWERS = (34.0, 0.5)
LONGEST = 1500


def made_up(count: int, words: int, seed: int = 0) -> list[Row]:
    """So many rows of random token ids below `words`; the same seed gives the same."""
    chance = random.Random(seed)
    rows = []
    for _ in range(count):
        prompt = min(LONGEST, round(PROMPTS[0] * chance.lognormvariate(0, PROMPTS[1])))
        answer = max(2, round(ANSWERS[0] * chance.lognormvariate(0, ANSWERS[1])))
        ids = [chance.randrange(100, words) for _ in range(prompt + answer)]
        rows.append({"input_ids": ids, "completion_mask": [0] * prompt + [1] * answer})
    return rows
