"""Sources: one an article, widened to what stands around, in the customer's language where there is one."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chatbot.turn.search import WIDTHS, Withheld, search, sections, widen
from retrieval.articles.passage import Passage
from retrieval.articles.split import size
from retrieval.search.earlier import Earlier
from retrieval.search.hits import Hit
from retrieval.search.past_questions import PastQuestion, Precedent


def passage(article: str, n: int, text: str, heading: str = "", language: str = "en") -> Passage:
    return Passage(f"{article}#{n}", article, article.title(), heading, text, "", language)


class Shelf:
    """Articles whose passages are found in the order given, and past questions with what answered them."""

    def __init__(self, *found: Passage, asked: dict[str, str] | None = None, cosine: float = 0.95) -> None:
        self.found = found
        self.asked = asked or {}
        self.cosine = cosine

    def search(
        self, query: str, k: int = 5, language: str | None = None, *, earlier: Sequence[Earlier] = ()
    ) -> list[Hit]:
        return [Hit(p, 1.0 - n / 100, 0.5, 1.0, 0.5) for n, p in enumerate(self.found)][:k]

    def article(self, name: str) -> list[Passage]:
        return sorted((p for p in self.found if p.article == name), key=lambda p: p.id)

    def precedents(self, question: str, leave_out: str = "") -> list[Precedent]:
        pasts = [PastQuestion(asked, article) for asked, article in self.asked.items() if asked != leave_out]
        return [Precedent(past, self.cosine) for past in pasts]


def found(shelf: Shelf, language: str = "en", count: int = 3, withheld: Withheld | None = None) -> list[str]:
    """The articles of the sources to a question."""
    retrieved = search(shelf, "Lamp?", [], language, count=count, withheld=withheld or Withheld())
    return [source.passage.article for source in retrieved.sources]


def test_one_source_an_article() -> None:
    shelf = Shelf(
        passage("refunds", 1, "One."), passage("refunds", 0, "Zero."), passage("shipping", 0, "Ship.")
    )
    sources = search(shelf, "?", [], "en").sources
    assert [s.passage.article for s in sources] == ["refunds", "shipping"]
    assert sources[0].passage.text == "Zero.\nOne."


def test_another_language_only_when_it_is_best() -> None:
    english, chinese = passage("a", 0, "Text."), passage("b", 0, "文字。", language="zh")
    assert found(Shelf(english, chinese)) == ["a"]
    assert found(Shelf(english, chinese), "zh") == ["a", "b"]


def test_more_sources_begin_with_those_of_a_live_turn() -> None:
    """A wider search finds more passages of an article, which must not change what the model reads of it."""
    long = [passage("long", n, f"Part {n} " + "word " * 70, f"H{n}") for n in range(6)]
    short = [passage(f"short{n}", 0, f"Short {n}.") for n in range(4)]
    shelf = Shelf(*long[:3], *short, *(passage(f"x{n}", 0, "Fill.") for n in range(5)), *reversed(long[3:]))
    live = search(shelf, "Lamp?", [], "en").sources
    pool = search(shelf, "Lamp?", [], "en", count=8).sources
    assert len(pool) == 8
    assert pool[:3] == live
    assert len({source.passage.article for source in pool}) == 8


def test_what_is_withheld_is_found_in_no_way() -> None:
    long, short = [passage("long", n, f"Part {n}.") for n in range(14)], passage("short", 0, "Short.")
    assert found(Shelf(*long, short)) == ["long"]
    assert found(Shelf(*long, short), withheld=Withheld(frozenset({"long"}))) == ["short"]
    shelf = Shelf(*long, short, asked={"Lamp?": "long", "Lamps?": "long", "Desk?": "short"})
    assert search(shelf, "Lamp?", [], "en", withheld=Withheld(frozenset({"long"}))).near == {"short": 0.95}
    retrieved = search(shelf, "Lamp?", [], "en", withheld=Withheld(itself=True))
    assert [one.past.question for one in retrieved.precedents] == ["Lamps?", "Desk?"]


@given(st.lists(st.integers(1, 200), min_size=1, max_size=8), st.data())
def test_widening_keeps_the_passage_the_order_and_the_bound(lengths: list[int], data: st.DataObject) -> None:
    article = [
        passage("a", n, f"start{n} " + ("word " * length).strip(), f"H{n}")
        for n, length in enumerate(lengths)
    ]
    found = data.draw(st.sampled_from(article))
    wide = widen([found], article, WIDTHS[0])
    kept = [p for p in article if p.text in wide.text]
    assert found in kept
    assert [p.text for p in kept] == [text for _, text in sections(wide.text)]
    assert len(kept) == 1 or sum(size(p.text) for p in kept) <= WIDTHS[0]


def test_an_article_that_answered_the_same_question_before_moves_up() -> None:
    shelf = Shelf(
        passage("refunds", 0, "One."), passage("shipping", 0, "Ship."), asked={"Lamps?": "shipping"}
    )
    sources = search(shelf, "Lamp?", [], "en").sources
    assert [s.passage.article for s in sources] == ["shipping", "refunds"]
    assert sources[0].asked == 0.95


def test_sections_are_found_again() -> None:
    article = [passage("a", 0, "Intro."), passage("a", 1, "Body.", "Cost"), passage("a", 2, "More.", "Cost")]
    assert sections(widen(article[:1], article, WIDTHS[0]).text) == [("", "Intro."), ("Cost", "Body.\nMore.")]
