"""What the questions of an embedder are trained towards: an index's passages and all other scores of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from finetune.search.contrastive import Target
from finetune.search.labelled import Labelled
from retrieval.embed.e5 import DIMENSION
from retrieval.embed.embedder import Embedder
from retrieval.embed.tuned import with_e5
from retrieval.languages.text import language_of
from retrieval.search.fusion import FOREIGN, FOREIGN_WORDS
from retrieval.search.fusion_weights import read_weights
from retrieval.store import versions
from retrieval.store.content import read_content
from retrieval.vectors.whitening import WHITENED_OF_COSINE, WHITENING_FILE, Whitening
from retrieval.words.lexical import Lexical
from retrieval.words.ngrams import query_ngrams
from retrieval.words.synonyms import read_synonyms

TINY = 1e-9


@dataclass(frozen=True, slots=True)
class _View:
    """Of all passages, what a question in one language meets; tensors.

    Likeness is a line in the product, `zero` + `step` x product. `turned` compares after whitening.
    """

    home: Any
    zero: Any
    step: Any
    rows: Any
    turned: Any


class Targets:
    """The passages of one index version, as a question sees them. The embedder is the untuned default one."""

    def __init__(self, folder: Path, embedder: Embedder) -> None:
        where = versions.place(folder, versions.current(folder))
        content = read_content(where)
        self._embedder = embedder
        self._vectors = np.asarray(content.vectors, dtype=np.float32)
        self._lexical = Lexical.load(where / "words")
        self._ngrams = Lexical.load(where / "pieces")
        self._whitening = Whitening.load(where / WHITENING_FILE)
        self._synonyms = read_synonyms(folder)
        languages = [passage.language for passage in content.passages]
        self.languages = np.asarray(languages)
        self._weights = read_weights(folder)
        self._length = self._weights["length"] * np.log1p(self._lexical.different(np.arange(len(languages))))
        self._rows: dict[str, list[int]] = {}
        for row, passage in enumerate(content.passages):
            self._rows.setdefault(passage.article, []).append(row)

    @property
    def articles(self) -> set[str]:
        """The names of all articles."""
        return set(self._rows)

    def of(self, one: Labelled, vector: np.ndarray) -> Target:
        """The target of a question; `vector` is its own, of the untuned embedder."""
        rows = [row for name in sorted(one.articles) for row in self._rows.get(name, ())]
        return Target(one.question, np.asarray(rows), vector)

    def scores(self, targets: Sequence[Target], e5: Any) -> Any:
        """What the search gives every passage where `e5` are E5's vectors of the questions.

        Tensors of shape (targets, 384) and (targets, passages); what words and MiniLM add is held fixed.
        """
        import torch

        languages = [language_of(target.question) for target in targets]
        parts, places = [], []
        for asked in sorted(set(languages)):
            here = [row for row, language in enumerate(languages) if language == asked]
            parts.append(self._scores(asked, [targets[row] for row in here], e5[here]))
            places += here
        return torch.cat(parts)[np.argsort(places)]

    def _scores(self, asked: str, targets: Sequence[Target], e5: Any) -> Any:
        """`scores` of questions in one language."""
        import torch

        view = self._view(asked)
        before = np.stack([target.vector for target in targets])
        unit = with_e5(before, np.ones((len(targets), DIMENSION)), [target.question for target in targets])
        ours = torch.from_numpy(unit[:, -DIMENSION:].astype(np.float32)) * e5.float()
        vectors = torch.cat((torch.from_numpy(before[:, :-DIMENSION]), ours), 1)
        cosine = view.zero + view.step * (vectors @ view.rows.T)
        whitened = WHITENED_OF_COSINE * cosine
        if view.turned is not None:
            mean, inverse, turned = view.turned
            away = vectors - mean
            whitened = away @ turned.T / ((away @ inverse) * away).sum(1, keepdim=True).clamp_min(TINY).sqrt()
        fixed = [self._fixed(target.question) for target in targets]
        words, rest = (torch.from_numpy(np.stack(part)) for part in zip(*fixed, strict=True))
        home = self._weights["cosine"] * cosine + self._weights["whitened"] * whitened + rest
        return torch.where(view.home, home, FOREIGN * cosine + FOREIGN_WORDS * words)

    def _fixed(self, question: str) -> tuple[np.ndarray, np.ndarray]:
        """The share of the words that each passage has, and what the score has from all but the vectors."""
        wording = self._synonyms.wording(question)
        words = wording.scores(self._lexical) / max(wording.bound(self._lexical), 1e-9)
        some = query_ngrams(question)
        ngrams = self._ngrams.scores(some) / max(self._ngrams.bound(some), 1e-9)
        counts = self._weights
        rest = counts["words"] * words + counts["ngrams"] * ngrams + self._length + counts["bias"]
        return words.astype(np.float32), rest.astype(np.float32)

    @cache  # noqa: B019
    def _view(self, asked: str) -> _View:
        """The passages as questions in a language see them."""
        import torch

        zero, step = self._line(asked)
        turned = self._whitening.turned(asked, self._vectors)
        return _View(
            torch.from_numpy(self.languages == asked),
            torch.from_numpy((zero - step * self._hubness(asked)).astype(np.float32)),
            torch.from_numpy(step.astype(np.float32)),
            torch.tensor(self._vectors),  # a copy, for the file is read-only
            turned and tuple(torch.from_numpy(part.astype(np.float32)) for part in turned),
        )

    def _hubness(self, asked: str) -> np.ndarray:
        """What the search takes from the products with passages in another language."""
        return self._whitening.hubness * (self.languages != asked)

    def _line(self, asked: str) -> tuple[np.ndarray, np.ndarray]:
        """Likeness is a line in the product: its value at 0 and its slope, for each passage."""
        zero, one = (
            self._embedder.likeness(np.full(len(self.languages), at, dtype=np.float32), asked, self.languages)
            for at in (0, 1)
        )
        return zero, one - zero
