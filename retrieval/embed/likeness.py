"""Keep how alike a question and its best passage are, while tuning changes which passage that is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from retrieval.embed.embedder import Embedder
from retrieval.languages.text import language_of

if TYPE_CHECKING:
    import numpy as np


def shifted_to_untuned(tuned: np.ndarray, untuned: np.ndarray, home: np.ndarray) -> np.ndarray:
    """The tuned likeness of each passage, moved so that the best one of either kind is as alike as before.

    `home` parts the passages in the language of the question from the others. Tuning orders the passages of
    a language; it turns the vectors of questions from all passages by as much as it likes, and one question
    further than another, which would part the languages. By how much the best passage is alike is also what
    tells whether an answer is known. Shape (passages,) each.
    """
    import numpy as np

    moved = np.array(tuned)
    for kind in (home, ~home):
        if kind.any():
            moved[kind] += untuned[kind].max() - tuned[kind].max()
    return moved


def alike(embedder: Embedder, question: str, texts: Sequence[str]) -> np.ndarray:
    """How alike in meaning a question and each text are: about 0 for unrelated ones, at most 1."""
    import numpy as np

    passages, asked = embedder.encode(texts), language_of(question)
    languages = np.asarray([language_of(text) for text in texts])

    def by(one: Embedder) -> np.ndarray:
        return one.likeness(passages @ one.encode_questions([question])[0], asked, languages)

    likeness = by(embedder)
    if embedder.untuned is embedder:
        return likeness
    return shifted_to_untuned(likeness, by(embedder.untuned), languages == asked)
