"""From a question and what was said before to its sources: the one way for turns, training and measurements.

Small passages are found best, but an answer often needs the section next to the one that matched. So the
search runs over passages and the model reads more of their articles: much of the first, the core of the
others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from chatbot.turn.message import Message
from chatbot.turn.prompt import PASSAGES
from chatbot.turn.query import said_earlier, search_query
from retrieval.articles.passage import Passage
from retrieval.articles.split import LIMIT, size
from retrieval.search.earlier import Earlier
from retrieval.search.filters import CUSTOMER
from retrieval.search.hits import Hit
from retrieval.search.past_questions import Precedent, by_article

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
    """What a search needs of an index."""

    def search(
        self, query: str, k: int = 5, language: str | None = None, *, earlier: Sequence[Earlier] = ()
    ) -> list[Hit]: ...

    def article(self, name: str) -> list[Passage]: ...

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]: ...


@dataclass(frozen=True, slots=True)
class Withheld:
    """What a search may not use, so that a question whose answer is known can be judged.

    `articles` are not found, and neither are past questions that they answered; with `itself`, the past
    question that is this one does not count.
    """

    articles: frozenset[str] = frozenset()
    itself: bool = False


NOTHING = Withheld()


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was found for a question; `query` is the question in full.

    `near` are the articles that answered the nearest past questions, `precedents`, with their cosines; ""
    stands for those that nobody could answer.
    """

    query: str = ""
    sources: Sequence[Hit] = ()
    near: Mapping[str, float] = field(default_factory=dict)
    precedents: Sequence[Precedent] = ()


def search(
    index: Searcher,
    question: str,
    history: Sequence[Message],
    language: str,
    *,
    count: int = PASSAGES,
    withheld: Withheld = NOTHING,
) -> Retrieved:
    """At most `count` sources, one an article, best first, and the past questions that are like this one.

    The first PASSAGES are those of a live turn, however many are asked for. Passages in another language are
    left out, unless the best one of all is: then the knowledge base has no article on this in the customer's
    language.
    """
    query = search_query(history, question)
    precedents = [
        precedent
        for precedent in index.precedents(query, leave_out=query if withheld.itself else "")
        if precedent.past.article not in withheld.articles
    ]
    near = by_article(precedents)
    asked = _Asked(index, question, said_earlier(history, question), language, near, withheld.articles)
    best = asked.articles(PASSAGES)[:count]
    if count > PASSAGES:
        first = {known[0].passage.article for known in best}
        wider = asked.articles(count)
        best += [known for known in wider if known[0].passage.article not in first][: count - len(best)]
    return Retrieved(
        query, [_source(known, index, rank) for rank, known in enumerate(best)], near, precedents
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question with all that ranks articles for it."""

    index: Searcher
    question: str
    earlier: Sequence[Earlier]
    language: str
    near: Mapping[str, float]
    hidden: frozenset[str]

    def articles(self, count: int) -> list[list[Hit]]:
        """The passages found of each article, those of the best first; enough for `count` articles."""
        hits = self._hits(PASSAGES_AN_ARTICLE * count)
        foreign = bool(hits) and hits[0].passage.language != self.language
        found: dict[str, list[Hit]] = {}
        for hit in hits:
            if foreign or hit.passage.language == self.language:
                found.setdefault(hit.passage.article, []).append(hit)
        for article, cosine in self.near.items():
            passages = [p for p in self.index.article(article) if not CUSTOMER.against(p)]
            if passages and (foreign or passages[0].language == self.language):
                known = found.setdefault(article, [Hit(passages[0], UNFOUND, 0.0, 0.0, 0.0)])
                bonus = ASKED_WEIGHT * max(0.0, cosine - CHANCE)
                known[0] = replace(known[0], score=known[0].score + bonus, asked=cosine)
        return sorted(found.values(), key=lambda known: -known[0].score)

    def _hits(self, count: int) -> list[Hit]:
        most = count + PASSAGES_AN_ARTICLE * len(self.hidden)
        hits = self.index.search(self.question, most, self.language, earlier=self.earlier)
        shown = [hit for hit in hits if hit.passage.article not in self.hidden]
        return [hit for hit in shown[:count] if not CUSTOMER.against(hit.passage)]  # whatever an index gives


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
