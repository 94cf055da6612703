"""What the questions of an embedder are trained towards: an index's passages and all other scores of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from finetune.contrast import Target
from finetune.labelled import Labelled
from retrieval import versions
from retrieval.content import read_content
from retrieval.e5_file import DIMENSION
from retrieval.embed import Embedder
from retrieval.fuse import FOREIGN, FOREIGN_WORDS, SIGNS, WEIGHTS
from retrieval.lexical import Lexical
from retrieval.pieces import query_pieces
from retrieval.spread import APART, SPREAD, Spread
from retrieval.synonyms import read_synonyms
from retrieval.text import language_of
from retrieval.tuned import with_e5
from retrieval.vectors import FAISS, open_vectors

if TYPE_CHECKING:
    import numpy as np


class Targets:
    """The passages of one index version, as a question sees them. The embedder is the untuned default one."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        import numpy as np

        where = versions.place(folder, versions.current(folder))
        content = read_content(where)
        self._embedder = embedder
        self._vectors = np.asarray(content.vectors, dtype=np.float32)
        self._lexical = Lexical.load(where / "words")
        self._pieces = Lexical.load(where / "pieces")
        self._spread = Spread.load(where / SPREAD)
        self._synonyms = read_synonyms(folder)
        languages = [passage.language for passage in content.passages]
        self._dense = open_vectors(where, FAISS, content.vectors, languages)
        self.languages = np.asarray(languages)
        self._rows: dict[str, list[int]] = {}
        for row, passage in enumerate(content.passages):
            self._rows.setdefault(passage.article, []).append(row)

    @property
    def articles(self) -> set[str]:
        """The names of all articles."""
        return set(self._rows)

    @property
    def e5(self) -> np.ndarray:
        """E5's part of the passages' vectors, shape (passages, 384)."""
        return self._vectors[:, -DIMENSION:]

    def of(self, one: Labelled, vector: np.ndarray) -> Target:
        """The target of a question; `vector` is its own, of the untuned embedder."""
        import numpy as np

        rows = [row for name in sorted(one.articles) for row in self._rows.get(name, ())]
        return Target(one.question, np.asarray(rows), partial(self._scores, one.question, vector))

    def _scores(self, question: str, vector: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What words and MiniLM give each passage, and what a unit of E5's product adds."""
        import numpy as np

        asked = language_of(question)
        zero, step = self._line(asked)
        foreign = self.languages != asked
        other = zero + step * (self._vectors[:, :-DIMENSION] @ vector[:-DIMENSION])
        signs = self._signs(question, vector, asked, other)
        alone = FOREIGN * other + FOREIGN_WORDS * signs[:, SIGNS.index("words")]
        fixed = np.where(foreign, alone, signs @ [WEIGHTS[sign] for sign in SIGNS])
        unit = float(with_e5(vector[None], np.ones((1, DIMENSION)), [question])[0, -1])
        slope = np.where(foreign, FOREIGN, WEIGHTS["cosine"]) * step * unit
        return fixed.astype(np.float32), slope.astype(np.float32)

    def _signs(self, question: str, vector: np.ndarray, asked: str, cosine: np.ndarray) -> np.ndarray:
        """What the search weighs, of each passage; the spread is that of the untuned question."""
        import numpy as np

        rows = np.arange(len(self._vectors))
        apart = self._spread.likeness(vector, asked, rows, self._dense)
        apart = APART * cosine if apart is None else apart
        wording = self._synonyms.wording(question)
        words = wording.scores(self._lexical) / max(wording.bound(self._lexical), 1e-9)
        some = query_pieces(question)
        pieces = self._pieces.scores(some) / max(self._pieces.bound(some), 1e-9)
        return np.stack((cosine, apart, words, pieces, np.log1p(self._lexical.different(rows))), axis=1)

    def shift(self, questions: Sequence[str], before: np.ndarray, after: np.ndarray) -> dict[str, float]:
        """What to add to likeness, by pair of languages, so that a question's best passage keeps its own.

        `before` and `after` are the vectors of the questions, untuned and tuned; the best passage keeps its
        likeness on average. A sum leaves the order as it was trained; a stretch to the former range as well
        cost a fifth of the gain in Recall@10.
        """
        import numpy as np

        seen: dict[str, list[float]] = {}
        for question, old, new in zip(questions, before, after, strict=True):
            asked = language_of(question)
            zero, step = self._line(asked)
            one, two = (zero + step * (self._vectors @ vector) for vector in (old, new))
            for language in set(self.languages.tolist()):
                rows = self.languages == language
                seen.setdefault(f"{asked}-{language}", []).append(float(one[rows].max() - two[rows].max()))
        return {pair: float(np.mean(changes)) for pair, changes in seen.items()}

    def _line(self, asked: str) -> tuple[np.ndarray, np.ndarray]:
        """Likeness is a line in the product: its value at 0 and its slope, for each passage."""
        import numpy as np

        zero, one = (
            self._embedder.likeness(np.full(len(self.languages), at, dtype=np.float32), asked, self.languages)
            for at in (0, 1)
        )
        return zero, one - zero
