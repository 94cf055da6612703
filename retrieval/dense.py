"""Search vectors by inner product with FAISS, on a GPU where there is one."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

Search = Callable[["np.ndarray", int], "np.ndarray"]


class Dense:
    """Vectors of shape (passages, dimension), searched one language at a time.

    Each language has an index of its own, so that a question finds the best passages of every language even
    where those of its own language all score higher.
    """

    def __init__(self, vectors: np.ndarray, languages: Sequence[str]) -> None:
        import numpy as np

        self._vectors = vectors
        spoken = np.asarray(languages)
        self._parts: list[tuple[np.ndarray, Search]] = []
        for language in sorted(set(languages)):
            rows = np.flatnonzero(spoken == language)
            self._parts.append((rows, _searcher(np.ascontiguousarray(vectors[rows]))))

    def nearest(self, vector: np.ndarray, n: int) -> np.ndarray:
        """Return the rows of the n nearest passages of each language."""
        import numpy as np

        found = [rows[search(vector, min(n, len(rows)))] for rows, search in self._parts]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def products(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the inner products of these rows with the vector."""
        return self._vectors[rows] @ vector


def _searcher(vectors: np.ndarray) -> Search:
    """Build the flat index of these vectors and return its search."""
    faiss = _faiss()
    if faiss is None:
        return lambda vector, n: (vectors @ vector).argpartition(-n)[-n:]
    index = _on_gpu(faiss, faiss.IndexFlatIP(vectors.shape[1]))
    index.add(vectors)
    return lambda vector, n: index.search(vector[None, :], n)[1][0]


@cache
def _faiss() -> Any | None:
    try:
        import faiss
    except (RuntimeError, OSError) as error:  # faiss-gpu without its CUDA libraries
        log.warning("FAISS cannot start (%s): searching with numpy instead; install faiss-cpu.", error)
        return None
    return faiss


def _on_gpu(faiss: Any, index: Any) -> Any:
    if not hasattr(faiss, "StandardGpuResources") or faiss.get_num_gpus() == 0:
        return index
    try:
        return faiss.index_cpu_to_gpu(_gpu_resources(faiss), 0, index)
    except RuntimeError as error:
        log.warning("FAISS cannot use the GPU (%s): searching on the CPU.", str(error).splitlines()[0])
        return index


@cache
def _gpu_resources(faiss: Any) -> Any:
    return faiss.StandardGpuResources()
