"""Held-out examples as cases of a live turn: what is asked, what is right, and what must not be found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

from chatbot.turn.evidence import check_sentence
from chatbot.turn.message import Message
from chatbot.turn.prompt import CITATION
from chatbot.turn.search import Searcher, Withheld, search
from chatbot.turn.sentences import split_sentences
from finetune.dataset.example import TWIN, Example
from retrieval.articles.passage import Passage

POOL = 8  # sources looked at for others that answer a question whose own article is hidden


@dataclass(frozen=True, slots=True)
class Case:
    """`reference` is the agent's answer; without `gold`, the right answer is that there is none.

    `hidden` are articles that the search must not find, because they would answer after all.
    """

    id: str
    language: str
    topic: str
    channel: str
    question: str
    history: tuple[Message, ...]
    reference: str
    gold: Passage | None
    hidden: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The same for the same request, whatever data set it comes from."""
        asked = [self.question, [asdict(m) for m in self.history], self.language, self.hidden]
        return hashlib.sha256(json.dumps(asked, ensure_ascii=False).encode()).hexdigest()[:16]


def cases(examples: Sequence[Example], index: Searcher) -> list[Case]:
    """One case an example, in the same order."""
    originals = {example.id: example for example in examples if example.gold}
    return [_case(example, originals.get(example.id.removesuffix(TWIN)), index) for example in examples]


def topic_of(passage: Passage) -> str:
    """What an article is about: the folder it lies in, else its first tag; "" when neither is there."""
    folders = [name for name in passage.article.split("/")[:-1] if name not in ("en", "zh")]
    return folders[-1] if folders else next(iter(passage.tags), "")


def _case(example: Example, original: Example | None, index: Searcher) -> Case:
    gold = example.passages[example.gold - 1] if example.gold else None
    hidden: tuple[str, ...] = ()
    if not gold and original:
        hidden = tuple(sorted(_answering(original, index)))
    about = gold or (original.passages[original.gold - 1] if original else None)
    return Case(
        example.id,
        example.language,
        topic_of(about) if about else "",
        example.channel,
        example.question,
        example.history,
        CITATION.sub("", example.target),
        gold,
        hidden,
    )


def _answering(example: Example, index: Searcher) -> set[str]:
    """The articles in which the answer stands: that of the example, and those found that say the same."""
    gold = example.passages[example.gold - 1]
    retrieved = search(
        index, example.question, example.history, example.language, count=POOL, withheld=Withheld(itself=True)
    )
    found = [source.passage for source in retrieved.sources]
    sentences = split_sentences(example.answer)
    return {gold.article} | {p.article for p in found if p.url == gold.url != "" or _says(p, sentences)}


def _says(passage: Passage, sentences: Iterable[str]) -> bool:
    return any(check_sentence(sentence, [passage], "").number for sentence in sentences)
