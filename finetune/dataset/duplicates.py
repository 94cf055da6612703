"""Leave out examples that say nearly the same as one before: MinHash over short pieces of the text."""

from __future__ import annotations

import re
from typing import Any

from retrieval.languages.text import terms

ALIKE = 0.7  # estimated Jaccard similarity of the pieces
PIECE = 3  # characters; short, because questions are
PERMUTATIONS = 128


class Seen:
    """Remembers texts; `twice` tells whether a nearly equal one came before (Broder 1997)."""

    def __init__(self, alike: float = ALIKE) -> None:
        from datasketch import MinHashLSH

        self._lsh: Any = MinHashLSH(threshold=alike, num_perm=PERMUTATIONS)
        self._count = 0

    def twice(self, text: str) -> bool:
        """Whether a nearly equal text was seen; if not, this one is remembered."""
        from datasketch import MinHash

        sketch = MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([piece.encode() for piece in pieces(text)])
        if self._lsh.query(sketch):
            return True
        self._count += 1
        self._lsh.insert(str(self._count), sketch)
        return False


def pieces(text: str) -> set[str]:
    """Every run of three characters of the words that carry meaning: politeness makes no difference."""
    plain = " ".join(terms(text)) or re.sub(r"\s+", " ", text.lower())
    return {plain[i : i + PIECE] for i in range(max(1, len(plain) - PIECE + 1))}
