"""Open an index and search it by meaning and by words."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from retrieval import rerank, versions
from retrieval.asked import ASKED, Asked, Precedent, asked_version
from retrieval.content import embedded_text, read_content
from retrieval.earlier import Earlier, bound
from retrieval.embed import Embedder, alike, load_embedder, untuned
from retrieval.errors import BadSynonyms, EmbedderMismatch, IndexDamaged
from retrieval.filters import CUSTOMER, Filter, Masks, nearest
from retrieval.fuse import OTHER_LANGUAGE, SIGNS, best_parts, distinct, fuse
from retrieval.learnt_weights import read_weights, weights_version
from retrieval.lexical import Lexical
from retrieval.passage import Hit, Passage
from retrieval.question import Part, parts_of, split_question
from retrieval.remembered import Remembered
from retrieval.spread import APART, SPREAD, Spread
from retrieval.synonyms import Wording, read_synonyms, synonyms_version
from retrieval.text import language_of
from retrieval.vectors import FAISS, Vectors, open_vectors

if TYPE_CHECKING:
    import numpy as np

CANDIDATES = 50  # of each language from the vectors, and as many from the words

PARTS = ("embedding", "dense", "words", "fusing")  # of a search, in order
Way = Literal["lexical", "dense", "fused"]


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """One version in memory; a search works on one of these from beginning to end."""

    version: str
    passages: list[Passage]
    masks: Masks
    articles: dict[str, list[Passage]]
    languages: np.ndarray
    dense: Vectors
    lexical: Lexical
    pieces: Lexical
    spread: Spread


@dataclass(frozen=True, slots=True)
class Ranking:
    """Every number of one search: `rows` are the candidates, `kept` the places among them that are hits."""

    opened: Opened
    words: Wording
    rows: np.ndarray
    foreign: np.ndarray  # whether a candidate is in another language than the question
    cosine: np.ndarray
    bm25: np.ndarray  # of every passage, 0 for those that a filter leaves out
    fused: np.ndarray
    scores: np.ndarray  # fused, after the preference for a language
    order: np.ndarray
    kept: np.ndarray
    signs: np.ndarray  # of each candidate, what `fused` weighs
    judged: np.ndarray  # by the reranker, of each kept one; NaN where it was not read
    seconds: dict[str, float]  # of each part of the search


class Index:
    """A searchable knowledge base. Searches may run in several threads, also while `refresh` runs."""

    def __init__(
        self, folder: Path, embedder: Embedder, opened: Opened, reranker: rerank.Reranker | None = None
    ) -> None:
        self._folder = folder
        self._reranker = reranker
        self._asked_version = asked_version(folder / ASKED)
        self._asked = Asked.open(folder / ASKED, untuned(embedder))
        self._synonyms_version = synonyms_version(folder)
        self._synonyms = read_synonyms(folder)
        self._weights_version = weights_version(folder)
        self.weights = read_weights(folder)
        self._embedder = embedder
        self._opened = opened

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
        embedder = Remembered(embedder)
        return cls(folder, embedder, _open(folder, embedder), reranker)

    @property
    def version(self) -> str:
        """The name of the version that is being searched."""
        return self._opened.version

    @property
    def passages(self) -> list[Passage]:
        """All passages that customers may read, those of an article together and in order."""
        return [passage for passage in self._opened.passages if not CUSTOMER.against(passage)]

    def article(self, name: str, where: Filter = CUSTOMER) -> list[Passage]:
        """The passages of one article in order; empty when there is none that this reader may read."""
        return [p for p in self._opened.articles.get(name, []) if where.against(p) != "audience"]

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]:
        """The nearest past questions, nearest first; none when no logs were learnt.

        Questions count only while a customer may read the article that answered them.
        """
        return self._asked.nearest(question, leave_out, lambda name: bool(self.article(name)))

    def likeness(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """How alike in meaning a question and each text are: about 0 for unrelated ones, at most 1."""
        return alike(self._embedder, question, texts)

    def refresh(self) -> None:
        """Move to a newer version if one has been published; costs one small read when there is none."""
        if versions.current(self._folder) != self._opened.version:
            self._opened = _open(self._folder, self._embedder)
        if (version := asked_version(self._folder / ASKED)) != self._asked_version:
            self._asked = Asked.open(self._folder / ASKED, untuned(self._embedder))
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
        on_ranking: Callable[[Ranking], None] | None = None,
    ) -> list[Hit]:
        """Return at most k passages, best first, near repetitions left out.

        With a `language`, passages in it come before about equally good others. `way` searches by words
        alone, by meaning alone, or by both. A blank query finds nothing. Only passages that pass `where` are
        found: without one, those that are public. `earlier` is what was said before, the most important
        first. `on_ranking` is shown every number of the search.
        """
        import numpy as np

        opened = self._opened
        if not query.strip() or k < 1 or not opened.passages:
            return []
        clock = [time.perf_counter()]
        texts = split_question(query) if way == "fused" else [query]
        parts = parts_of(texts, earlier, self._synonyms, self._embedder.encode_questions)
        clock.append(time.perf_counter())
        allowed = opened.masks.mask(where)
        rows, bm25 = _candidates(opened, parts, allowed, max(k, CANDIDATES), clock)
        asked = language_of(query)
        foreign = opened.languages[rows] != asked
        signs = best_parts(
            [
                self._signs(opened, part, asked, rows, scores[rows])
                for part, scores in zip(parts, bm25, strict=True)
            ],
            foreign,
            self.weights,
        )
        cosine = signs[:, SIGNS.index("cosine")]
        alone = {"dense": cosine, "lexical": signs[:, SIGNS.index("words")]}
        fused = alone[way] if way in alone else fuse(signs, foreign, self.weights)
        scores = fused
        if language is not None:
            scores = np.where(opened.languages[rows] == language, scores, scores * OTHER_LANGUAGE)
        order = np.argsort(-scores, kind="stable")
        most = max(k, rerank.BEST) if self._reranker else k
        kept = order[distinct((opened.passages[rows[i]] for i in order), most)]
        final, judged = self._judge(query, [opened.passages[row] for row in rows[kept]], scores[kept])
        best_first = np.argsort(-final, kind="stable")[:k]
        kept, final, judged = kept[best_first], final[best_first], judged[best_first]
        shown = rows[kept]
        clock.append(time.perf_counter())
        if on_ranking is not None:
            whole, every = parts[0].words, bm25[0]
            if len(parts) > 1:
                whole = self._synonyms.wording(query)
                every = _passing(whole.scores(opened.lexical), allowed)
            spent = dict(zip(PARTS, np.diff(clock).tolist(), strict=True))
            on_ranking(
                Ranking(
                    opened,
                    whole,
                    rows,
                    foreign,
                    cosine,
                    every,
                    fused,
                    scores,
                    order,
                    kept,
                    signs,
                    judged,
                    spent,
                )
            )
        own = cosine[kept]
        if earlier or len(parts) > 1:
            # Of the question itself, for a mixture is nearer to everything; of a letter, of its best part.
            own = np.max([self._likeness(opened, part.alone, asked, shown) for part in parts], axis=0)
        lexical = np.max([scores[shown] for scores in bm25], axis=0)
        coverage = np.max([part.said.coverage(opened.lexical, shown) for part in parts], axis=0)
        apart = signs[kept, SIGNS.index("apart")]
        numbers = np.stack((final, own, lexical, coverage, apart, judged), axis=1).tolist()
        return [
            Hit(
                opened.passages[row],
                score,
                dense,
                words,
                covered,
                apart=spread,
                reranked=None if math.isnan(verdict) else verdict,
            )
            for row, (score, dense, words, covered, spread, verdict) in zip(shown, numbers, strict=True)
        ]

    def _signs(
        self, opened: Opened, part: Part, asked: str, rows: np.ndarray, bm25: np.ndarray
    ) -> np.ndarray:
        """The SIGNS of each row, shape (rows, 5).

        Passages of another language are compared with the question alone: what was said before would bring it
        nearer to all of them.
        """
        import numpy as np

        home = opened.languages[rows] == asked
        cosine = self._likeness(opened, part.vector, asked, rows)
        if not home.all():
            cosine = np.where(home, cosine, self._likeness(opened, part.alone, asked, rows))
        apart = opened.spread.likeness(part.vector, asked, rows, opened.dense)
        apart = APART * cosine if apart is None else np.where(home, apart, APART * cosine)
        words = bm25 / max(part.bound(opened.lexical), 1e-9)
        alike = sum(weight * opened.pieces.scores_at(some, rows) for some, weight in part.pieces)
        pieces = alike / max(bound(opened.pieces, part.pieces), 1e-9)
        length = np.log1p(opened.lexical.different(rows))
        return np.stack((cosine, apart, words, pieces, length), axis=1)

    def _likeness(self, opened: Opened, vector: np.ndarray, asked: str, rows: np.ndarray) -> np.ndarray:
        """How alike a question and each row are, hubs of another language brought down."""
        languages = opened.languages[rows]
        products = opened.dense.products(vector, rows) - (languages != asked) * opened.spread.hubness[rows]
        return self._embedder.likeness(products, asked, languages)

    def _judge(
        self, query: str, passages: Sequence[Passage], scores: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """The scores with the reranker's judgement in them, and the judgement; NaN where it read nothing."""
        import numpy as np

        judged = np.full(len(passages), np.nan)
        if self._reranker is None:
            return scores, judged
        places = rerank.in_doubt(scores, self._reranker.weight)
        judged[places] = self._reranker.judge(query, [embedded_text(passages[i]) for i in places])
        return rerank.mixed(scores, np.where(np.isnan(judged), 0.5, judged), self._reranker.weight), judged


