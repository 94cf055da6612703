"""The sources of an answer: the best articles, each widened from the passages found to what stands around.

Small passages are found best, but an answer often needs the section next to the one that matched. So the
search runs over passages and the model reads more of their articles: much of the first, the core of the
others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from chatbot.turn.prompt import PASSAGES
from retrieval.articles.passage import Passage
from retrieval.articles.split import LIMIT, size
from retrieval.search.earlier import Earlier
from retrieval.search.filters import CUSTOMER
from retrieval.search.hits import Hit

PASSAGES_AN_ARTICLE = 4  # looked at for each source, since several of one article may match
WIDTHS = (4 * LIMIT // 5, LIMIT // 2)  # of the first source (some 130 English words), and of each other
SECTION = "## "
# What past questions add: their cosine above CHANCE, weighted, on top of the search's own score. With the
# sample logs the right article comes first for 48 instead of 47 of the 60 answerable sample questions, and,
# before tags were searched, for 73 % instead of 64 % of the questions in the logs, each judged by the others.
ASKED_WEIGHT = 0.4
CHANCE = 0.4
UNFOUND = 0.15  # score of an article that only a past question leads to


class Searcher(Protocol):
    """What this needs of an index."""

    def search(
        self, query: str, k: int = 5, language: str | None = None, *, earlier: Sequence[Earlier] = ()
    ) -> list[Hit]: ...

    def article(self, name: str) -> list[Passage]: ...


def find_sources(
    index: Searcher,
    query: str,
    language: str,
    near: Mapping[str, float],
    count: int = PASSAGES,
    earlier: Sequence[Earlier] = (),
) -> list[Hit]:
    """At most `count` hits, one an article, best first; their passages are widened.

    `near` are the articles that answered the nearest past questions, with their cosines; `earlier` is what
    was said before. Passages in another language are left out, unless the best one of all is: then the
    knowledge base has no article on this in the customer's language.
    """
    hits = index.search(query, PASSAGES_AN_ARTICLE * max(count, PASSAGES), language, earlier=earlier)
    hits = [hit for hit in hits if not CUSTOMER.against(hit.passage)]  # whatever an index hands out
    foreign = bool(hits) and hits[0].passage.language != language
    found: dict[str, list[Hit]] = {}
    for hit in hits:
        if foreign or hit.passage.language == language:
            found.setdefault(hit.passage.article, []).append(hit)
    for article, cosine in near.items():
        passages = [p for p in index.article(article) if not CUSTOMER.against(p)]
        if passages and (foreign or passages[0].language == language):
            known = found.setdefault(article, [Hit(passages[0], UNFOUND, 0.0, 0.0, 0.0)])
            bonus = ASKED_WEIGHT * max(0.0, cosine - CHANCE)
            known[0] = replace(known[0], score=known[0].score + bonus, asked=cosine)
    best = sorted(found.values(), key=lambda known: -known[0].score)[:count]
    return [_source(known, index, rank) for rank, known in enumerate(best)]


def _source(known: Sequence[Hit], index: Searcher, rank: int) -> Hit:
    first = known[0].passage
    wide = widen([hit.passage for hit in known], index.article(first.article), WIDTHS[min(rank, 1)])
    return replace(known[0], passage=wide)


def widen(found: Sequence[Passage], article: Sequence[Passage], width: int) -> Passage:
    """One passage of the best found, the article's beginning and what stands around, as long as it fits.

    `found` is best first; the result keeps the article's order; each section begins with a line "## heading".
    """
    places = {passage.id: i for i, passage in enumerate(article)}
    if found[0].id not in places:
        return found[0]
    seeds = [places[passage.id] for passage in found if passage.id in places]
    around = sorted(range(len(article)), key=lambda i: (abs(i - seeds[0]), -i))
    kept: set[int] = set()
    room = width
    for i in [seeds[0], 0, *seeds[1:], *around]:
        if i not in kept and (not kept or size(article[i].text) <= room):
            kept.add(i)
            room -= size(article[i].text)
    text = "\n".join(_section(article, i, i - 1 in kept) for i in sorted(kept))
    return replace(found[0], heading="", text=text)


def sections(text: str) -> list[tuple[str, str]]:
    """(heading, text) of each section of a widened passage; of a plain one, its text under ""."""
    found: list[tuple[str, list[str]]] = [("", [])]
    for line in text.split("\n"):
        if line.startswith(SECTION):
            found.append((line.removeprefix(SECTION), []))
        else:
            found[-1][1].append(line)
    return [(heading, "\n".join(lines).strip()) for heading, lines in found if "\n".join(lines).strip()]


def _section(article: Sequence[Passage], i: int, follows: bool) -> str:
    """The passage under its heading, which is not repeated when the passage before it has the same."""
    passage = article[i]
    if not passage.heading or (follows and article[i - 1].heading == passage.heading):
        return passage.text
    return f"{SECTION}{passage.heading}\n{passage.text}"
