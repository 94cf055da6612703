"""Search vectors by inner product with FAISS: exactly while they are few, else along a graph."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)

Search = Callable[["np.ndarray", int], "np.ndarray"]

# Up to so many passages of a language every vector is compared. Measured with sentences of support texts
# (MiniLM) and customers' questions, milliseconds exact / graph: 5,000 .15 / .10, 10,000 .42 / .16, 30,000
# 2.3 / .28. Below this size the graph saves less than a third of a millisecond, while embedding a question
# takes several. Inverted lists took twice as long as the graph at equal recall.
EXACT = 10_000
LINKS, BUILD_WIDTH = 32, 100  # of a passage in the graph; neighbours considered when it is put there
JUDGES = 200  # vectors by which the width of a search is chosen
RECALL = 0.998  # of the nearest ten that it must find for them; questions lie further off than passages do
WIDEST = 1024


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

    def products(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the inner products of these rows with the vector."""
        return self._vectors[rows] @ vector


def write_dense(folder: Path, vectors: np.ndarray, languages: Sequence[str]) -> None:
    """Write a graph for each language with more than EXACT passages; none where FAISS cannot start."""
    faiss = _faiss()
    for language, rows in by_language(languages):
        if faiss is not None and len(rows) > EXACT:
            folder.mkdir(exist_ok=True)
            faiss.write_index(_graph(faiss, _taken(vectors, rows)), str(_file(folder, language)))


def by_language(languages: Sequence[str]) -> list[tuple[str, np.ndarray]]:
    """Each language with the rows that are in it."""
    import numpy as np

    spoken = np.asarray(languages)
    return [(language, np.flatnonzero(spoken == language)) for language in sorted(set(languages))]


def _graph(faiss: Any, vectors: np.ndarray) -> Any:
    """HNSW (Malkov and Yashunin 2016, arXiv:1603.09320), with the width that its searches need."""
    index = faiss.IndexHNSWFlat(vectors.shape[1], LINKS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = BUILD_WIDTH
    index.add(vectors)
    index.hnsw.efSearch = _width(faiss, index, vectors)
    return index


def _width(faiss: Any, index: Any, vectors: np.ndarray) -> int:
    """The smallest width, in powers of two, at which the judges find their exact neighbours."""
    import numpy as np

    own = np.random.default_rng(0).choice(len(vectors), JUDGES, replace=False)
    judges = np.ascontiguousarray(vectors[own])
    exact = faiss.knn(judges, vectors, 11, metric=faiss.METRIC_INNER_PRODUCT)[1]
    width = 64
    while width < WIDEST:
        index.hnsw.efSearch = width
        found = index.search(judges, 11)[1]
        # Each judge finds itself, which proves nothing.
        shared = [len((set(a) & set(b)) - {i}) / 10 for a, b, i in zip(found, exact, own, strict=True)]
        if np.mean(shared) >= RECALL:
            break
        width *= 2
    return width


def _searcher(vectors: np.ndarray, rows: np.ndarray, file: Path | None) -> Search:
    """The search of one language: by its file if there is one, else exact."""
    faiss = _faiss()
    if faiss is None:
        part = _taken(vectors, rows)
        return lambda vector, n: (part @ vector).argpartition(-n)[-n:]
    index = _open(faiss, vectors, rows, file)

    def search(vector: np.ndarray, n: int) -> np.ndarray:
        with _one_thread(faiss):
            found = index.search(vector[None, :], n)[1][0]
        return found[found >= 0]

    return search


@contextmanager
def _one_thread(faiss: Any) -> Iterator[None]:
    """One thread a question: on two busy cores a search by both waited 16 ms for the other, and took 0.3.

    The number holds for all of OpenMP, torch with it, so it is put back.
    """
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(threads)


def _open(faiss: Any, vectors: np.ndarray, rows: np.ndarray, file: Path | None) -> Any:
    gpu = hasattr(faiss, "StandardGpuResources") and faiss.get_num_gpus() > 0
    if file is not None and file.exists():
        if gpu and (graph := _graph_on_gpu(faiss, vectors, rows)) is not None:
            return graph
        return faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)  # read from disk where it is looked at
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
        log.warning("FAISS cannot make a CAGRA graph (%s): searching on the CPU.", str(error).splitlines()[0])
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
