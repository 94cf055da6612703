"""Any sentence-transformers model as an embedder, by its hub id or its folder."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from retrieval.embed.embedder import unit
from retrieval.errors import EmbedderUnavailable

if TYPE_CHECKING:
    import numpy as np

BATCH = 32


class HubModel:
    """A sentence-transformers model named by its hub id or its folder."""

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        self.name = self.version = name
        try:
            self._model = SentenceTransformer(name)
        except Exception as error:  # the library raises a dozen kinds, from OSError to its own
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise EmbedderUnavailable(
                f'Cannot load the embedder "{name}" ({reason}): give a sentence-transformers hub id that is '
                'reachable or downloaded, a folder with such a model, or "default".'
            ) from error
        self._lock = threading.Lock()
        self.dimension = int(self.encode(["length"]).shape[1])

    @property
    def untuned(self) -> HubModel:
        """Itself."""
        return self

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed passages, cut at the model's maximal length, with its prompt for documents if it has one."""
        return self._encode(texts, self._model.encode_document)

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        """Embed questions, with the model's prompt for queries if it has one."""
        return self._encode(texts, self._model.encode_query)

    def likeness(self, products: np.ndarray, asked: str, languages: np.ndarray) -> np.ndarray:
        """The cosine itself: nothing is known of this model."""
        return products

    def familiarity(self, questions: Sequence[str]) -> None:
        """Nothing was tuned."""

    def _encode(self, texts: Sequence[str], encode: Any) -> np.ndarray:
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            return unit(encode(list(texts), batch_size=BATCH, show_progress_bar=False))
