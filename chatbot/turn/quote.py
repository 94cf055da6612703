"""Rank the sentences of the sources by how well they answer: an answer falls back on them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chatbot.turn.polarity import alone
from chatbot.turn.search import CHANCE, sections
from retrieval.articles.blocks import blocks
from retrieval.articles.split import sentences
from retrieval.languages.text import terms
from retrieval.search.hits import Hit
from retrieval.search.past_questions import Precedent

if TYPE_CHECKING:
    import numpy as np

# Added to the cosine of question and sentence, beside what agents answered to like questions; chosen on the
# sample questions, where the best two sentences hold the wanted facts for 78 % of the questions and the best
# three for 85 %.
WORDS = 0.2  # for the share of the question's words
FIGURE = 0.1  # for a sentence with a figure: support questions mostly ask how long, how much, how many
LEAD = 0.2  # for the first sentence of a source: articles begin with what is asked most
SOURCE = 1.0  # times the score of the source it stands in
TOLD = 0.4  # taken off a sentence that an earlier answer has said: a follow-up asks for something else
DRAFT = 0.4  # for a sentence like one that the model wrote, the question's own words aside
SAID = 0.6  # share of a sentence's words after which it counts as said
_MARKUP = re.compile(
    r"^(?:[-*+•]\s+|\d+[.)、]\s*|\|\s*)|\*\*|(?<!\w)\*(?=\w)|(?<=[\w:：,，.。!！])\*(?!\w)|\|\s*$"
)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A sentence of source `number` (from 1), word for word; a higher score answers better."""

    number: int
    text: str
    score: float


def rank_sentences(
    question: str,
    sources: Sequence[Hit],
    precedents: Sequence[Precedent],
    likeness: Callable[[str, Sequence[str]], "np.ndarray"],
    earlier: Sequence[str] = (),
) -> list[Ranked]:
    """All sentences of the sources, best first; tables and headings are left out.

    `earlier` are the answers given before in the conversation.
    """
    found = [
        (number, heading, clean)
        for number, source in enumerate(sources, start=1)
        for heading, text in sections(source.passage.text)
        for block in blocks(text)
        if block.kind == "text"
        for line in block.text.split("\n")
        for sentence in sentences(line)
        if len(clean := _MARKUP.sub("", sentence.strip())) > 8
    ]
    if not found:
        return []
    cosines = likeness(question, [text for _, _, text in found])
    asked = set(terms(question))
    told = [(p.cosine - CHANCE, set(terms(p.past.answer))) for p in precedents if p.cosine > CHANCE]
    ranked: list[Ranked] = []
    opened: set[int] = set()
    answered = [set(terms(answer)) for answer in earlier]
    for (number, heading, text), cosine in zip(found, cosines, strict=True):
        own = set(terms(text))
        shared = len(asked & set(terms(f"{heading} {text}"))) / max(1, len(asked))
        figure = FIGURE * bool(re.search(r"\d", text))
        score = float(cosine) + WORDS * shared + figure + SOURCE * sources[number - 1].score
        score += LEAD * (number not in opened)
        opened.add(number)
        score += max((nearness * _alike(words, own) for nearness, words in told), default=0.0)
        score -= TOLD * any(_covers(words, own) for words in answered)
        passage = sources[number - 1].passage
        stands = alone(text, heading or passage.heading or passage.title, question)
        ranked.append(Ranked(number, stands, score))
    return sorted(ranked, key=lambda sentence: -sentence.score)


def nearer_to(draft: Sequence[str], question: str, ranked: Sequence[Ranked]) -> list[Ranked]:
    """The sentences again, those first that a model's own sentences are like.

    A small model's sentence may be wrong in its words and still show which passage answers.
    """
    asked = set(terms(question))
    drafted = [set(terms(sentence)) - asked for sentence in draft]

    def score(one: Ranked) -> float:
        words = set(terms(one.text)) - asked
        return one.score + DRAFT * max((_alike(words, others) for others in drafted), default=0.0)

    return sorted((replace(one, score=score(one)) for one in ranked), key=lambda one: -one.score)


def says(text: str, sentence: str) -> bool:
    """Whether a text already says most of a sentence."""
    return _covers(set(terms(text)), set(terms(sentence)))


def _covers(words: set[str], own: set[str]) -> bool:
    return not own or len(own & words) / len(own) >= SAID


def _alike(words: set[str], others: set[str]) -> float:
    """Cosine of two sets of words, 0..1."""
    return len(words & others) / (len(words) * len(others)) ** 0.5 if words and others else 0.0
