"""More examples from those there are: questions with typos or in other words, passages in another order."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace

from finetune.dataset.example import Example
from retrieval.words.synonyms import Synonyms

TYPOS = 0.15  # of the words that can be misspelt; one at least
_WORD = re.compile(r"\b[a-z]{4,}\b")  # a capital may begin a name
_PARTICLE = re.compile(r"[的了吗呢啊吧，。？！]")  # what hurried customers leave out


def augmented(examples: Sequence[Example], share: float, seed: int, synonyms: Synonyms) -> list[Example]:
    """So many further examples, as a share of the given ones, with the same answers.

    Each is a copy of another example: its question says a word by a synonym where the company has named one,
    or else has typos, and its passages stand in another order. The same seed gives the same copies.
    """
    rng = random.Random(seed)
    chosen = rng.sample(list(examples), min(len(examples), round(share * len(examples))))
    return [_copy(example, synonyms, rng) for example in chosen]


def misspelt(question: str, rng: random.Random) -> str:
    """The question as typed in a hurry; one without a word to misspell stays as it is."""
    places = [match.span() for pattern in (_WORD, _PARTICLE) for match in pattern.finditer(question)]
    for start, end in sorted(rng.sample(places, max(1, round(TYPOS * len(places))) if places else 0))[::-1]:
        question = question[:start] + _mistyped(question[start:end], rng) + question[end:]
    return question


def _mistyped(word: str, rng: random.Random) -> str:
    """Two letters the other way round, one left out, or one twice; a single character goes."""
    if len(word) < 2:
        return ""
    i = rng.randrange(1, len(word) - 1)
    return rng.choice(
        (word[:i] + word[i + 1] + word[i] + word[i + 2 :], word[:i] + word[i + 1 :], word[:i] + word[i - 1 :])
    )


def _copy(example: Example, synonyms: Synonyms, rng: random.Random) -> Example:
    question = synonyms.reworded(example.question, rng)
    if question == example.question:
        question = misspelt(question, rng)
    order = rng.sample(range(len(example.passages)), len(example.passages))
    gold = order.index(example.gold - 1) + 1 if example.gold else 0
    passages = tuple(example.passages[place] for place in order)
    return replace(example, id=f"{example.id}-again", question=question, passages=passages, gold=gold)
