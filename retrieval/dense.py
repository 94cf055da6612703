"""Search vectors by inner product with FAISS: exactly while they are few, else by an inverted index."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

Search = Callable[["np.ndarray", int], "np.ndarray"]

# Up to so many passages of a language every vector is compared. An inverted index is faster from some 2,000 on,
# but by less than a millisecond below this size, while embedding a question takes several.
EXACT = 10_000
LISTS = 4  # times the root of the number of passages: lists of an inverted index
TRAINED = 64  # vectors a list that its centre is learnt from
JUDGES = 200  # vectors that the number of lists to look into is chosen by
RECALL = 0.995  # of the nearest ten that it must find for them; questions lie further off than passages do


class Dense:
    """Vectors of shape (passages, dimension), searched one language at a time.

    Each language has an index of its own, so that a question finds the best passages of every language even
    where those of its own language all score higher. `folder` holds what `write_dense` has prepared; a
    language without a file there is searched exactly.
    """

    def __init__(self, vectors: np.ndarray, languages: Sequence[str], folder: Path | None = None) -> None:
        self._vectors = vectors
        self._parts = [
            (rows, _searcher(vectors, rows, None if folder is None else _file(folder, language)))
            for language, rows in by_language(languages)
        ]

    def nearest(self, vector: np.ndarray, n: int) -> np.ndarray:
        """Return the rows of the n nearest passages of each language, nearly exactly for many passages."""
        import numpy as np

        found = [rows[search(vector, min(n, len(rows)))] for rows, search in self._parts]
        return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)

    def cosines(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the inner products of these rows with the vector."""
        return self._vectors[rows] @ vector


def write_dense(folder: Path, vectors: np.ndarray, languages: Sequence[str]) -> None:
    """Write an inverted index for each language with more than EXACT passages; none where FAISS cannot start."""
    faiss = _faiss()
    for language, rows in by_language(languages):
        if faiss is not None and len(rows) > EXACT:
            folder.mkdir(exist_ok=True)
            faiss.write_index(_inverted(faiss, _taken(vectors, rows)), str(_file(folder, language)))


def by_language(languages: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    """Each language with the rows that are in it."""
    import numpy as np

    spoken = np.asarray(languages)
    return [(language, np.flatnonzero(spoken == language)) for language in sorted(set(languages))]


def _inverted(faiss: Any, vectors: np.ndarray) -> Any:
    count, dimension = vectors.shape
    lists = int(LISTS * count**0.5)
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(dimension), dimension, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.spherical = True
    index.cp.max_points_per_centroid = TRAINED
    index.cp.min_points_per_centroid = 1
    index.train(vectors)
    index.add(vectors)
    index.nprobe = _probes(index, vectors, lists)
    return index


def _probes(index: Any, vectors: np.ndarray, lists: int) -> int:
    """The fewest lists, in powers of two, in which the judges find their exact neighbours."""
    import numpy as np

    own = np.random.default_rng(0).choice(len(vectors), JUDGES, replace=False)
    judges = np.ascontiguousarray(vectors[own])
    exact = _exact(vectors, judges, 11)
    probes = 8
    while probes < lists:
        index.nprobe = probes
        found = index.search(judges, 11)[1]
        # Each judge finds itself, which proves nothing.
        shared = [len((set(a) & set(b)) - {i}) / 10 for a, b, i in zip(found, exact, own, strict=True)]
        if np.mean(shared) >= RECALL:
            return probes
        probes *= 2
    return lists


def _exact(vectors: np.ndarray, judges: np.ndarray, n: int) -> np.ndarray:
    faiss = _faiss()
    assert faiss is not None, "an inverted index is made with FAISS"
    return faiss.knn(judges, vectors, n, metric=faiss.METRIC_INNER_PRODUCT)[1]


def _searcher(vectors: np.ndarray, rows: np.ndarray, file: Path | None) -> Search:
    """The search of one language: by its file if there is one, else exact."""
    faiss = _faiss()
    if faiss is None:
        part = _taken(vectors, rows)
        return lambda vector, n: (part @ vector).argpartition(-n)[-n:]
    index = _open(faiss, vectors, rows, file)
    return lambda vector, n: (found := index.search(vector[None, :], n)[1][0])[found >= 0]


def _open(faiss: Any, vectors: np.ndarray, rows: np.ndarray, file: Path | None) -> Any:
    gpu = hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0
    if file is not None and file.exists():
        if not gpu:  # the lists stay on disk until they are looked into
            return faiss.read_index(str(file), faiss.IO_FLAG_MMAP)
        return _graph_on_gpu(faiss, vectors, rows) or _on_gpu(faiss, faiss.read_index(str(file)))
    index = faiss.IndexFlatIP(vectors.shape[1])
    index.add(_taken(vectors, rows))
    return _on_gpu(faiss, index) if gpu else index


def _on_gpu(faiss: Any, index: Any) -> Any:
    try:
        return faiss.index_cpu_to_gpu(_gpu_resources(faiss), 0, index)
    except RuntimeError as error:
        log.warning("FAISS cannot use the GPU (%s): searching on the CPU.", str(error).splitlines()[0])
        return index


def _graph_on_gpu(faiss: Any, vectors: np.ndarray, rows: np.ndarray) -> Any | None:
    """CAGRA, the graph index of GPUs (Ootomo et al. 2023, arXiv:2308.15136); None where FAISS lacks it."""
    if not hasattr(faiss, "GpuIndexCagra"):
        return None
    try:
        index = faiss.GpuIndexCagra(_gpu_resources(faiss), vectors.shape[1], faiss.METRIC_INNER_PRODUCT)
        index.train(_taken(vectors, rows))
    except RuntimeError as error:
        log.warning("FAISS cannot make a CAGRA graph (%s): using lists.", str(error).splitlines()[0])
        return None
    return index


def _taken(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """The rows of a language in memory FAISS can read; a knowledge base in one language is not copied."""
    import numpy as np

    return np.ascontiguousarray(vectors if len(rows) == len(vectors) else vectors[rows], dtype=np.float32)


def _file(folder: Path, language: str) -> Path:
    return folder / f"{language}.faiss"


@cache
def _faiss() -> Any | None:
    try:
        import faiss
    except (RuntimeError, OSError) as error:  # faiss-gpu without its CUDA libraries
        log.warning("FAISS cannot start (%s): searching with numpy instead; install faiss-cpu.", error)
        return None
    return faiss


@cache
def _gpu_resources(faiss: Any) -> Any:
    return faiss.StandardGpuResources()