def check_embedder(folder: Path, about: dict[str, Any], embedder: Embedder) -> None:
    """Raise EmbedderMismatch unless the index described by this manifest was made with this embedder."""
    made = about["embedder"], about["dimension"]
    if made != (embedder.name, embedder.dimension):
        raise EmbedderMismatch(
            f'The index in {folder} was made with the embedder "{made[0]}" ({made[1]} numbers a vector), not '
            f'"{embedder.name}" ({embedder.dimension}): name that one, or make the index again with '
            "`chatbot ingest ... --rebuild`."
        )


def _open(folder: Path, embedder: Embedder) -> Opened:
    while True:
        version = versions.current(folder)
        try:
            return _open_version(folder, version, embedder)
        except (IndexDamaged, FileNotFoundError):
            if versions.current(folder) == version:
                raise  # not an ingest that removed an old version under our hands


def _open_version(folder: Path, version: str, embedder: Embedder) -> Opened:
    import numpy as np

    about = versions.manifest(folder, version)
    check_embedder(folder, about, embedder)
    where = versions.place(folder, version)
    content = read_content(where)
    languages = [passage.language for passage in content.passages]
    articles: dict[str, list[Passage]] = {}
    for passage in content.passages:
        articles.setdefault(passage.article, []).append(passage)
    return Opened(
        version,
        content.passages,
        Masks(content.passages),
        articles,
        np.asarray(languages),
        open_vectors(where, about.get("vectors", FAISS), content.vectors, languages),
        Lexical.load(where / "words"),
        Lexical.load(where / "pieces"),
        Spread.load(where / SPREAD),
    )


