"""Open an index and search it by meaning and by words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from retrieval.articles.passage import Passage
from retrieval.embed.embedder import Embedder
from retrieval.embed.likeness import alike
from retrieval.embed.load import load_embedder
from retrieval.embed.remembered import Remembered
from retrieval.errors import BadSynonyms, IndexDamaged
from retrieval.search import rerank
from retrieval.search.earlier import Earlier
from retrieval.search.filters import CUSTOMER, Filter
from retrieval.search.fusion_weights import read_weights, weights_version
from retrieval.search.hits import Hit
from retrieval.search.past_questions import (
    PAST_QUESTIONS,
    PastQuestion,
    PastQuestions,
    Precedent,
    past_questions_version,
    write_past_questions,
)
from retrieval.search.ranking import Ranker, Ranking, Way
from retrieval.search.snapshot import Snapshot, open_current
from retrieval.store import versions
from retrieval.words.synonyms import read_synonyms, synonyms_version

if TYPE_CHECKING:
    import numpy as np

log = logging.getLogger(__name__)


class Index:
    """A searchable knowledge base. Searches may run in several threads, also while `refresh` runs."""

    def __init__(
        self, folder: Path, embedder: Remembered, snapshot: Snapshot, reranker: rerank.Reranker | None = None
    ) -> None:
        self._folder = folder
        self._reranker = reranker
        self._asked_version = past_questions_version(folder / PAST_QUESTIONS)
        self._asked = PastQuestions.open(folder / PAST_QUESTIONS, embedder.untuned)
        self._synonyms_version = synonyms_version(folder)
        self._synonyms = read_synonyms(folder)
        self._weights_version = weights_version(folder)
        self.weights = read_weights(folder)
        self._embedder = embedder
        self._snapshot = snapshot

    @classmethod
    def open(
        cls, folder: Path, embedder: Embedder | None = None, reranker: rerank.Reranker | None = None
    ) -> Index:
        """Open the current version; without an embedder, with the one that the index was made with.

        A reranker reads the best hits of a search where their order is in doubt. `weights` are what the signs
        of a match count.

        Raises IndexMissing, IndexDamaged, EmbedderMismatch, EmbedderUnavailable or BadSynonyms.
        """
        if embedder is None:
            embedder = load_embedder(str(versions.manifest(folder, versions.current(folder))["embedder"]))
        remembered = Remembered(embedder)
        return cls(folder, remembered, open_current(folder, remembered), reranker)

    @property
    def version(self) -> str:
        """The name of the version that is being searched."""
        return self._snapshot.version

    @property
    def passages(self) -> list[Passage]:
        """All passages that customers may read, those of an article together and in order."""
        return [passage for passage in self._snapshot.passages if not CUSTOMER.against(passage)]

    def article(self, name: str, where: Filter = CUSTOMER) -> list[Passage]:
        """The passages of one article in order; empty when there is none that this reader may read."""
        return [p for p in self._snapshot.articles.get(name, []) if where.against(p) != "audience"]

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]:
        """The nearest past questions, nearest first; none when no logs were learnt.

        Questions count only while a customer may read the article that answered them.
        """
        return self._asked.nearest(question, leave_out, lambda name: bool(self.article(name)))

    def likeness(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """How alike in meaning a question and each text are: about 0 for unrelated ones, at most 1."""
        return alike(self._embedder, question, texts)

    def familiarity(self, question: str) -> float | None:
        """How familiar a question is to a tuned embedder, 0 to 1; None where nothing was tuned."""
        familiar = self._embedder.familiarity([question])
        return None if familiar is None else float(familiar[0])

    def learn(self, past: Sequence[PastQuestion]) -> int:
        """Replace the past questions beside the index by these; returns how many are different."""
        return write_past_questions(past, self._folder / PAST_QUESTIONS, self._embedder.untuned)

    def refresh(self) -> None:
        """Move to a newer version if one has been published; costs one small read when there is none."""
        if versions.current(self._folder) != self._snapshot.version:
            self._snapshot = open_current(self._folder, self._embedder)
        if (version := past_questions_version(self._folder / PAST_QUESTIONS)) != self._asked_version:
            self._asked = PastQuestions.open(self._folder / PAST_QUESTIONS, self._embedder.untuned)
            self._asked_version = version
        if (version := synonyms_version(self._folder)) != self._synonyms_version:
            self._synonyms_version = version
            try:
                self._synonyms = read_synonyms(self._folder)
            except BadSynonyms as error:
                log.warning("%s The synonyms of before go on.", error)
        if (version := weights_version(self._folder)) != self._weights_version:
            self._weights_version = version
            try:
                self.weights = read_weights(self._folder)
            except IndexDamaged as error:
                log.warning("%s The weights of before go on.", error)

    def search(
        self,
        query: str,
        k: int = 5,
        language: str | None = None,
        *,
        way: Way = "fused",
        where: Filter = CUSTOMER,
        earlier: Sequence[Earlier] = (),
    ) -> list[Hit]:
        """Return at most k passages, best first, near repetitions left out.

        With a `language`, passages in it come before about equally good others. `way` searches by words
        alone, by meaning alone, or by both. A blank query finds nothing. Only passages that pass `where` are
        found: without one, those that are public. `earlier` is what was said before, the most important
        first.
        """
        ranking = self.rank(query, k, language, way=way, where=where, earlier=earlier)
        return ranking.hits if ranking else []

    def rank(
        self,
        query: str,
        k: int = 5,
        language: str | None = None,
        *,
        way: Way = "fused",
        where: Filter = CUSTOMER,
        earlier: Sequence[Earlier] = (),
    ) -> Ranking | None:
        """Search, and return every number of it with the hits; None for a blank query or an empty index."""
        snapshot = self._snapshot
        if not query.strip() or k < 1 or not snapshot.passages:
            return None
        ranker = Ranker(snapshot, self._embedder, self._synonyms, self.weights, self._reranker)
        return ranker.rank(query, k, language, way, where, earlier)
