"""Turn the scores of both searches into one, and leave out what says the same twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from retrieval.passage import Passage

if TYPE_CHECKING:
    import numpy as np

# Share of the words in the score, by the language of the question. Measured on four English and two Chinese
# sets; in Chinese the vectors are the weaker of the two.
LEXICAL_SHARE = {"en": 0.3, "zh": 0.3}
FOREIGN = 0.7  # of the cosine, where words cannot help: what mixed scores come to at equal relevance
OTHER_LANGUAGE = 0.9  # of the score, for passages that are not in the preferred language
MANY = 30  # distinct words
_NEGATIONS = frozenset(
    ("no", "not", "cannot", "never", "without", "only", "except", "unless", *"不没无非未别勿仅除")
)
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\W_]+")


def fuse(cosine: np.ndarray, lexical: np.ndarray, foreign: np.ndarray, share: float) -> np.ndarray:
    """Mix cosines with BM25 scores scaled to 0..1; rank fusion would lose to the better list.

    Between a question and a passage in different languages the words know nothing, so there the cosine counts
    alone, unless words that both languages write alike (names, codes) make the mixture better.
    """
    import numpy as np

    mixed = (1 - share) * cosine + share * lexical
    alone = FOREIGN * cosine if share < 1 else lexical
    return np.where(foreign, np.maximum(mixed, alone), mixed)


def distinct(passages: Iterable[Passage], limit: int) -> list[int]:
    """Return the positions of the first `limit` passages that do not repeat one before them.

    Under the same title and heading, passages repeat each other when nine of ten words are the same and the
    others hold no number and no negation. Under different ones the words must all be the same and be many:
    short answers such as "Yes, it is free." stand under many questions.
    """
    kept: list[int] = []
    seen: list[tuple[str, set[str]]] = []
    for position, passage in enumerate(passages):
        one = passage.context, set(_WORDS.findall(passage.text.lower()))
        if any(_repeats(one, other) for other in seen):
            continue
        kept.append(position)
        seen.append(one)
        if len(kept) == limit:
            break
    return kept


def _repeats(one: tuple[str, set[str]], other: tuple[str, set[str]]) -> bool:
    words, others = one[1], other[1]
    if one[0] != other[0]:
        return words == others and len(words) >= MANY
    different = words ^ others
    if different & _NEGATIONS or any(c.isdigit() for c in "".join(different)):
        return False
    return len(different) <= 0.1 * len(words | others)
