"""Give an exchange the passages that a live turn would have, and check that one carries the answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from chatbot.privacy.spans import SURROGATE
from chatbot.turn.evidence import check_sentence
from chatbot.turn.message import Message
from chatbot.turn.prompt import PASSAGES
from chatbot.turn.search import WIDTHS, Searcher, Withheld, search, widen
from finetune.dataset.example import Dropped, Example
from finetune.dataset.exchanges import Exchange
from finetune.dataset.support import REASONS, carried
from retrieval.articles.passage import Passage
from retrieval.languages.text import terms

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


class Knowledge(Searcher, Protocol):
    """What a data set needs of an index."""

    @property
    def passages(self) -> list[Passage]: ...

    @property
    def version(self) -> str: ...


class Grounder:
    """Turns exchanges into examples with passages of one index."""

    def __init__(self, index: Knowledge) -> None:
        self._index = index
        self._known: dict[tuple[str, tuple[Message, ...], str], list[Passage]] = {}

    def ground(self, exchange: Exchange) -> Example | Dropped:
        """The example, unless no passage carries the answer. An honest "I do not know" needs none."""
        found = self._found(exchange)
        if len(found) < PASSAGES:
            return Dropped("too few passages")
        if exchange.silent:
            return self._example(exchange, found[:PASSAGES], "", None)
        carrier = self._carrier(exchange, found)
        if isinstance(carrier, Dropped):
            return carrier
        gold, kept = carrier.passage, [part for part in carrier.parts if part]
        if not carrier.parts[0] and (not _lead_in(exchange.sentences[0]) or _LEANS.search(kept[0])):
            return Dropped("the answer's beginning is not supported")
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
        """The passages of a live turn that does not know this very question, and those that come next."""
        asked = exchange.question, exchange.history, exchange.language
        if asked not in self._known:
            found = search(self._index, *asked, count=POOL, withheld=Withheld(itself=True))
            self._known[asked] = [source.passage for source in found.sources]
        return self._known[asked]

    def _carrier(self, exchange: Exchange, found: Sequence[Passage]) -> _Carrier | Dropped:
        """The passage that carries most of the answer."""
        best: _Carrier | None = None
        most = 0.0
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
            if score > most:
                best, most = _Carrier(passage, parts), score
        if best:
            return best
        reason = next((r for r in ("figures", "polarity", "names") if reasons[r]), "words")
        return Dropped(REASONS[reason], doubtful=reason != "words")

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


@dataclass(frozen=True, slots=True)
class _Carrier:
    """A passage, and what it carries of each sentence of the answer: "" where nothing."""

    passage: Passage
    parts: list[str]


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
