"""Turn the signs of a match into one score, and leave out what says the same twice."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from retrieval.articles.passage import Passage
from retrieval.search.question import BEST_PARTS

if TYPE_CHECKING:
    import numpy as np

# What each sign of a match adds to the score: cosine; cosine after whitening; BM25 of
# the words and of their n-grams, each as a share of what no passage can exceed; logarithm of the number of
# different words, since a longer passage more often holds the answer. Fitted on mtrag, dstc9_faq,
# dstc11_track5 and egret_wenda_zh by the softmax loss of the right article; docs/retrieval-quality.md.
SIGNS = ("cosine", "whitened", "words", "ngrams", "length")
FUSION_WEIGHTS = {
    "cosine": 0.452,
    "whitened": 0.341,
    "words": 0.045,
    "ngrams": 0.203,
    "length": 0.02,
    "bias": -0.016,
}
# Of the cosine, where words cannot help: what fused scores come to at equal relevance, or a little less, for
# what is said in the language asked in is wanted first.
FOREIGN = 0.7
FOREIGN_WORDS = 0.3
FAINT = 0.1  # of a cosine below 0: shared words count against it, and the order stays
OTHER_LANGUAGE = 0.9  # of the score, for passages that are not in the preferred language
MANY = 30  # distinct words
_NEGATIONS = frozenset(
    ("no", "not", "cannot", "never", "without", "only", "except", "unless", *"不没无非未别勿仅除")
)
_WORDS = re.compile(r"[\u3400-\u9fff]|[^\W_]+")


def fuse(signs: np.ndarray, foreign: np.ndarray, weights: Mapping[str, float] = FUSION_WEIGHTS) -> np.ndarray:
    """Weigh the SIGNS of each passage, shape (passages, 5); rank fusion would lose to the better list.

    Between a question and a passage in different languages the words know nothing, so there the cosine counts
    alone, unless words that both languages write alike (names, codes) make the mixture better.
    """
    import numpy as np

    home = signs @ [weights[sign] for sign in SIGNS] + weights["bias"]
    cosine, words = signs[:, SIGNS.index("cosine")], signs[:, SIGNS.index("words")]
    alone = FOREIGN * np.where(cosine > 0, cosine, FAINT * cosine) + FOREIGN_WORDS * words
    return np.where(foreign, alone, home)


def best_parts(
    signs: Sequence[np.ndarray], foreign: np.ndarray, weights: Mapping[str, float] = FUSION_WEIGHTS
) -> np.ndarray:
    """The SIGNS of each passage: of a question in parts, the mean over the BEST_PARTS that suit it best."""
    import numpy as np

    if len(signs) == 1:
        return signs[0]
    stacked = np.stack(signs)
    suits = np.argsort([-fuse(one, foreign, weights) for one in signs], axis=0)[:BEST_PARTS]
    return np.take_along_axis(stacked, suits[:, :, None], axis=0).mean(0)


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
