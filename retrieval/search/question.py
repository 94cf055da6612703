"""A question as the search sees it: words, n-grams and vectors, in parts where it is as long as a letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from retrieval.articles.split import WORD, sentences, size
from retrieval.embed.embedder import Embedder
from retrieval.search.earlier import Earlier, bound, mixed, weighted
from retrieval.words.lexical import Lexical, query_words
from retrieval.words.ngrams import query_ngrams
from retrieval.words.synonyms import Synonyms, Wording

if TYPE_CHECKING:
    import numpy as np

# A vector of a long letter is near to nothing, and its few telling words drown among the others. So its parts
# are looked for, and a passage is judged by those that suit it best. On 49 scenarios of 200 to 1,000 words
# nDCG@10 rose from .326 to .427; parts of 15 to 60 words and one to all of them gave .37 to .43.
PART = 40 * WORD  # the least that a part has, as `size` counts it
BEST_PARTS = 3


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a question: `words`, `ngrams` and `vector` to search by, with what was said before.

    `said` and `alone` are what it says by itself, or with the earlier texts that it cannot do without.
    `untuned` and `untuned_alone` are `vector` and `alone` as they were before the embedder was tuned: the
    same objects where it was not.
    """

    words: Wording
    said: Wording
    ngrams: list[tuple[list[str], float]]
    before: list[tuple[list[str], float]]
    vector: np.ndarray
    alone: np.ndarray
    untuned: np.ndarray
    untuned_alone: np.ndarray

    @property
    def is_tuned(self) -> bool:
        """Whether the embedder was tuned."""
        return self.untuned is not self.vector

    def scores(self, lexical: Lexical) -> np.ndarray:
        """The BM25 score of every passage, with the words from before."""
        total = self.words.scores(lexical)
        for said, weight in self.before:
            total = total + weight * lexical.scores(said)
        return total

    def bound(self, lexical: Lexical) -> float:
        """The score that no passage can exceed."""
        return self.words.bound(lexical) + bound(lexical, self.before)


def parts_of(
    texts: Sequence[str],
    earlier: Sequence[Earlier],
    synonyms: Synonyms,
    embedder: Embedder,
) -> list[Part]:
    """The parts of a question; `encode` gives texts their vectors as questions."""
    subject = "".join(f"{one.text}\n" for one in reversed(earlier) if one.carried)
    full = [subject + text for text in texts]
    every = [*texts, *(full if subject else ()), *(one.text for one in earlier)]
    vectors = before = embedder.encode_questions(every)
    if embedder.untuned is not embedder:
        before = embedder.untuned.encode_questions(every)
    first = len(every) - len(earlier)  # of the earlier ones
    found = []
    for i, text in enumerate(texts):
        words = synonyms.wording(text)
        own = query_ngrams(text)
        whole = len(texts) + i if subject else i
        vector = untuned = mixed(vectors[i], vectors[first:], earlier)
        if before is not vectors:
            untuned = mixed(before[i], before[first:], earlier)
        found.append(
            Part(
                words,
                synonyms.wording(full[i]) if subject else words,
                [(own, 1.0), *weighted(own, earlier, query_ngrams)],
                weighted(words.every_word(), earlier, query_words),
                vector,
                vectors[whole],
                untuned,
                before[whole],
            )
        )
    return found


def split_question(text: str) -> list[str]:
    """Whole sentences of at least PART together; a text of less than two such parts stays whole."""
    if size(text) < 2 * PART:
        return [text]
    parts = [""]
    for sentence in (one for line in text.splitlines(keepends=True) for one in sentences(line)):
        if size(parts[-1]) >= PART:
            parts.append("")
        parts[-1] += sentence
    if len(parts) > 1 and size(parts[-1]) < PART // 2:
        parts[-2:] = [parts[-2] + parts[-1]]
    return parts
