"""What the search asks of an embedding model: texts in, vectors out whose products tell likeness."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np


class Embedder(Protocol):
    """Anything that gives texts vectors whose inner product tells how alike they are."""

    name: str
    dimension: int

    @property
    def version(self) -> str:
        """The name, or what tells two tuned ones of that name apart."""
        ...

    @property
    def untuned(self) -> Embedder:
        """The one whose questions may be compared with questions: itself, unless it was tuned."""
        ...

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        """Embed what is searched; float32 rows of length one, shape (len(texts), dimension)."""
        ...

    def encode_questions(self, texts: Sequence[str]) -> np.ndarray:
        """Embed what is asked, to be compared with the rows of `encode` or with other questions."""
        ...

    def likeness(self, products: np.ndarray, asked: str, languages: np.ndarray) -> np.ndarray:
        """Inner products as likeness: about 0 for unrelated texts and 1 for equal ones.

        `asked` is the language of the one text, `languages` are those of the others.
        """
        ...

    def familiarity(self, questions: Sequence[str]) -> np.ndarray | None:
        """How familiar each is from tuning, 0 to 1: what the tuned-region gate lets pass.

        None where nothing was tuned.
        """
        ...


def unit(rows: np.ndarray) -> np.ndarray:
    """The rows scaled to length one, as float32; zeros stay zeros."""
    import numpy as np

    rows = np.asarray(rows, dtype=np.float32)
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
