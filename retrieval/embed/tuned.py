"""An embedder whose questions were tuned on a company's own: the passages of the index stay as they are."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.embed.bilingual import ENGLISH, Bilingual
from retrieval.embed.e5 import DIMENSION
from retrieval.embed.remembered import Remembered
from retrieval.embed.tuned_region import TunedRegion
from retrieval.errors import ModelDamaged
from retrieval.languages.text import language_of
from retrieval.store.model_folder import WEIGHTS_FILE, read_folder

if TYPE_CHECKING:
    import numpy as np

KIND = "retriever"
REGION_FILE = "familiar.npz"


class Tuned:
    """The default embedder with E5's changes for questions like those it was tuned on.

    A question unlike all of them keeps its vector of before; what lies between gets a mixture. Passages have
    the vectors of before, so an index needs not be made again and the name is that of before; `untuned`
    compares questions with questions, which tuning would put out of step.
    """

    def __init__(self, folder: Path) -> None:
        about = read_folder(folder, KIND)
        self.untuned = Remembered(Bilingual())  # asked twice in a turn: here and by past questions
        if about["embedder"] != self.untuned.name:
            raise ModelDamaged(
                f'{folder} was tuned from the embedder "{about["embedder"]}", and this program has '
                f'"{self.untuned.name}": tune it again with `chatbot finetune retriever`.'
            )
        self.name, self.dimension = self.untuned.name, self.untuned.dimension
        self.version = f"{folder.name}@{about['version']}"
        if REGION_FILE not in about["files"]:
            raise ModelDamaged(
                f"{folder} was tuned by an older version of this program: tune it again with "
                "`chatbot finetune retriever`."
            )
        self._region = TunedRegion.load(folder / REGION_FILE)
        self._weights = folder / WEIGHTS_FILE
        self._lock = threading.Lock()
        self._e5: Any = None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """As the embedder that was tuned."""
        return self.untuned.encode(texts)

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        """Embed questions, to be compared with passages."""
        import numpy as np

        vectors = self.untuned.encode_questions(texts)
        before = e5_of(vectors)
        share = self._region.share(before)
        rows = np.flatnonzero(share).tolist()
        if not rows:
            return vectors
        some = [texts[row] for row in rows]
        mixed = before[rows] + share[rows, None] * (self._e5_tuned(some) - before[rows])
        vectors = vectors.copy()
        vectors[rows] = with_e5(vectors[rows], mixed / np.linalg.norm(mixed, axis=1, keepdims=True), some)
        return vectors

    def familiarity(self, questions: Sequence[str]) -> np.ndarray:
        """How familiar each question is, 0 to 1: so much of the tuning its vector gets."""
        return self._region.share(e5_of(self.untuned.encode_questions(questions)))

    def likeness(self, products: np.ndarray, asked: str, languages: np.ndarray) -> np.ndarray:
        """As the embedder that was tuned."""
        return self.untuned.likeness(products, asked, languages)

    def _e5_tuned(self, texts: Sequence[str]) -> np.ndarray:
        with self._lock:
            if self._e5 is None:
                from retrieval.embed.e5 import E5

                self._e5 = E5(deltas=self._weights)
            vectors: np.ndarray = self._e5.encode(texts, "query: ")
            return vectors


def e5_of(vectors: np.ndarray) -> np.ndarray:
    """E5's vectors, of length one, in those of the default embedder; zeros stay zeros."""
    import numpy as np

    e5 = vectors[:, -DIMENSION:]
    return e5 / np.maximum(np.linalg.norm(e5, axis=1, keepdims=True), 1e-9)


def with_e5(vectors: np.ndarray, e5: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """The vectors of the default embedder with other ones in the place of E5's, shape (texts, 384)."""
    import numpy as np

    english = np.asarray([language_of(text) == ENGLISH for text in texts], dtype=bool)
    share = np.where(english, Bilingual.E5**0.5, 1.0)[:, None].astype(np.float32)
    return np.concatenate([vectors[:, :-DIMENSION], share * e5], axis=1)
