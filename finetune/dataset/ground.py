"""Give an exchange the passages that a live turn would have, and check that one carries the answer."""

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
from finetune.dataset.example import Example
from finetune.dataset.exchanges import Exchange
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
    """Turns exchanges into examples with passages of one index; `drops` counts why some were left out."""

    def __init__(self, index: Knowledge, drops: Counter[str]) -> None:
        self._index = index
        self._drops = drops
        self._hits: dict[tuple[str, tuple[Earlier, ...]], list[Passage]] = {}

    def attach(self, exchange: Exchange) -> Example | None:
        """The example, or None when no passage carries the answer. An honest "I do not know" needs none."""
        found = self._found(exchange)
        if len(found) < PASSAGES:
            self._drops["too few passages"] += 1
            return None
        if exchange.silent:
            return self._example(exchange, found[:PASSAGES], "", None)
        gold, kept = self._gold(exchange, found)
        if not gold:
            return None
        answer = ("" if exchange.language == "zh" else " ").join(kept)
        others = [p for p in found if p.id != gold.id and not self._says_too(p, kept, exchange)]
        chosen = [gold, *others[: PASSAGES - 1]]
        ranked = [p for p in found if p in chosen] or chosen
        return self._example(exchange, [*ranked, *(p for p in chosen if p not in ranked)], answer, gold)

    def without_gold(self, exchange: Exchange, example: Example) -> Example | None:
        """The same question with passages that look right and do not answer it."""
        gold = example.passages[example.gold - 1]
        sentences = exchange.sentences
        if any(check_sentence(s, [_told(exchange)], "").number for s in sentences):
            return None  # the conversation so far already says it
        wrong = [
            p
            for p in self._found(exchange)
            # Words cannot tell whether a passage in the other language answers it after all.
            if p.language == exchange.language
            and p.article != gold.article
            and p.url != gold.url
            and not self._says_too(p, sentences, exchange)
        ]
        if len(wrong) < PASSAGES:
            return None
        return self._example(exchange, wrong[:PASSAGES], "", None, suffix="-none")

    def _found(self, exchange: Exchange) -> list[Passage]:
        earlier = said_earlier(exchange.history, exchange.question)
        asked = exchange.question, tuple(earlier)
        if asked not in self._hits:
            query = search_query(exchange.history, exchange.question)
            near = by_article(self._index.precedents(query, leave_out=query))
            sources = find_sources(self._index, exchange.question, exchange.language, near, POOL, earlier)
            self._hits[asked] = [source.passage for source in sources]
        return self._hits[asked]

    def _gold(self, exchange: Exchange, found: Sequence[Passage]) -> tuple[Passage | None, list[str]]:
        """The passage that carries most of the answer, and the sentences it carries."""
        best: tuple[float, Passage | None, list[str]] = (0.0, None, [])
        reasons: Counter[str] = Counter()
        pool = {p.id: p for p in [*found, *self._linked(exchange)] if p.language == exchange.language}
        for rank, passage in enumerate(pool.values()):
            parts: list[str] = []
            for sentence in exchange.sentences:
                part, reason = carried(sentence, passage, exchange.question)
                reasons[reason] += 1
                parts.append("" if SURROGATE.search(part) else part)
            # The first sentence is the direct answer: who carries it comes before who carries more.
            words = sum(len(set(terms(part))) for part in parts) + FIRST * bool(parts[0])
            linked = bool(exchange.linked_article) and passage.article.endswith(exchange.linked_article)
            score = words + linked - 0.01 * rank if words else 0.0
            if score > best[0]:
                best = (score, passage, parts)
        _, gold, parts = best
        if not gold:
            reason = next((r for r in ("figures", "polarity", "names") if reasons[r]), "words")
            self._drops[_REASONS[reason]] += 1
            return None, []
        kept = [part for part in parts if part]
        if not parts[0] and (not _lead_in(exchange.sentences[0]) or _LEANS.search(kept[0])):
            self._drops["the answer's beginning is not supported"] += 1
            return None, []
        return gold, kept

    def _linked(self, exchange: Exchange) -> list[Passage]:
        """Passages of the article that the agent linked, under whatever root it was ingested."""
        if not exchange.linked_article:
            return []
        names = (exchange.linked_article, f"{exchange.language}/{exchange.linked_article}")
        articles = [article for name in names if (article := self._index.article(name))]
        return [widen(article[:1], article, WIDTHS[0]) for article in articles]

    def _says_too(self, passage: Passage, sentences: Sequence[str], exchange: Exchange) -> bool:
        return any(check_sentence(s, [passage], exchange.question).number for s in sentences)

    def _example(
        self,
        exchange: Exchange,
        passages: list[Passage],
        answer: str,
        gold: Passage | None,
        suffix: str = "",
    ) -> Example:
        return Example(
            id=exchange.id + suffix,
            language=exchange.language,
            question=exchange.question,
            answer=answer,
            passages=tuple(passages),
            gold=passages.index(gold) + 1 if gold else 0,
            history=exchange.history,
            source=exchange.source,
            group=exchange.customer_id,
            channel=exchange.channel,
        )


def _lead_in(sentence: str) -> bool:
    """Whether the first sentence can go: it is about the agent, or says hardly anything."""
    if SURROGATE.search(sentence) or _ABOUT_AGENT.search(sentence):
        return True
    short = len(set(terms(sentence))) <= FEW and not re.search(r"\d", sentence)
    return short and not _ANSWERS.search(sentence)


def _told(exchange: Exchange) -> Passage:
    """The agent's earlier answers as if they were a passage."""
    said = " ".join(m.content for m in exchange.history if m.role == "assistant")
    return Passage("history", "history", "", "", said, "", exchange.language)
