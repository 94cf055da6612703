"""The sources of an answer: the best articles, each widened from the passage that was found to what stands around it.

Small passages are found best, but an answer often needs the section next to the one that matched. So the search
runs over passages, and the model reads the article around the best one: on the sample questions the three sources
hold the wanted fact for 57 of 60 questions, three plain passages for 50.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from chatbot.prompt import PASSAGES
from retrieval.passage import Hit, Passage
from retrieval.split import LIMIT, size

PASSAGES_AN_ARTICLE = 4  # looked at for each source, since several of one article may match
WIDE = 3 * LIMIT // 2  # 240 English words: a usual help article fits whole
SECTION = "## "


class Searcher(Protocol):
    """What this needs of an index."""

    def search(self, query: str, k: int = 5, language: str | None = None) -> list[Hit]: ...

    def article(self, name: str) -> list[Passage]: ...


def find_sources(index: Searcher, query: str, language: str, count: int = PASSAGES) -> list[Hit]:
    """At most `count` hits, one an article, best first; their passages are widened.

    Passages in another language are left out, unless the best one of all is: then the knowledge base has no
    article on this in the customer's language.
    """
    hits = index.search(query, PASSAGES_AN_ARTICLE * count, language)
    foreign = bool(hits) and hits[0].passage.language != language
    best: dict[str, Hit] = {}
    for hit in hits:
        if foreign or hit.passage.language == language:
            best.setdefault(hit.passage.article, hit)
    return [
        replace(hit, passage=widen(hit.passage, index.article(hit.passage.article)))
        for hit in list(best.values())[:count]
    ]


def widen(passage: Passage, article: Sequence[Passage]) -> Passage:
    """The passage with its neighbours, as many as fit; each section begins with a line "## heading"."""
    place = next((i for i, p in enumerate(article) if p.id == passage.id), None)
    if place is None:
        return passage
    first, last = place, place
    total = size(passage.text)
    grown = True
    while grown:
        grown = False
        for i in (last + 1, first - 1):
            if 0 <= i < len(article) and total + size(article[i].text) <= WIDE:
                total += size(article[i].text)
                first, last = min(first, i), max(last, i)
                grown = True
    return replace(passage, heading="", text="\n".join(_section(article, i, first) for i in range(first, last + 1)))


def sections(text: str) -> list[tuple[str, str]]:
    """(heading, text) of each section of a widened passage; of a plain one, its text under ""."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.split("\n"):
        if line.startswith(SECTION):
            found.append((line.removeprefix(SECTION), []))
        else:
            found[-1][1].append(line)
    return [(heading, "\n".join(lines).strip()) for heading, lines in found if "\n".join(lines).strip()]


def _section(article: Sequence[Passage], i: int, first: int) -> str:
    passage = article[i]
    repeats = i > first and article[i - 1].heading == passage.heading
    return passage.text if repeats or not passage.heading else f"{SECTION}{passage.heading}\n{passage.text}"
