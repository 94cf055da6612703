"""Where the vectors of a version are searched: by FAISS beside the passages, or by a Qdrant server."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from retrieval.vectors.faiss_index import Dense, write_dense

if TYPE_CHECKING:
    import numpy as np

FAISS = "faiss"


class Vectors(Protocol):
    """Vectors of shape (passages, dimension), searched by inner product, each language for itself."""

    def nearest(self, vector: np.ndarray, n: int) -> np.ndarray:
        """Return the rows of the n nearest passages of each language."""
        ...

    def products(self, vector: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return the inner products of these rows with the vector."""
        ...


def write_vectors(where: Path, store: str, vectors: np.ndarray, languages: Sequence[str]) -> None:
    """Make the vectors of the version in `where` searchable; `store` is "faiss" or the address of a Qdrant.

    Raises VectorsUnavailable when the server does not take them.
    """
    if store == FAISS:
        write_dense(where / "dense", vectors, languages)
        return
    from retrieval.vectors.qdrant import write_qdrant

    write_qdrant(where, store, vectors, languages)


def open_vectors(where: Path, store: str, vectors: np.ndarray, languages: Sequence[str]) -> Vectors:
    """Open what `write_vectors` has written. Raises VectorsUnavailable when the server lacks it."""
    if store == FAISS:
        return Dense(vectors, languages, where / "dense")
    from retrieval.vectors.qdrant import open_qdrant

    return open_qdrant(where, store, vectors, languages)


def clean_vectors(folder: Path, store: str) -> None:
    """Remove from the server what belongs to versions that are gone; files go with their version."""
    if store != FAISS:
        from retrieval.vectors.qdrant import clean_qdrant

        clean_qdrant(folder, store)
