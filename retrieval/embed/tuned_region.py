"""The tuned-region gate: questions like those an embedder was tuned on pass, others are as before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

CENTRES, EACH = 64, 8  # at most so many, and so many questions to one
SEED = 0
# A question is fully familiar down to FULLY times the distance from the median of held-out ones to their
# lower quartile, and not at all one distance below. That distance was .008 to .022 on seven sets; their own
# questions were .93 to .96 like the nearest centre (medians), those of other sets .80 to .91.
FULLY = 3
NEAR, FAR = 0.008, 0.025


class TunedRegion:
    """The region of the questions that were learnt: their centres, and how like one a familiar question is.

    All vectors are E5's of questions before tuning, of length one, shape (questions, 384).
    """

    def __init__(self, centres: np.ndarray, unlike: float, like: float) -> None:
        self._centres, self._unlike, self._like = centres, unlike, like

    @classmethod
    def of(cls, learnt: np.ndarray, held_out: np.ndarray) -> TunedRegion:
        """Find the centres of what was learnt; the held-out ones tell how near to one a new question is."""
        import faiss
        import numpy as np

        most = max(1, min(CENTRES, len(learnt) // EACH))
        means = faiss.Kmeans(
            learnt.shape[1], most, seed=SEED, spherical=True,
            min_points_per_centroid=1, max_points_per_centroid=max(256, len(learnt)),
        )  # fmt: skip
        means.train(np.ascontiguousarray(learnt, dtype=np.float32))
        centres = np.asarray(means.centroids)
        quartile, median = np.percentile(_nearness(held_out, centres), (25, 50))
        distance = float(np.clip(median - quartile, NEAR, FAR))
        like = float(median) - FULLY * distance
        return cls(centres, like - distance, like)

    def share(self, vectors: np.ndarray) -> np.ndarray:
        """How familiar each question is, 0 to 1, shape (questions,)."""
        import numpy as np

        nearness = _nearness(vectors, self._centres)
        return np.clip((nearness - self._unlike) / (self._like - self._unlike), 0.0, 1.0)

    def save(self, path: Path) -> None:
        """Write one .npz file."""
        import numpy as np

        np.savez(path, centres=self._centres, bounds=[self._unlike, self._like])

    @classmethod
    def load(cls, path: Path) -> TunedRegion:
        """Read what `save` has written."""
        import numpy as np

        with np.load(path) as file:
            unlike, like = file["bounds"].tolist()
            return cls(file["centres"], unlike, like)


def _nearness(vectors: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The cosine to the nearest centre."""
    nearness: np.ndarray = (vectors @ centres.T).max(1)
    return nearness
