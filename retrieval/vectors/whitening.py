"""Whitening of the vectors of a language: what all passages share counts less than what sets them apart.

The articles of one company resemble each other. Their vectors are therefore also compared after subtracting
the mean and dividing by the covariance, shrunk towards a multiple of the identity (Ledoit and Wolf 2004), as
a rare word counts more than a frequent one. With an embedder's own cosine beside it this raised nDCG@10 of
the fused list by .3 points on the average of eight sets, and by 1 to 2 on the Chinese ones.

Passages in the other language are compared by cosine alone, and there some resemble every question: bare code
and lists did, of 348 in one help forum (hubs; Radovanovic et al. 2010). What a passage has of the mean of all
that is written in the other language, above what its fellows have, is therefore taken from its likeness.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from retrieval.vectors.faiss_index import by_language

if TYPE_CHECKING:
    import numpy as np

    from retrieval.vectors.backend import Vectors

WHITENING_FILE = "spread.npz"  # in the folder of a version
SHRINKAGE = 0.7  # of .2, .4, .7 and 1 the best
FEW = 20  # passages; so few say nothing of how a language spreads
WHITENED_OF_COSINE = 0.5  # what it comes to on eight sets (.38 to .65): for languages of FEW passages
SEEN = 20_000  # vectors by which the covariance is estimated
# Of the mean of the other language, or where nothing is written in it, of the passage's own. Of Chinese
# questions to English articles and the other way round Recall@10 is .635 and .562 without, .692 and .698 with
# the other language's mean, .644 and .597 with their own.
HUB, OWN_HUB = 0.7, 0.5
_BLOCK = 4096
_TINY = 1e-9


class Whitening:
    """For each language the mean of its vectors and their inverse covariance; for each row its length.

    `hubness` is by how much more each row resembles all questions in the other language than its fellows do,
    in units of the product.
    """

    def __init__(
        self, parts: dict[str, tuple[np.ndarray, np.ndarray]], lengths: np.ndarray, hubness: np.ndarray
    ) -> None:
        self._parts, self._lengths, self.hubness = parts, lengths, hubness

    @classmethod
    def of(cls, vectors: np.ndarray, languages: Sequence[str]) -> Whitening:
        """Measure vectors of shape (passages, dimension)."""
        import numpy as np

        lengths = np.zeros(len(vectors), dtype=np.float32)
        parts = {}
        for language, rows in by_language(languages):
            if len(rows) < FEW:
                continue
            mean, inverse = _measured(vectors, rows)
            for start in range(0, len(rows), _BLOCK):
                some = rows[start : start + _BLOCK]
                away = vectors[some] - mean
                lengths[some] = np.sqrt(np.maximum(((away @ inverse) * away).sum(1), 0))
            parts[language] = mean, inverse
        return cls(
            parts, lengths, _hubness(vectors, languages, {name: mean for name, (mean, _) in parts.items()})
        )

    def save(self, path: Path) -> None:
        """Write one .npz file."""
        import numpy as np

        arrays: dict[str, Any] = {"lengths": self._lengths, "hubness": self.hubness}
        for language, (mean, inverse) in self._parts.items():
            arrays |= {f"mean {language}": mean, f"inverse {language}": inverse}
        np.savez(path, **arrays)

    @classmethod
    def load(cls, path: Path) -> Whitening:
        """Read what `save` has written."""
        import numpy as np

        with np.load(path) as file:
            spoken = [name.removeprefix("mean ") for name in file.files if name.startswith("mean ")]
            parts = {language: (file[f"mean {language}"], file[f"inverse {language}"]) for language in spoken}
            hubness = file["hubness"] if "hubness" in file.files else np.zeros_like(file["lengths"])
            return cls(parts, file["lengths"], hubness)

    def turned(self, language: str, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
        """The mean and inverse covariance of a language, and what its rows are multiplied by.

        For a question v the likeness of `likeness` is (v - mean) @ rows.T / sqrt((v - mean) @ inverse @ (v -
        mean)). `vectors` are those of the passages; rows of other languages make no sense.
        """
        import numpy as np

        if language not in self._parts:
            return None
        mean, inverse = self._parts[language]
        return mean, inverse, (vectors - mean) @ inverse / np.maximum(self._lengths, _TINY)[:, None]

    def likeness(
        self, vector: np.ndarray, language: str, rows: np.ndarray, dense: Vectors
    ) -> np.ndarray | None:
        """Cosine, -1..1, of a question and these rows after whitening; only rows of `language` make sense.

        None for a language with fewer than FEW passages.
        """
        import numpy as np

        if language not in self._parts:
            return None
        mean, inverse = self._parts[language]
        away = vector - mean
        # By one thread: BLAS takes two for this product, and on busy cores 5 ms for what takes .2.
        turned = np.einsum("ij,j->i", inverse, away)
        length = np.sqrt(max(float(away @ turned), 0.0))
        products = dense.products(turned.astype(np.float32), rows) - float(mean @ turned)
        return products / np.maximum(length * self._lengths[rows], _TINY)


def _measured(vectors: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    if len(rows) > SEEN:
        rows = np.sort(np.random.default_rng(0).choice(rows, SEEN, replace=False))
    seen = vectors[rows].astype(np.float64)
    mean = seen.mean(0)
    seen -= mean
    covariance = seen.T @ seen / len(seen)
    scale = max(float(np.trace(covariance)) / len(mean), _TINY)
    shrunk = (1 - SHRINKAGE) * covariance + SHRINKAGE * scale * np.eye(len(mean))
    return mean.astype(np.float32), np.linalg.inv(shrunk / scale).astype(np.float32)


def _hubness(vectors: np.ndarray, languages: Sequence[str], means: Mapping[str, np.ndarray]) -> np.ndarray:
    import numpy as np

    hubness = np.zeros(len(vectors), dtype=np.float32)
    for language, rows in by_language(languages):
        others = [HUB * mean for name, mean in means.items() if name != language]
        if not others and language in means:
            others = [OWN_HUB * means[language]]
        if not others:
            continue
        for start in range(0, len(rows), _BLOCK):
            some = rows[start : start + _BLOCK]
            hubness[some] = vectors[some] @ others[0]
        written = rows[hubness[rows] != 0]  # a passage without words has no vector
        hubness[written] -= hubness[written].mean()
    return hubness
