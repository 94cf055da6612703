"""An embedder that remembers its last texts, so that a question is embedded once for all who need it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from retrieval.embed.embedder import Embedder

if TYPE_CHECKING:
    import numpy as np

LAST = 512  # texts: the questions and source sentences of some twenty turns, below two megabytes


class Remembered:
    """The embedder of an open index; in a turn, search, past questions and sentences ask it for the same."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.name, self.version, self.dimension = embedder.name, embedder.version, embedder.dimension
        self._lock = threading.Lock()
        self._last: OrderedDict[tuple[str, str], np.ndarray] = OrderedDict()
        self.untuned: Embedder = self if embedder.untuned is embedder else embedder.untuned

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of these texts, embedding those that were not among the last."""
        return self._remembered("text", texts, self._embedder.encode)

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        """Return the vectors of these questions, embedding those that were not among the last."""
        return self._remembered("question", texts, self._embedder.encode_questions)

    def likeness(self, products: np.ndarray, asked: str, languages: np.ndarray) -> np.ndarray:
        """As the embedder has it."""
        return self._embedder.likeness(products, asked, languages)

    def familiarity(self, questions: Sequence[str]) -> np.ndarray | None:
        """As the embedder has it."""
        return self._embedder.familiarity(questions)

    def _remembered(
        self, kind: str, texts: Sequence[str], encode: Callable[[Sequence[str]], np.ndarray]
    ) -> np.ndarray:
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            known = {text: self._last[kind, text] for text in texts if (kind, text) in self._last}
        if new := [text for text in dict.fromkeys(texts) if text not in known]:
            known |= zip(new, encode(new), strict=True)
        with self._lock:
            for text, vector in known.items():
                self._last[kind, text] = vector
                self._last.move_to_end((kind, text))
            while len(self._last) > LAST:
                self._last.popitem(last=False)
        return np.stack([known[text] for text in texts])
