"""Give a candidate the passages that a live turn would have, and check that one carries the answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from chatbot.privacy.spans import SURROGATE
from chatbot.turn.evidence import check_sentence
from chatbot.turn.prompt import PASSAGES
from chatbot.turn.query import said_earlier, search_query
from chatbot.turn.search import WIDTHS, Searcher, find_sources, widen
from finetune.dataset.candidates import Candidate
from finetune.dataset.example import Example
from finetune.dataset.support import carried
from retrieval.articles.passage import Passage
from retrieval.languages.text import terms
from retrieval.search.earlier import Earlier
from retrieval.search.past_questions import Precedent, by_article

POOL = 8  # sources looked at for the one an answer rests on, and for wrong ones that look right
# A sentence that leans on one that was dropped.
_LEANS = re.compile(
    r"^(?:after (?:that|this|those|it)|it|its|that|those|these|this|then|they|yours?|so|and|but|otherwise|"
    r"also|he|she|"
    r"in that case|this way|therefore|there|the (?:second|other) one|那|这|所以|因此|另外|然后|之后|它|"
    r"否则|另一|第二)\b"
    r"|^(?:那|这|所以|因此|另外|然后|之后|它|否则|第二)",
    re.IGNORECASE,
)
_ABOUT_AGENT = re.compile(r"^(?:I\b|let me|let['’]s|yours\b|我)", re.IGNORECASE)
_ANSWERS = re.compile(r"\b(?:yes|no|not|never|cannot|free|can)\b|n['’]t\b|不|没|可以|能|免", re.IGNORECASE)
FIRST = 20  # content words that carrying the first sentence is worth
FEW = 4
_REASONS = {
    "words": "no passage supports the answer",
    "figures": "a number that no passage has",
    "names": "a name that no passage has",
    "polarity": "contradicts the passage",
}


class Knowledge(Searcher, Protocol):
    """What a data set needs of an index."""

    @property
    def passages(self) -> list[Passage]: ...

    @property
    def version(self) -> str: ...

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]: ...


class Attacher:
    """Turns candidates into examples with passages of one index; `drops` counts why some were left out."""

    def __init__(self, index: Knowledge, drops: Counter[str]) -> None:
        self._index = index
        self._drops = drops
        self._hits: dict[tuple[str, tuple[Earlier, ...]], list[Passage]] = {}

    def attach(self, candidate: Candidate) -> Example | None:
        """The example, or None when no passage carries the answer. An honest "I do not know" needs none."""
        found = self._found(candidate)
        if len(found) < PASSAGES:
            self._drops["too few passages"] += 1
            return None
        if candidate.silent:
            return self._example(candidate, found[:PASSAGES], "", None)
        gold, kept = self._gold(candidate, found)
        if not gold:
            return None
        answer = ("" if candidate.language == "zh" else " ").join(kept)
        others = [p for p in found if p.id != gold.id and not self._says_too(p, kept, candidate)]
        chosen = [gold, *others[: PASSAGES - 1]]
        ranked = [p for p in found if p in chosen] or chosen
        return self._example(candidate, [*ranked, *(p for p in chosen if p not in ranked)], answer, gold)

    def without_gold(self, candidate: Candidate, example: Example) -> Example | None:
        """The same question with passages that look right and do not answer it."""
        gold = example.passages[example.gold - 1]
        sentences = candidate.sentences
        if any(check_sentence(s, [_told(candidate)], "").number for s in sentences):
            return None  # the conversation so far already says it
        wrong = [
            p
            for p in self._found(candidate)
            # Words cannot tell whether a passage in the other language answers it after all.
            if p.language == candidate.language
            and p.article != gold.article
            and p.url != gold.url
            and not self._says_too(p, sentences, candidate)
        ]
        if len(wrong) < PASSAGES:
            return None
        return self._example(candidate, wrong[:PASSAGES], "", None, suffix="-none")

    def _found(self, candidate: Candidate) -> list[Passage]:
        earlier = said_earlier(candidate.history, candidate.question)
        asked = candidate.question, tuple(earlier)
        if asked not in self._hits:
            query = search_query(candidate.history, candidate.question)
            near = by_article(self._index.precedents(query, leave_out=query))
            sources = find_sources(self._index, candidate.question, candidate.language, near, POOL, earlier)
            self._hits[asked] = [source.passage for source in sources]
        return self._hits[asked]

    def _gold(self, candidate: Candidate, found: Sequence[Passage]) -> tuple[Passage | None, list[str]]:
        """The passage that carries most of the answer, and the sentences it carries."""
        best: tuple[float, Passage | None, list[str]] = (0.0, None, [])
        reasons: Counter[str] = Counter()
        pool = {p.id: p for p in [*found, *self._linked(candidate)] if p.language == candidate.language}
        for rank, passage in enumerate(pool.values()):
            parts: list[str] = []
            for sentence in candidate.sentences:
                part, reason = carried(sentence, passage, candidate.question)
                reasons[reason] += 1
                parts.append("" if SURROGATE.search(part) else part)
            # The first sentence is the direct answer: who carries it comes before who carries more.
            words = sum(len(set(terms(part))) for part in parts) + FIRST * bool(parts[0])
            linked = bool(candidate.linked_article) and passage.article.endswith(candidate.linked_article)
            score = words + linked - 0.01 * rank if words else 0.0
            if score > best[0]:
                best = (score, passage, parts)
        _, gold, parts = best
        if not gold:
            reason = next((r for r in ("figures", "polarity", "names") if reasons[r]), "words")
            self._drops[_REASONS[reason]] += 1
            return None, []
        kept = [part for part in parts if part]
        if not parts[0] and (not _lead_in(candidate.sentences[0]) or _LEANS.search(kept[0])):
            self._drops["the answer's beginning is not supported"] += 1
            return None, []
        return gold, kept

    def _linked(self, candidate: Candidate) -> list[Passage]:
        """Passages of the article that the agent linked, under whatever root it was ingested."""
        if not candidate.linked_article:
            return []
        names = (candidate.linked_article, f"{candidate.language}/{candidate.linked_article}")
        articles = [article for name in names if (article := self._index.article(name))]
        return [widen(article[:1], article, WIDTHS[0]) for article in articles]

    def _says_too(self, passage: Passage, sentences: Sequence[str], candidate: Candidate) -> bool:
        return any(check_sentence(s, [passage], candidate.question).number for s in sentences)

    def _example(
        self,
        candidate: Candidate,
        passages: list[Passage],
        answer: str,
        gold: Passage | None,
        suffix: str = "",
    ) -> Example:
        return Example(
            id=candidate.id + suffix,
            language=candidate.language,
            question=candidate.question,
            answer=answer,
            passages=tuple(passages),
            gold=passages.index(gold) + 1 if gold else 0,
            history=candidate.history,
            source=candidate.source,
            group=candidate.customer_id,
            channel=candidate.channel,
        )


def _lead_in(sentence: str) -> bool:
    """Whether the first sentence can go: it is about the agent, or says hardly anything."""
    if SURROGATE.search(sentence) or _ABOUT_AGENT.search(sentence):
        return True
    short = len(set(terms(sentence))) <= FEW and not re.search(r"\d", sentence)
    return short and not _ANSWERS.search(sentence)


def _told(candidate: Candidate) -> Passage:
    """The agent's earlier answers as if they were a passage."""
    said = " ".join(m.content for m in candidate.history if m.role == "assistant")
    return Passage("history", "history", "", "", said, "", candidate.language)
