"""Made-up passages and vectors of any number, in the proportions of real ones."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from retrieval.articles.passage import Passage

DIMENSION = 384
WORDS = 50_000  # in the vocabulary, by Zipf's law
LENGTH = 25  # words of a passage


def vectors(count: int, seed: int = 0) -> np.ndarray:
    """Unit rows with a spectrum that falls as that of sentence embeddings does, around topics."""
    chance = np.random.default_rng(seed)
    scale = (np.arange(1, DIMENSION + 1) ** -0.5).astype(np.float32)
    topics = np.random.default_rng(7).normal(size=(2000, DIMENSION)).astype(np.float32)
    rows = np.empty((count, DIMENSION), dtype=np.float32)
    for start in range(0, count, 50_000):
        part = rows[start : start + 50_000]
        part[:] = chance.normal(size=part.shape)
        part += topics[chance.integers(len(topics), size=len(part))]
        part *= scale
        part /= np.linalg.norm(part, axis=1, keepdims=True)
    return rows


def texts(count: int, length: int = LENGTH, seed: int = 0) -> Iterator[str]:
    """Sentences of made-up words, the frequent ones in most of them."""
    chance = np.random.default_rng(seed)
    shares = 1 / np.arange(1, WORDS + 1) ** 0.9
    ends = np.cumsum(shares / shares.sum())
    words = np.array([_word(n) for n in range(WORDS)])
    for start in range(0, count, 10_000):
        drawn = np.searchsorted(ends, chance.random((min(10_000, count - start), length)))
        for row in words[np.minimum(drawn, WORDS - 1)]:
            yield " ".join(row)


def passages(count: int) -> list[Passage]:
    """English passages with a title of three words."""
    made = []
    for n, text in enumerate(texts(count)):
        title = " ".join(text.split(" ", 3)[:3])
        made.append(Passage(f"a{n}#1", f"a{n}", title, "", text, "", "en"))
    return made


def _word(n: int) -> str:
    """A word of two syllables or more, a different one for each number."""
    syllables = [c + v for c in "bdfgklmnprtvz" for v in "aeiou"]
    word = ""
    n += len(syllables)
    while n:
        n, place = divmod(n, len(syllables))
        word += syllables[place]
    return word
