"""What was said before a question: it counts less, and only where the question does not say it itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.words.lexical import Lexical

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True, slots=True)
class Earlier:
    """A text from before the question, and what a word of it counts beside a word of the question, 0..1.

    Without a `carried` one the question cannot be understood: how well passages fit is judged with it.
    """

    text: str
    weight: float
    carried: bool = False


def mixed(vector: np.ndarray, before: np.ndarray, earlier: Sequence[Earlier]) -> np.ndarray:
    """One vector of length one from that of the question and those of the earlier texts, `before`."""
    import numpy as np

    if not earlier:
        return vector
    vector = vector + np.asarray([one.weight for one in earlier], dtype=np.float32) @ before
    return vector / max(float(np.linalg.norm(vector)), 1e-9)


def weighted(
    own: Sequence[str], earlier: Sequence[Earlier], words_of: Callable[[str], list[str]]
) -> list[tuple[list[str], float]]:
    """The words of earlier texts that neither the question nor a text before it in the list has, weighed."""
    said = set(own)
    found = []
    for one in earlier:
        words = [word for word in words_of(one.text) if word not in said]
        said.update(words)
        if words:
            found.append((words, one.weight))
    return found


def bound(lexical: Lexical, groups: Sequence[tuple[list[str], float]]) -> float:
    """The score that no passage can exceed by these words."""
    return sum(weight * lexical.bound(words) for words, weight in groups)
