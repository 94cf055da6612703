"""Rank the sentences of the sources by how well they answer: an answer falls back on them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chatbot.sources import CHANCE, sections
from retrieval.asked import Precedent
from retrieval.passage import Hit
from retrieval.split import sentences
from retrieval.text import terms

if TYPE_CHECKING:
    import numpy as np

# Added to the cosine of question and sentence, beside what agents answered to like questions; chosen on the
# sample questions, where the best two sentences hold the wanted facts for 70 % of the questions and the best
# three for 78 %.
WORDS = 0.2  # for the share of the question's words
FIGURE = 0.1  # for a sentence with a figure: support questions mostly ask how long, how much, how many
LEAD = 0.2  # for the first sentence of a source: articles begin with what is asked most
SOURCE = 1.0  # times the score of the source it stands in
_MARKUP = re.compile(r"^(?:[-*+•]|\d+[.)、]|\|)\s*|\*\*|\|\s*$")


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
) -> list[Ranked]:
    """All sentences of the sources, best first; tables and headings are left out."""
    found = [
        (number, heading, clean)
        for number, source in enumerate(sources, start=1)
        for heading, text in sections(source.passage.text)
        for line in text.split("\n")
        if not line.startswith("|")
        for sentence in sentences(line)
        if len(clean := _MARKUP.sub("", sentence.strip())) > 8
    ]
    if not found:
        return []
    cosines = likeness(question, [text for _, _, text in found])
    asked = set(terms(question))
    told = [(p.cosine - CHANCE, set(terms(p.pair.answer))) for p in precedents if p.cosine > CHANCE]
    ranked: list[Ranked] = []
    opened: set[int] = set()
    for (number, heading, text), cosine in zip(found, cosines, strict=True):
        shared = len(asked & set(terms(f"{heading} {text}"))) / max(1, len(asked))
        figure = FIGURE * bool(re.search(r"\d", text))
        score = float(cosine) + WORDS * shared + figure + SOURCE * sources[number - 1].score
        score += LEAD * (number not in opened)
        opened.add(number)
        score += max((nearness * _alike(words, set(terms(text))) for nearness, words in told), default=0.0)
        ranked.append(Ranked(number, text, score))
    return sorted(ranked, key=lambda sentence: -sentence.score)


def _alike(words: set[str], others: set[str]) -> float:
    """Cosine of two sets of words, 0..1."""
    return len(words & others) / (len(words) * len(others)) ** 0.5 if words and others else 0.0