def _candidates(
    opened: Opened, parts: Sequence[Part], allowed: np.ndarray | None, most: int, clock: list[float]
) -> tuple[np.ndarray, list[np.ndarray]]:
    """The rows that any part of a question finds, and for each part the BM25 score of every row."""
    import numpy as np

    found = [nearest(opened.dense, part.vector, most, allowed, opened.languages) for part in parts]
    clock.append(time.perf_counter())
    bm25 = [_passing(part.scores(opened.lexical), allowed) for part in parts]
    found += [best(scores, most) for scores in bm25]
    for part in parts:
        if not opened.lexical.knows(part.words.every_word()):  # misspelt, perhaps
            alike = opened.pieces.scores(part.pieces[0][0])
            found.append(best(_passing(alike, allowed), CANDIDATES // 2))
    clock.append(time.perf_counter())
    return np.unique(np.concatenate(found)), bm25


def best(scores: np.ndarray, n: int) -> np.ndarray:
    """The rows of the n highest scores above zero."""
    import numpy as np

    found = np.flatnonzero(scores > 0)
    return found if len(found) <= n else found[np.argpartition(-scores[found], n)[:n]]


def _passing(scores: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """The scores, 0 for rows that a filter leaves out."""
    import numpy as np

    return scores if allowed is None else np.where(allowed, scores, 0.0)
